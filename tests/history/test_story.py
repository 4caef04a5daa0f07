"""Twelve commits, each of which changes something else: what history, diff and bisect make of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from past_project import IDS
from repositories import git

from harness.history import Chosen, compare, past
from harness.history.timeline import timeline
from harness.report.change import QUIET

from .conftest import Project, run_all


def kinds_of(project: Project) -> dict[str, dict[str, str]]:
    """Subject of each commit → the kinds of change that history finds there."""
    found = past(Chosen(project.history, project.folder))
    assert not found.problems
    line = timeline(found.states)
    return {
        commit.subject: {event.id: event.kind for event in events}
        for commit, events in zip(line.commits, line.events, strict=True)
    }


def check(project: Project, *, timed: bool) -> None:
    """Every change is named for what it is, and nothing else is flagged."""
    found = kinds_of(project)
    told = [t for t in project.told if t.loads]
    assert list(found) == [t.name for t in told]
    for commit in told[1:]:
        seen = found[commit.name]
        expected = {id_: kind for id_, kind in commit.kinds.items() if timed or id_ != "demo/fast"}
        assert {id_: kind for id_, kind in seen.items() if kind not in QUIET} == {
            id_: kind for id_, kind in expected.items() if kind not in QUIET
        }, commit.name
        for id_, kind in seen.items():
            if kind in QUIET and id_ != "demo/fast":  # timings are never identical
                assert kind == commit.kinds.get(id_, "identical"), (commit.name, id_)


def test_history_names_each_change_for_what_it_is(project: Project) -> None:
    check(project, timed=False)
    shown = project.harness("history")
    assert shown.returncode == 0
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith("demo/")]
    strips = {row[0]: row[1] for row in rows}
    assert strips["demo/right"] == "SSSSSSRRRRR"
    assert strips["demo/apart"] == "SSSSS|SSSSSS"
    assert strips["demo/new"] == "···SSSSSSSS"
    assert set(strips) == set(IDS) - {"demo/fast"}


def test_diff_compares_neighbours_and_its_exit_code_says_whether_a_verdict_fell(project: Project) -> None:
    told = [t for t in project.told if t.loads]
    states = past(Chosen(project.history, project.folder)).states
    for before, after, left, right in zip(told, told[1:], states, states[1:], strict=False):
        comparison = compare(left, right)
        assert comparison.exit_code == int(after.name == "the kernel breaks"), after.name
        assert left.commit.hash == before.hash
    broken = next(i for i, t in enumerate(told) if t.name == "the kernel breaks")
    done = project.harness("diff", told[broken].hash + "~1", told[broken].hash, "--markdown", "diff.md")
    assert done.returncode == 1, done.stderr
    assert "⇄ flipped  demo/right: supported → refuted" in done.stdout
    assert "→ shifted  demo/near" in done.stdout
    assert "demo/right" in (project.folder / "diff.md").read_text()
    assert project.harness("diff", told[0].hash, told[1].hash).returncode == 0


def test_diff_of_what_has_no_record_says_so(project: Project) -> None:
    broken = next(t for t in project.told if not t.loads)
    done = project.harness("diff", broken.hash, "HEAD")
    assert done.returncode == 4
    assert "expected a record of commit" in done.stderr
    done = project.harness("diff", "nonsense", "HEAD")
    assert done.returncode == 4
    assert "expected a commit of" in done.stderr


def first_changed(project: Project, *arguments: str) -> tuple[str, str]:
    """The subject of the commit that `bisect` names, and what it said on the way."""
    before = git(project.folder, "status", "--porcelain=2", "--branch")
    done = project.harness("bisect", *arguments, "--good", project.told[0].hash)
    assert done.returncode == 0, done.stderr
    assert git(project.folder, "status", "--porcelain=2", "--branch") == before
    assert git(project.folder, "worktree", "list", "--porcelain").count("worktree ") == 1
    hash_ = done.stdout.split()[0]
    return next(t.name for t in project.told if t.hash == hash_), done.stderr


@pytest.mark.parametrize(
    ("id_", "when", "expected"),
    [
        ("right", "verdict", "the kernel breaks"),
        ("near", "effect", "the kernel breaks"),
    ],
)
def test_bisect_reads_records(project: Project, id_: str, when: str, expected: str) -> None:
    found, said = first_changed(project, f"suites/demo.toml::{id_}", "--when", when)
    assert found == expected
    assert "from its record" in said
    assert "(run)" not in said


@pytest.mark.slow  # a dear relative of cheaper tests
def test_bisect_runs_commits_in_a_worktree_and_skips_what_does_not_load(
    project: Project, tmp_path: Path
) -> None:
    """Without any record; the commit that does not load is the first that git proposes."""
    nothing = ("--history", str(tmp_path))
    found, said = first_changed(project, "suites/demo.toml::right", *nothing)
    assert found == "the kernel breaks"
    assert "from its record" not in said
    (skipped,) = [line for line in said.splitlines() if line.startswith("skip")]
    assert "it does not load" in skipped
    assert "SyntaxError: invalid syntax (__init__.py, line 1)" in skipped


@pytest.mark.slow
def test_bisect_names_all_candidates_where_some_do_not_load(project: Project, tmp_path: Path) -> None:
    """The last commit of a branch breaks the kernel, on top of one that does not load."""
    folder = tmp_path / "demo"
    git(tmp_path, "clone", "--quiet", str(project.folder), str(folder))
    other = Project(folder, project.told)
    names = {t.name: t.hash for t in project.told}
    git(folder, "checkout", "--quiet", names["it does not load"])
    git(folder, "checkout", names["the kernel breaks"], "--", "demo", "suites")
    git(folder, "commit", "--quiet", "--message", "both")
    good = names["the same written otherwise"]
    done = other.harness("bisect", "suites/demo.toml::near", "--good", good, "--when", "effect")
    assert done.returncode == 0, done.stderr
    assert "is one of" in done.stdout
    for commit in ("HEAD", names["it does not load"]):
        assert git(folder, "rev-parse", "--short", commit) in done.stdout.splitlines()[0]


def test_bisect_of_what_did_not_change_says_so(project: Project) -> None:
    done = project.harness("bisect", "suites/demo.toml::apart", "--good", project.told[0].hash)
    assert done.returncode == 4
    assert "found supported → supported" in done.stderr


def test_a_record_that_cannot_be_read_is_told_and_passed_over(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    shutil.copytree(project.history, folder)
    files = sorted(folder.iterdir())
    files[0].write_text(files[0].read_text()[:1000])
    newer = json.loads(files[1].read_text()) | {"schema_version": 99}
    files[1].write_text(json.dumps(newer))
    done = project.harness("history", "--history", str(folder))
    assert done.returncode == 0
    assert str(files[0]) in done.stderr
    told = done.stderr.replace("\n", " ")
    assert "expected record schema 1 or 2, which this version reads, found 99" in told
    assert done.stdout.count("\n 1  ") + done.stdout.count("\n  1  ") == 1


@pytest.mark.slow
@pytest.mark.parametrize("salt", range(1, 21))
def test_no_false_flag_with_other_noise(tmp_path: Path, salt: int) -> None:
    """Timings too: to be run on a quiet machine."""
    project = run_all(tmp_path / "demo", salt, timed=True)
    check(project, timed=True)
    if salt == 1:
        for when in ("verdict", "effect"):
            assert first_changed(project, "suites/demo.toml::fast", "--when", when)[0] == "quick is slowed"
