"""Where people read at how many seeds claims are looked at: everywhere the numbers are those of `LOOKS`."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from click.testing import CliRunner

from harness.benchmarks.judging import judging
from harness.cli import cli
from harness.judge import half_width_factor
from harness.pytest_plugin import pytest_addoption
from harness.questions import LOOKS
from harness.suite.unseen import leaves_open

ROOT = Path(__file__).parents[1]
COMMAS = ", ".join(map(str, LOOKS))
OR = " or ".join(COMMAS.rsplit(", ", 1))
AND = OR.replace(" or ", " and ")
STEPS = ", ".join(str(after - before) for before, after in pairwise(LOOKS[:4]))


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_looks_are_those_of_the_rule() -> None:
    """Each about 1.5 times the one before, from 14 on; docs/verdicts.md says why not earlier."""
    assert LOOKS == (14, 21, 32, 48, 72, 108, 162, 243)


def test_the_command_and_the_plugin_name_them() -> None:
    assert f"A budget that replaces the claims': {OR}." in flat(
        CliRunner().invoke(cli, ["run", "--help"]).output
    )
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    (option,) = (o for o in parser.getgroup("harness").options if "--harness-seeds" in o.names())
    assert f"A budget that replaces the claims': {OR}." in option.attrs()["help"]


def test_the_benchmark_of_judging_takes_them() -> None:
    hint = get_type_hints(getattr(judging, "__wrapped__", judging))["seeds"]
    assert get_args(hint) == LOOKS


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("docs/verdicts.md", f"only when there are {OR} of them"),
        ("docs/reading.md", f"looks at the interval after {AND} seeds"),
        ("docs/suites.md", f"is one of the looks: {OR} ("),
        ("docs/pytest.md", f"a budget that replaces the claims' own: {OR} |"),
        ("docs/pytest.md", f"({LOOKS[0]} trials, then {STEPS}, …)"),
        ("docs/reference/suite-format.md", f"One of {COMMAS};"),
    ],
)
def test_documentation_names_them(page: str, sentence: str) -> None:
    assert sentence in flat((ROOT / page).read_text())


def rows(page: str) -> dict[str, list[str]]:
    """Rows of a page's tables by their first cell, of those whose heads are the looks."""
    found: dict[str, list[str]] = {}
    inside = False
    for line in (ROOT / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        inside = line.startswith("|") and (inside or cells[1:] == [str(look) for look in LOOKS])
        if inside and cells[1:] and cells[0] != "---":
            found[cells[0]] = cells[1:]
    return found


def test_tables_of_the_documentation_are_what_the_rule_computes() -> None:
    verdicts, reading = rows("docs/verdicts.md"), rows("docs/reading.md")
    open_ = [f"{100 * leaves_open(n, 0.001):.2g}%" for n in LOOKS]
    assert verdicts["leaves open"] == reading["leaves open events on up to"] == open_
    for name, share in (("alpha/8 a side", 8), ("alpha/16 a side", 16)):
        assert verdicts[name] == [f"{half_width_factor(n, 0.001 / share):.3f}" for n in LOOKS]


def test_no_suite_and_no_page_speaks_of_looks_that_there_are_no_more() -> None:
    """`6, 9, 14`, apart from where it is said that it was so, and where a record of that time is cited."""
    patterns = ("docs/**/*.md", "suites/*.*", "README.md", "harness/**/*.py")
    pages = [path for pattern in patterns for path in ROOT.glob(pattern)]
    said = [path.relative_to(ROOT).as_posix() for path in pages if "6, 9, 14" in path.read_text()]
    assert sorted(said) == ["docs/verdicts.md", "harness/judge/levels.py", "harness/report/cite.py"]
