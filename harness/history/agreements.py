"""What a state says about sources: a statement on each claim, over everything that was run at a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.history.states import CommitState
from harness.history.suites import Names
from harness.report.agreement import claim_records, stated_in
from harness.report.record import ClaimRecord, InstanceRecord


@dataclass(frozen=True)
class AgreementChange:
    """A claim whose agreement with its source has changed."""

    before: ClaimRecord
    after: ClaimRecord


@dataclass(frozen=True)
class AgreementRow:
    """A claim on which a source takes a stance, over all commits; None if it was not recorded."""

    id: str
    marks: tuple[ClaimRecord | None, ...]

    @property
    def last(self) -> ClaimRecord:
        """The claim at the last commit at which it was recorded."""
        return next(mark for mark in reversed(self.marks) if mark is not None)


def claims_of(state: CommitState) -> tuple[ClaimRecord, ...]:
    """Statements on all instances that are known there, whichever run they come from."""
    stated = stated_in(claim for record in state.records for claim in record.claims)
    claims: dict[str, list[InstanceRecord]] = {}
    for id_, instance in state.instances.items():
        claims.setdefault(_claim_of(state, id_), []).append(instance)
    return claim_records(claims, stated)


def agreement_changes(before: CommitState, after: CommitState) -> tuple[AgreementChange, ...]:
    """The claims of both whose agreement differs; those that now contradict their source come first."""
    earlier = {claim.id: claim for claim in claims_of(before)}
    found = [
        AgreementChange(earlier[claim.id], claim)
        for claim in claims_of(after)
        if claim.id in earlier and earlier[claim.id].agreement != claim.agreement
    ]
    return tuple(sorted(found, key=lambda each: each.after.agreement != "contradicts"))


def agreement_rows(states: Sequence[CommitState], wanted: Callable[[str], bool]) -> tuple[AgreementRow, ...]:
    """The claims with a wanted instance on which a source took a stance at any commit, newest order."""
    stated = [{claim.id: claim for claim in claims_of(state)} for state in states]
    shown = {_claim_of(state, id_) for state in states for id_ in state.instances if wanted(id_)}
    ids = dict.fromkeys(id_ for claims in reversed(stated) for id_ in claims if id_ in shown)
    rows = [AgreementRow(id_, tuple(claims.get(id_) for claims in stated)) for id_ in ids]
    return tuple(row for row in rows if any(mark and mark.agreement for mark in row.marks))


def _claim_of(state: CommitState, id_: str) -> str:
    return Names.id(state.suites[id_], state.instances[id_].claim)
