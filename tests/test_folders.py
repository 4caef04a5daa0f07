"""Folders, globs, and nothing at all, instead of files of suites."""

from __future__ import annotations

from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD

from harness.folders import NoSuiteError, files, is_suite


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with suites in `suites` and one elsewhere, and other TOML files among them."""
    for name in ("suites/b.toml", "suites/a.toml", "suites/deep/no.toml", "more/c.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "suites/pyproject.toml").write_text("[tool.ruff]\n")
    (tmp_path / "suites/folder.toml").mkdir()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ([], ["suites/a.toml", "suites/b.toml"]),
        (["suites"], ["suites/a.toml", "suites/b.toml"]),
        (["suites/", "more/c.toml::same"], ["suites/a.toml", "suites/b.toml", "more/c.toml::same"]),
        (["*/c.toml"], ["more/c.toml"]),
        (["*/*.toml"], ["more/c.toml", "suites/a.toml", "suites/b.toml"]),
        (["m*"], ["more/c.toml"]),
        (["more", "more"], ["more/c.toml"]),
        (["none.toml", "suites/pyproject.toml"], ["none.toml", "suites/pyproject.toml"]),  # for `load` to say
        (["a.toml::same[size=*]"], ["a.toml::same[size=*]"]),
    ],
)
def test_folders_and_globs_stand_for_their_suites(here: Path, targets: list[str], found: list[str]) -> None:
    assert files(targets) == found


def test_an_absolute_glob(here: Path) -> None:
    assert files([f"{here}/more/*.toml"]) == [str(here / "more/c.toml")]


def test_a_name_with_the_letters_of_globs_is_a_name_where_it_exists(here: Path) -> None:
    (here / "[ab].toml").write_text(GOOD)
    assert files(["[ab].toml"]) == ["[ab].toml"]


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["empty"], "empty: expected suites .* in the folder, found no TOML file"),
        (["suite*/p*.toml"], r"expected suites that match 'suite\*/p\*.toml' in .*, found none"),
        (["suites::same"], "expected FILE.toml::ID, found 'suites::same': suites is not one file"),
        (["nothing/*.toml"], "found none"),
    ],
)
def test_what_has_no_suite_is_refused(here: Path, targets: list[str], said: str) -> None:
    with pytest.raises(NoSuiteError, match=said):
        files(targets)


def test_a_folder_of_other_toml_files_says_so(here: Path) -> None:
    (here / "empty/pyproject.toml").write_text("[tool.ruff]\n")
    with pytest.raises(NoSuiteError, match="found 1 TOML files without one"):
        files(["empty"])


def test_without_a_word_and_without_suites_the_ways_to_name_one_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoSuiteError, match=r"FILE\.toml::ID .* a folder of suites, .* no folder suites/"):
        files([])


def test_a_broken_file_is_no_reason_to_pass_over_a_suite(tmp_path: Path) -> None:
    """Whoever runs a folder must hear of the suite in it that cannot be read."""
    path = tmp_path / "x.toml"
    for text in ("[suite\n", "= 1", edited(GOOD, {"[suite]": "[suit]"})):
        path.write_text(text)
        assert is_suite(path), text
    path.write_bytes(b"\xff")
    assert is_suite(path)
