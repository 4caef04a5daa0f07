"""Formats: one of version 0.1 is read where it still means the same, and else told what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from edits import edited
from toy_data import SUITE

from harness.cli import cli
from harness.errors import UserError
from harness.suite import SuiteError, load
from harness.suite.formats import CHANGES, FORMAT, format_advice

ROOT = Path(__file__).parents[2]

BUNDLED = edited(SUITE, {"toy_data:on_data": "ntk.initialisation", "size.error": "ntk.distance"})


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Path]:
    def write(parameters: str = "", sweep: str = "", format_: int = 1, text: str = BUNDLED) -> Path:
        path = tmp_path / "old.toml"
        filled = text.format(parameters=parameters, sweep=sweep).lstrip()
        assert "format = 2" in filled
        path.write_text(edited(filled, {"format = 2": f"format = {format_}"}))
        return path

    return write


def lines(path: Path, **how: Any) -> list[int]:
    """The lines that `load` says to change."""
    try:
        load(path, **how)
    except SuiteError as error:
        found = error.mistakes
    else:
        return []
    assert all("in a suite of format 1" in mistake.found for mistake in found)
    return [mistake.line for mistake in found]


WITH, SWEEP = 6, 7  # lines of SUITE
OWN = '"toy_data:cosine"'


@pytest.mark.parametrize(
    ("parameters", "sweep", "expected"),
    [
        ("", "", []),
        ('data = "digits"', "", []),
        (f"data = {OWN}", "", [WITH]),
        (f'data = {OWN}, preprocess = "sphere", targets = "standardise"', "", []),
        (f'data = {OWN}, preprocess = "none"', "", [WITH]),
        (f'data = {OWN}, targets = "none"', 'sweep.preprocess = ["none", "sphere"]', []),
        ("", f'sweep.data = [\n "digits",\n {OWN},\n "a:f" ]', [SWEEP + 2, SWEEP + 3]),
        (
            "",
            f'sweep.set.a = {{ data = {OWN} }}\nsweep.set.b = {{ data = "digits" }}\n'
            f'sweep.set.c = {{ data = {OWN}, preprocess = "sphere", targets = "none" }}',
            [SWEEP],
        ),
    ],
)
def test_lines_that_mean_something_else_now(
    suite: Any, parameters: str, sweep: str, expected: list[int]
) -> None:
    assert lines(suite(parameters, sweep)) == expected
    assert lines(suite(parameters, sweep, format_=2)) == []


def test_what_is_said_of_a_line(suite: Any) -> None:
    with pytest.raises(SuiteError) as caught:
        load(suite(f"data = {OWN}"))
    said = str(caught.value)
    assert re.search(r"old\.toml:6:\d+: experiments\.x\.with\.data: expected ", said)
    for text in (
        '`preprocess = "sphere"`', '`targets = "standardise"`', "to keep what format 1 did",
        '`preprocess = "none"` and `targets = "none"`', "the default now", "`format = 2`",
        'found data = "toy_data:cosine" in a suite of format 1',
    ):  # fmt: skip
        assert text in said
    with pytest.raises(SuiteError) as caught:
        load(suite(f'data = {OWN}, preprocess = "none"'))
    assert "preprocess" not in str(caught.value)


def test_what_it_says_to_write_is_accepted(suite: Any) -> None:
    """Each suggestion, put into the file, gives a suite that loads."""
    with pytest.raises(SuiteError) as caught:
        load(suite(f"data = {OWN}"))
    keys = re.findall(r'`((?:preprocess|targets) = "\w+")`', str(caught.value).partition(", found")[0])
    old, new = [keys[0], keys[1]], keys[-2:]
    assert (old[0], new[0]) == ('preprocess = "sphere"', 'preprocess = "none"')
    for pair in (old, new):
        assert load(suite(f"data = {OWN}, {', '.join(pair)}", format_=2)).format == 2


def test_a_given_value_counts(suite: Any) -> None:
    path = suite('data = "digits"')
    assert lines(path, overrides={"data": "toy_data:cosine"}) == [0]
    both = {"data": "toy_data:cosine", "preprocess": "none", "targets": "none"}
    assert lines(path, overrides=both) == []
    assert lines(suite(f"data = {OWN}"), overrides={"data": "digits"}) == []


def test_an_experiment_of_the_users_is_looked_at_where_it_is_imported(suite: Any) -> None:
    path = suite(f"data = {OWN}", text=SUITE)
    assert lines(path) == []
    assert lines(path, imports=True) == [WITH]


@pytest.mark.parametrize("command", ["check", "plan", "run", "trial"])
def test_every_command_refuses_it(suite: Any, command: str, monkeypatch: Any, tmp_path: Path) -> None:
    """By the error that ends the command with 4, before anything is measured or written."""
    monkeypatch.chdir(tmp_path)
    path = suite(f"data = {OWN}")
    target = f"{path}::small" if command == "trial" else str(path)
    done = CliRunner().invoke(cli, [command, target])
    if command == "check":
        assert done.exit_code == 4
    else:
        assert isinstance(done.exception, UserError)
    assert "in a suite of format 1" in f"{done.exception}{done.output}"
    assert [item.name for item in tmp_path.iterdir()] == ["old.toml"]


def test_check_says_in_a_line_that_only_the_number_is_old(suite: Any) -> None:
    done = CliRunner().invoke(cli, ["check", str(suite('data = "digits"'))])
    assert done.exit_code == 0
    assert done.output.splitlines()[1:] == [f"{suite('')}: {format_advice(1)}"]
    assert "nothing in this suite changes" in format_advice(1)
    done = CliRunner().invoke(cli, ["check", str(suite('data = "digits"', format_=2))])
    assert len(done.output.splitlines()) == 1


def test_check_imports_and_takes_other_values(suite: Any) -> None:
    path = str(suite('data = "digits"', format_=2))
    done = CliRunner().invoke(cli, ["check", path, "--import", "--override", "data=toy_data:flat"])
    assert done.exit_code == 4
    assert "--override.data: expected inputs [points, features]" in done.output
    own = str(suite(f"data = {OWN}", format_=2))
    done = CliRunner().invoke(cli, ["check", own])
    assert "not imported, so not checked: toy_data:cosine" in done.output
    assert "not checked" not in CliRunner().invoke(cli, ["check", own, "--import"]).output


def test_changes_are_of_formats_that_are_read() -> None:
    assert CHANGES
    assert {change.since for change in CHANGES} <= set(range(2, FORMAT + 1))


def test_the_suites_of_this_repository_are_of_the_current_format() -> None:
    suites = sorted((ROOT / "suites").glob("*.toml"))
    assert suites
    assert {load(path).format for path in suites} == {FORMAT}
    examples = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    said = {path.name: re.findall(r"^format = (\d+)$", path.read_text(), re.MULTILINE) for path in examples}
    assert said["README.md"]
    assert {number for numbers in said.values() for number in numbers} == {str(FORMAT)}


OLD = ("derivation", "empirical-kernels", "issues", "kernels", "speed")
"""The suites that were of format 1 once; the others begin with format 2."""


@pytest.mark.parametrize("name", OLD)
def test_the_suites_of_this_project_mean_what_they_did(name: str, tmp_path: Path) -> None:
    """Were they of format 1, no line would have another meaning: what they left unsaid then, they say now."""
    path = ROOT / "suites" / f"{name}.toml"
    text = path.read_text()
    older = tmp_path / path.name
    older.write_text(edited(text, {"format = 2": "format = 1"}))
    assert older.read_text() != text
    assert load(older).format == 1


BUDGETS = """\
[suite]
format = 1
title = "Budgets"

[defaults]
seeds = 6

[experiments.pairs]
run = "toys:pair"
sweep = { size = [1, 2] }

[claims.looked-at]
says = "a is small"
experiment = "pairs"
expect = "open"
at-most = { of = "a.error", bound = 9 }
seeds = 9
[[claims.looked-at.where]]
at = { size = 2 }
seeds = 6

[claims.default]
says = "a is small"
experiment = "pairs"
expect = "open"
at-most = { of = "a.error", bound = 9 }

[claims.exact]
says = "a is small"
experiment = "pairs"
expect = "open"
exact = { of = "gap", atol = 9 }
seeds = 9
"""


def budget_mistakes(path: Path) -> dict[int, str]:
    """What `load` says of each line."""
    with pytest.raises(SuiteError) as caught:
        load(path, imports=True)
    found = {mistake.line: mistake.describe("f") for mistake in caught.value.mistakes}
    assert len(found) == len(caught.value.mistakes)  # each line once
    return found


@pytest.mark.parametrize("format_", [1, 2])
def test_budgets_that_are_looks_no_more_are_named_each_once_and_those_of_exact_are_not(
    tmp_path: Path, format_: int
) -> None:
    path = tmp_path / "old.toml"
    path.write_text(edited(BUDGETS, {"format = 1": f"format = {format_}"}))
    found = budget_mistakes(path)
    lines = [n for n, line in enumerate(BUDGETS.splitlines(), 1) if re.fullmatch("seeds = [69]", line)]
    assert list(found) == lines[:-1]
    assert found[lines[0]].startswith("f:6:1: defaults.seeds: expected ")
    for line, seeds in zip(lines[:-1], (6, 9, 6), strict=True):
        said = {
            1: f"`seeds = 14`, the first look now, or a later one; and `format = 2`, found `seeds = {seeds}`",
            2: f"one of 14, 21, 32, 48, 72, 108, 162, 243, found {seeds} (looks begin at 14 now: write that)",
        }
        assert said[format_] in found[line]
    mended = edited(re.sub(r"(?m)^seeds = [69]$", "seeds = 14", BUDGETS), {"format = 1": "format = 2"})
    path.write_text(mended)
    assert load(path, imports=True).format == 2


def test_a_budget_of_defaults_is_a_mistake_only_where_a_claim_with_looks_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    without = edited(BUDGETS, {"seeds = 9\n[[": "seeds = 14\n[["})
    without = edited(without, {"size = 2 }\nseeds = 6": "size = 2 }\nseeds = 14"})
    assert without.count("seeds = 14") == 2
    start, end = without.index("[claims.default]"), without.index("[claims.exact]")
    for text in (without, edited(without, {"seeds = 6": "seeds = 20", "format = 1": "format = 2"})):
        path.write_text(text)
        assert list(budget_mistakes(path)) == [6]
        path.write_text(text[:start] + text[end:])
        assert load(path, imports=True).instances[-1].seeds == 9
        path.write_text((text[:start] + text[end:]).removesuffix("seeds = 9\n"))
        assert load(path, imports=True).instances[-1].seeds in (6, 20)


def test_what_is_no_table_does_not_stop_the_search_for_budgets(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    for old, new in (
        ("[claims.default]", "[claims]\nno = 1\n[claims.default]"),
        ("[defaults]\nseeds = 6", "defaults = 1"),
        ("[[claims.looked-at.where]]\nat = { size = 2 }\nseeds = 6", "where = 1"),
        ("[[claims.looked-at.where]]\nat = { size = 2 }\nseeds = 6", "where = [1]"),
        ("seeds = 9\n[[", 'seeds = "9"\n[['),
    ):
        assert old in BUDGETS
        path.write_text(edited(BUDGETS, {old: new}))
        with pytest.raises(SuiteError):
            load(path, imports=True)
