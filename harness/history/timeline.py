"""All states in a row: for each instance its verdicts over commits, for each commit its changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.git import Commit
from harness.history.agreements import AgreementRow, agreement_rows
from harness.history.change import change
from harness.history.states import CommitState
from harness.report.change import KINDS, Change
from harness.report.distance import how_far
from harness.report.findings import verdict
from harness.report.record import InstanceRecord


@dataclass(frozen=True)
class InstanceAtCommit:
    """An instance at one commit; None if it was not recorded there."""

    instance: InstanceRecord | None
    change: Change | None
    """The change since the last commit at which it was recorded; None at the first, and if it was not
    recorded."""

    @property
    def distance(self) -> float | None:
        """The distance from the edge of the claim; at most 1 if the estimate satisfies it."""
        return how_far(self.instance) if self.instance else None


@dataclass(frozen=True)
class TimelineRow:
    """An instance over all commits."""

    id: str
    marks: tuple[InstanceAtCommit, ...]


@dataclass(frozen=True)
class Timeline:
    """Claims × commits. `events` are the changes at each commit, worst first. `timeline` makes it."""

    commits: tuple[Commit, ...]
    modified: tuple[bool, ...]
    rows: tuple[TimelineRow, ...]
    events: tuple[tuple[Change, ...], ...]
    agreements: tuple[AgreementRow, ...] = ()


def timeline(states: Sequence[CommitState], wanted: Callable[[str], bool] = lambda id_: True) -> Timeline:
    """Follow the wanted instances through the states, which are in the order of their commits."""
    suites = {id_: name for state in states for id_, name in state.suites.items()}
    ids = dict.fromkeys(id_ for state in reversed(states) for id_ in state.instances if wanted(id_))
    marks: dict[str, list[InstanceAtCommit]] = {id_: [] for id_ in ids}
    latest: dict[str, InstanceRecord] = {}
    events = []
    for index, state in enumerate(states):
        found = []
        for id_, row in marks.items():
            now, before = state.instances.get(id_), latest.get(id_)
            made = None
            if now is not None and before is not None:
                made = change(before, now)
            elif now is not None and index and suites[id_] in states[index - 1].whole:
                made = Change(id_, "added", None, now, verdict(now))
            elif now is None and before is not None and suites[id_] in state.whole:
                made = Change(id_, "removed", before, None, f"was {verdict(before)}")
                del latest[id_]
            if now is not None and now.verdict != "not-run":
                latest[id_] = now
            row.append(InstanceAtCommit(now, made))
            if made is not None:
                found.append(made)
        events.append(tuple(sorted(found, key=lambda c: KINDS.index(c.kind))))
    return Timeline(
        tuple(state.commit for state in states),
        tuple(state.modified for state in states),
        tuple(TimelineRow(id_, tuple(row)) for id_, row in marks.items()),
        tuple(events),
        agreement_rows(states, wanted),
    )
