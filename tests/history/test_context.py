"""A record among those before it: strips, and what changed since when."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from records import record_of
from repositories import git

from harness.git import Commit
from harness.history import NoRecordError, keep
from harness.history.compare import changes
from harness.history.context import context
from harness.history.states import CommitState
from harness.report import Record
from harness.report.html import page
from harness.report.record import CommitRecord, ControlRecord, InstanceRecord

SUITE = """\
[suite]
format = 2
title = "t"

[experiments.e]
run = "toys:pair"

[claims.c]
says = "…"
expect = "supported"
experiment = "e"
equal = { of = ["a.error", "b.error"], within = "5%" }
control = "none: a toy"
"""


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, list[Record]]:
    """A repository of three commits with a record each; at the last the verdict flipped."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "t.toml").write_text(SUITE)
    made = record_of(tmp_path / "t.toml")
    records = []
    for number in range(3):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", str(number))
        commit = CommitRecord(hash=git(tmp_path, "rev-parse", "HEAD"), dirty=False)
        (instance,) = made.instances
        if number == 2:
            instance = msgspec.structs.replace(instance, verdict="refuted", outcome="unexpected")
        changed: dict[str, object] = {"commit": commit, "instances": (instance,)}
        records.append(msgspec.structs.replace(made, **changed))
        keep(tmp_path / "history", records[-1])
    return tmp_path, records


def test_a_page_shows_the_past_and_what_changed_since_the_commit_before(
    runs: tuple[Path, list[Record]],
) -> None:
    folder, records = runs
    found = context(records[-1], folder / "history", folder)
    assert [mark.verdict for mark in found.past["t/c"]] == ["supported", "supported", "refuted"]
    assert [mark.commit for mark in found.past["t/c"]] == [r.commit.hash[:9] for r in records if r.commit]
    assert found.changed == {"t/c": "flipped"}
    assert records[1].commit is not None
    assert found.since == records[1].commit.hash[:9]
    html = page(records[-1], past=found.past, since=found.since, changed=found.changed)
    assert f"1 changed since {found.since}" in " ".join(html.split())


def test_a_mark_says_what_is_the_matter_with_an_expected_verdict(runs: tuple[Path, list[Record]]) -> None:
    folder, records = runs
    (instance,) = records[1].instances
    undecided = ControlRecord(predicate="a and c equal", verdict="inconclusive")
    instance = msgspec.structs.replace(instance, outcome="inconclusive", control=undecided)
    now = msgspec.structs.replace(records[1], instances=(instance,))
    found = context(now, folder / "history", folder)
    assert [mark.note for mark in found.past["t/c"]][-1] == "its control is undecided"
    html = page(now, past=found.past, since=found.since, changed=found.changed)
    assert "inconclusive, supported: its control is undecided" in html


def test_what_is_new_or_gone_says_what_is_the_matter(runs: tuple[Path, list[Record]]) -> None:
    _, records = runs
    (instance,) = records[0].instances
    vacuous = ControlRecord(predicate="a and c equal", verdict="supported")
    bad = msgspec.structs.replace(instance, outcome="vacuous", control=vacuous)
    other = msgspec.structs.replace(instance, id="t/other")

    def state(*instances: InstanceRecord) -> CommitState:
        suites = (msgspec.structs.replace(records[0].suites[0], instances=len(instances)),)
        record = msgspec.structs.replace(records[0], instances=instances, suites=suites)
        return CommitState(Commit("0" * 40, "", "", "2026-01-01", ""), (record,))

    said = "supported, but so is its control: the claim excludes nothing at this margin"
    less, more = state(other), state(other, bad)
    notes = {found.kind: found.note for found in (*changes(less, more), *changes(more, less))}
    assert (notes["added"], notes["removed"]) == (said, f"was {said}")


def test_another_commit_or_file_may_be_named(runs: tuple[Path, list[Record]]) -> None:
    folder, records = runs
    assert context(records[1], folder / "history", folder, "HEAD~2").changed == {}
    assert records[0].commit is not None
    (file,) = (folder / "history").glob(f"*{records[0].commit.hash[:9]}*")
    assert context(records[2], folder / "history", folder, str(file)).changed == {"t/c": "flipped"}
    with pytest.raises(NoRecordError):
        context(records[0], folder / "nowhere", folder, "HEAD")


def test_without_a_past_nothing_is_said_of_it(runs: tuple[Path, list[Record]]) -> None:
    folder, records = runs
    found = context(records[0], folder / "nowhere", folder)
    assert (found.past, found.since, found.changed) == ({}, "", {})
