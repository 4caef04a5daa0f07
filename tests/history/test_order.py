"""Where commits stand that a repository has lost: cut off by a shallow clone, or rewritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from made import RECORD
from repositories import commit, git, repository

from harness.history import Chosen, keep, past, states_of
from harness.history.order import in_time
from harness.history.text import history_text
from harness.history.timeline import timeline
from harness.report.record import CommitRecord

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def repo(tmp_path: Path) -> tuple[Path, list[str]]:
    """Five commits of one second, the oldest first."""
    folder = repository(tmp_path / "repo")
    first = git(folder, "rev-parse", "HEAD")
    return folder, [first, *(commit(folder, f"number {number}") for number in range(1, 5))]


def runs(hashes: list[str]) -> dict[str, datetime]:
    """Each commit was first run an hour after the one before it."""
    return {hash_: START + timedelta(hours=number) for number, hash_ in enumerate(hashes)}


def test_what_a_shallow_clone_lacks_comes_before_what_it_has(
    repo: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, hashes = repo
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{folder}", "shallow")
    found, (note,) = in_time(tmp_path / "shallow", runs(hashes))
    assert [c.hash for c in found] == hashes
    assert [c.place for c in found] == ["not in this repository"] * 3 + [""] * 2
    assert "3 of 5 commits are not in this repository, a shallow clone (`git fetch --unshallow`" in note


@pytest.mark.parametrize("collected", [False, True])
def test_rewritten_commits_stand_where_their_runs_do(repo: tuple[Path, list[str]], collected: bool) -> None:
    """Git may still have their objects, or have removed them."""
    folder, hashes = repo
    git(folder, "reset", "--quiet", "--hard", hashes[2])
    new = [commit(folder, "otherwise"), commit(folder, "and on")]
    if collected:
        git(folder, "reflog", "expire", "--expire=now", "--all")
        git(folder, "gc", "--quiet", "--prune=now")
    when = runs([*hashes, *new])
    found, (note,) = in_time(folder, dict(reversed(when.items())))
    assert [c.hash for c in found] == [*hashes, *new]
    place = "not in this repository" if collected else "on no branch"
    assert [c.place for c in found] == ["", "", "", place, place, "", ""]
    assert "2 of 7 commits are" in note


def test_an_old_commit_that_was_run_again_today_moves_nothing(repo: tuple[Path, list[str]]) -> None:
    """Commits of a branch stand parents first, whenever they were run."""
    folder, hashes = repo
    when = runs(hashes) | {hashes[0]: START + timedelta(days=9), "0" * 40: START + timedelta(hours=2.5)}
    found, _ = in_time(folder, when)
    assert [c.hash for c in found] == [*hashes[:3], "0" * 40, *hashes[3:]]


def test_without_a_repository_or_where_git_refuses_runs_give_the_order(
    repo: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hashes = repo
    found, (note,) = in_time(tmp_path, dict(reversed(runs(hashes).items())))
    assert [c.hash for c in found] == hashes
    assert "is in no git repository; commits stand in the order of their first runs" in note
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found, (note,) = in_time(folder, runs(hashes))
    assert [(c.hash, c.place) for c in found] == [(hash_, "") for hash_ in hashes]
    assert "dubious ownership" in note


def test_a_history_marks_what_is_lost_and_takes_its_hash_for_a_name(
    repo: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, hashes = repo
    lost = "abcdef0123" * 4
    for hash_, when in runs([hashes[0], lost, hashes[1]]).items():
        at = CommitRecord(hash=hash_, dirty=False)
        keep(tmp_path / "history", msgspec.structs.replace(RECORD, commit=at, started=when.isoformat()))
    keep(tmp_path / "history", msgspec.structs.replace(RECORD, commit=None))
    chosen = Chosen(tmp_path / "history", folder)
    known = past(chosen)
    assert [s.commit.hash for s in known.states] == [hashes[0], lost, hashes[1]]
    assert "abcdef012 (not in this repository)" in history_text(timeline(known.states))
    assert "1 record without a commit skipped" in known.problems
    (state,), _ = states_of(["abcdef"], chosen)
    assert state.commit.hash == lost
