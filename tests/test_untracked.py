"""What is said of a run whose code under test lies in a repository that it does not name."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import RECORD
from msgspec.structs import replace
from repositories import git

from harness.cli.untracked import tracking_hint
from harness.report import Record
from harness.report.record import CommitRecord, TrackedRecord

INSTALLED = CommitRecord(hash="0" * 40, dirty=False, version="0.2.0")
OVERRIDDEN = replace(
    RECORD,
    suites=tuple(replace(s, commit=INSTALLED, overrides={"subject": "mine:kernel"}) for s in RECORD.suites),
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    return tmp_path


def test_a_kernel_in_a_repository_is_told_how_to_keep_runs_under_its_commits(repository: Path) -> None:
    hint = tracking_hint(OVERRIDDEN, repository)
    assert "--track ." in hint
    assert git(repository, "rev-parse", "HEAD")[:9] in hint


def of_a_checkout() -> Record:
    mine = CommitRecord(hash="0" * 40, dirty=False)
    return replace(OVERRIDDEN, suites=tuple(replace(suite, commit=mine) for suite in OVERRIDDEN.suites))


@pytest.mark.parametrize(
    "record",
    [
        replace(OVERRIDDEN, tracked=TrackedRecord(name="mine", hash="0" * 40, dirty=False)),
        replace(OVERRIDDEN, suites=tuple(replace(suite, overrides={}) for suite in OVERRIDDEN.suites)),
        of_a_checkout(),
    ],
    ids=["tracked", "nothing overridden", "a suite with commits of its own"],
)
def test_others_are_told_nothing(repository: Path, record: Record) -> None:
    assert tracking_hint(record, repository) == ""


def test_nor_is_who_has_no_commits(tmp_path: Path) -> None:
    assert tracking_hint(OVERRIDDEN, tmp_path) == ""
    git(tmp_path, "init", "--quiet")
    assert tracking_hint(OVERRIDDEN, tmp_path) == ""
