"""The count of expectations that were changed: on a small history, and as it stands in findings.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from edits import edited
from good_suite import GOOD
from repositories import commit, git, repository

from harness.git import is_shallow, repository_above

ROOT = Path(__file__).parents[2]
CONTROL = "control = { at = { shift = 0.5 } }\n"
OPENED = '[[claims.same.where]]\nat = { size = 1 }\nexpect = "open"\nbecause = "measured: it | is near"\n'
EXCHANGED = '[[claims.same.where]]\nat = { size = [2, 4] }\nexpect = "refuted"\nbecause = "measured"\n'
LATER = """
[claims.later]
says = "Stated open."
expect = "open"
experiment = "pairs"
at-most = { of = "gap", bound = 2 }
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The program in docs/, which is no package."""
    spec = importlib.util.spec_from_file_location("docs_expectations", ROOT / "docs" / "expectations.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite with four versions: an old format and a budget that is no longer one; a slip that is no TOML;
    open and opposite expectations, and a claim that is open from the start; then the opposite taken back."""
    file = tmp_path / "repo" / "toys.toml"
    file.parent.mkdir()
    file.write_text(edited(GOOD, {"format = 2": "format = 1", "seeds = 21": "seeds = 7"}))
    repository(file.parent)
    for text in ("[suite", GOOD + OPENED + EXCHANGED + LATER, GOOD + OPENED + LATER):
        file.write_text(text)
        commit(file.parent, "next")
    return file


def test_each_instance_has_its_first_expectation_beside_its_present_one(
    script: ModuleType, suite: Path
) -> None:
    assert script.section([script.story(suite)]).splitlines()[2:] == [
        "| `toys` | 9 | 3 | 1 | 1 | 0 |",
        "",
        "| claim | at | instances | expected at first | expected now | because |",
        "|---|---|---|---|---|---|",
        "| `toys/same` | shift=0, size=1 | 1 | supported | open | measured: it \\| is near |",
    ]
    suite.write_text(GOOD + EXCHANGED)  # not committed: what the file says now counts
    assert script.section([script.story(suite)]).splitlines()[2] == "| `toys` | 3 | 3 | 2 | 0 | 2 |"
    suite.write_text(GOOD)
    assert len(script.section([script.story(suite)]).splitlines()) == 3


def test_points_are_named_as_grids(script: ModuleType) -> None:
    class At:
        def __init__(self, **labels: str) -> None:
            self.labels = labels

    grid = [At(data=d, width=w) for d in "ab" for w in ("1", "2")]
    assert script.where(grid) == "data=a/b, width=1/2"
    assert script.where(grid[:3]) == "data=a, width=1/2; data=b, width=1"
    assert script.where([At()]) == "–"


def test_without_the_whole_history_it_says_so(
    script: ModuleType, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{suite.parent}", str(shallow))
    with pytest.raises(SystemExit) as end:
        script.main([str(shallow / "toys.toml")])
    assert "expected the suite's whole history, found a shallow clone" in str(end.value)
    alone = tmp_path / "toys.toml"
    alone.write_text(GOOD)
    with pytest.raises(SystemExit) as end:
        script.main([str(alone)])
    assert "expected a suite in git, found a folder outside" in str(end.value)
    assert capsys.readouterr().out == ""


def test_findings_have_the_counts_of_this_repository(script: ModuleType) -> None:
    """Where its history is not here, as in a shallow clone, the script says so instead."""
    whole = repository_above(ROOT) is not None and not is_shallow(ROOT)
    if not whole:
        with pytest.raises(SystemExit, match="expected"):
            script.main([])
        return
    findings = script.FINDINGS.read_text()
    text = script.section([script.story(file) for file in script.SUITES])
    assert findings == script.written(findings, text), "python docs/expectations.py writes it again"
