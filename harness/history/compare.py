"""Compares two states: how every instance changed, and what else differs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.git import Commit
from harness.history.agreements import AgreementChange, agreement_changes
from harness.history.change import change
from harness.history.states import CommitState, NoRecordError
from harness.report.change import ALARMING, KINDS, Change
from harness.report.findings import verdict
from harness.report.record import EnvironmentRecord
from harness.text import printable


@dataclass(frozen=True)
class CommitComparison:
    """What differs between two commits. `environment` is (name, before, after). `compare` makes it."""

    before: Commit
    after: Commit
    changes: tuple[Change, ...]
    environment: tuple[tuple[str, str, str], ...]
    seconds: tuple[float, float]
    """Core-seconds of the trials of the instances that both have."""
    notes: tuple[str, ...] = ()
    """Suites for which there was nothing to compare."""
    agreements: tuple[AgreementChange, ...] = ()
    """Claims whose agreement with their source differs. This changes no exit code."""

    @property
    def exit_code(self) -> int:
        """1 if a verdict flipped or weakened, or a boundary moved."""
        return int(any(found.kind in ALARMING for found in self.changes))

    @property
    def counts(self) -> Counter[str]:
        """How many instances changed in which way."""
        return Counter(found.kind for found in self.changes)


def compare(before: CommitState, after: CommitState) -> CommitComparison:
    """How the instances of both changed, worst first.

    Raises `NoRecordError` if the two are of different suites.
    """
    if before.names and after.names and before.names.isdisjoint(after.names):
        was, now = (", ".join(sorted(state.names)) for state in (before, after))
        raise NoRecordError(
            f"expected records of the same suites, found {before.commit.short or 'one'} of {printable(was)},"
            f" {after.commit.short or 'the other'} of {printable(now)}"
        )
    found = sorted(changes(before, after), key=lambda c: KINDS.index(c.kind))
    both = [c for c in found if c.before and c.after]
    return CommitComparison(
        before.commit,
        after.commit,
        tuple(found),
        _environments(before.environment, after.environment),
        (sum(c.before.seconds for c in both if c.before), sum(c.after.seconds for c in both if c.after)),
        (*_missing(before, after), *_missing(after, before)),
        agreement_changes(before, after),
    )


def _missing(here: CommitState, there: CommitState) -> list[str]:
    where = printable(here.commit.short or "the record")
    return [f"{where}: no record of suite {printable(name)}" for name in sorted(there.names - here.names)]


def changes(before: CommitState, after: CommitState) -> list[Change]:
    """How each instance changed, in the order of the later state; instances that it lacks come last.

    What one side lacks is added or removed only if that side has the whole of the suite.
    """
    found = []
    for id_, instance in after.instances.items():
        earlier = before.instances.get(id_)
        if earlier is not None:
            found.append(change(earlier, instance))
        elif after.suites[id_] in before.whole:
            found.append(Change(id_, "added", None, instance, verdict(instance)))
        else:
            found.append(Change(id_, "not-run", None, instance, "not in the earlier runs"))
    for id_, instance in before.instances.items():
        if id_ not in after.instances:
            if before.suites[id_] in after.whole:
                found.append(Change(id_, "removed", instance, None, f"was {verdict(instance)}"))
            else:
                found.append(Change(id_, "not-run", instance, None, "not in the later runs"))
    return found


def _environments(before: EnvironmentRecord, after: EnvironmentRecord) -> tuple[tuple[str, str, str], ...]:
    rows = []
    for name in ("python", "platform", "cpu", "device", "machine", "workers"):
        was, now = str(getattr(before, name)), str(getattr(after, name))
        if was != now:
            rows.append((name, was, now))
    for name in ("blocks", "matmul_precision", "xla_flags"):
        was, now = getattr(before, name), getattr(after, name)
        if was and was != now:  # older records have none
            rows.append((name, str(was), str(now)))
    for name in sorted(before.libraries.keys() | after.libraries.keys()):
        was, now = before.libraries.get(name, "none"), after.libraries.get(name, "none")
        if was != now:
            rows.append((name, was, now))
    return tuple(rows)
