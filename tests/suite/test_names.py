"""What suites are called, and what is said of two of one name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD

from harness.suite import SelectionError, SuiteError, load
from harness.suite.names import name_in, namesakes, other_name
from harness.targets import gather

Write = Callable[..., Path]


def named(name: str) -> str:
    return edited(GOOD, {'title = "Toys"': f'title = "Toys"\nname = "{name}"'})


def test_the_name_that_a_suite_states_begins_its_ids_whatever_its_file_is_called(write: Write) -> None:
    suite = load(write(named("toys-2"), "Some File.toml"))
    assert suite.name == "toys-2"
    assert suite.instances[0].id == "toys-2/same[shift=0,size=1]"
    assert load(write(GOOD)).name == "toys"


@pytest.mark.parametrize("name", ["A", "", "a/b", "..", "a b", "a" * 101, "a\\n"])
def test_a_name_is_of_the_letters_of_ids(write: Write, name: str) -> None:
    with pytest.raises(SuiteError, match=r"toys\.toml:4:1: suite\.name: expected a name of a-z, 0-9 and -"):
        load(write(named(name)))


def test_a_file_whose_name_is_none_may_state_one_and_is_told_so(write: Write) -> None:
    with pytest.raises(SuiteError, match=r"expected a file name of a-z, .* or such a `name` under \[suite\]"):
        load(write(GOOD, "Toys.toml"))


def test_two_suites_of_one_name_are_refused_with_both_paths_and_the_line_to_add(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(GOOD, "a/toys.toml")
    write("# a comment\n\n" + GOOD, "b/toys.toml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SelectionError) as found:
        gather(["./a/toys.toml", "b/toys.toml"])
    for said in ("a/toys.toml and b/toys.toml", '`name = "b-toys"` under [suite] (b/toys.toml:3)'):
        assert said in str(found.value)
    write(named("b-toys"), "b/toys.toml")
    assert [chosen.suite.name for chosen in gather(["a/toys.toml", "b/toys.toml"])] == ["toys", "b-toys"]
    write(named("b-toys"), "a/toys.toml")
    with pytest.raises(SelectionError, match=r'b-b-toys"` under \[suite\] \(b/toys.toml:4\)'):
        gather(["a", "b"])


def test_the_same_file_typed_in_two_ways_is_one_suite(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(GOOD)
    monkeypatch.chdir(tmp_path)
    assert len(gather(["toys.toml", "./toys.toml", str(tmp_path / "toys.toml")])) == 1


def test_a_name_is_made_of_the_folders(tmp_path: Path) -> None:
    assert other_name("toys", "Some Folder/toys.toml") == "some-folder-toys"
    assert other_name("toys", "toys.toml") == "toys-2"
    assert 'name = "sub-toys"` under [suite] (sub/toys.toml:1)' in namesakes(
        "toys", "sub/toys.toml", "toys.toml", root=tmp_path
    )


def test_the_name_in_a_file_is_read_without_trust(write: Write, tmp_path: Path) -> None:
    assert name_in(write(named("x"))) == "x"
    assert name_in(write(named("../x"))) == "toys"
    for text in ("[tool]\na = 1\n", "= 1", "suite = 3\nx = ["):
        assert name_in(write(text)) is None
    assert name_in(tmp_path) is None
    assert name_in(tmp_path / "nothing.toml") is None
    assert name_in(write(GOOD, "toys.json")) is None
