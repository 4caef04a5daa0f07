"""Compares results with what sources say: a statement on each claim, in a record and in words.

A record lists its claims. A record of an earlier version does not: its statement is then made from what its
instances say, as it was judged then. Those that were `open` have no agreement there, and do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast, get_args

from msgspec.structs import replace

from harness.judge import Judged, Scope, Stance, Verdict, claim_agreement
from harness.report.laws import where_bounded
from harness.report.record import ClaimRecord, InstanceRecord, Record, SourceRecord
from harness.report.where import where
from harness.report.words import by_claim, cited, stance
from harness.suite.records import Suite

MANY = 10**9
"""More instances than a suite has, so that no majority is reached."""

REASONS = 3
"""The most reasons that are given for one claim."""


@dataclass(frozen=True)
class Stated:
    """How many instances a suite states of one claim, selected or not, and how many of each stance."""

    instances: int = 0
    stances: Mapping[str, int] = field(default_factory=dict)


def stated_by(suites: Iterable[Suite]) -> dict[str, Stated]:
    """The statements by the claim's id, `suite/claim`."""
    return {
        f"{suite.name}/{claim}": Stated(sum(counts.values()), {str(k): n for k, n in counts.items()})
        for suite in suites
        for claim, counts in suite.stances.items()
    }


def stated_in(claims: Iterable[ClaimRecord]) -> dict[str, Stated]:
    """The same from earlier statements. If a claim has several, the last counts."""
    return {claim.id: Stated(claim.instances, claim.stances) for claim in claims}


def claim_records(
    claims: Mapping[str, Sequence[InstanceRecord]], stated: Mapping[str, Stated]
) -> tuple[ClaimRecord, ...]:
    """A statement on each claim. `claims` has the instances of each, by the claim's id."""
    return tuple(_claim_record(name, members, stated.get(name, Stated())) for name, members in claims.items())


def statements(record: Record) -> tuple[ClaimRecord, ...]:
    """The record's statements. For a record of an earlier version, those that its instances make.

    Sentences on where a claim holds are in today's words.
    """
    members = by_claim(record.instances)
    if not record.claims:
        return claim_records(members, {})
    return tuple(
        replace(claim, where=_where(members[claim.id], claim.instances)) if claim.id in members else claim
        for claim in record.claims
    )


def contradicted(record: Record) -> list[tuple[str, str, str, str]]:
    """The claims that contradict their source: id, source, where they hold, and the suite's reasons."""
    members = by_claim(record.instances)
    found = []
    for claim in statements(record):
        if claim.agreement == "contradicts":
            against = [i for i in members.get(claim.id, ()) if i.agreement == "contradicts"]
            reasons = list(dict.fromkeys(i.because for i in against if i.because))
            more = [f"and {len(reasons) - REASONS} more"] if len(reasons) > REASONS else []
            because = "; ".join([*reasons[:REASONS], *more])
            found.append((claim.id, cited(claim.source), claim.where, because))
    return found


def agreement_line(claim: ClaimRecord) -> str:
    """The statement on a line: `contradicts; holds at width 512 (9 of 9), fails at 64 (9 of 9)`.

    '' for a single instance on which no source takes a stance, because its verdict says everything.
    """
    if not claim.agreement and claim.instances <= 1:
        return ""
    return "; ".join(filter(None, (claim.agreement, claim.where, unsaid(claim))))


def unsaid(claim: ClaimRecord) -> str:
    """How many of a claim's instances its source does not mention.

    '' if it mentions all, or if there is no agreement.
    """
    silent, unknown = (claim.stances.get(each, 0) if claim.agreement else 0 for each in ("none", ""))
    without = [f"the source says nothing of {silent}"] if silent else []
    without += [f"{unknown} that were open do not count"] if unknown else []
    return "; ".join(without)


def settled_by(instance: InstanceRecord) -> str:
    """The agreement of the instance's claim if this instance decides it, whatever others say; else ''."""
    found = claim_agreement(
        _scope(instance.source), [_judged(instance)], {cast(Stance, stance(instance)): MANY}
    )
    return "" if found == "undecided" else found


def _judged(instance: InstanceRecord) -> Judged:
    said, verdict = cast(Stance, stance(instance)), cast(Verdict, instance.verdict)
    return Judged(said, verdict, instance.supported_for_some)


def _claim_record(name: str, members: Sequence[InstanceRecord], stated: Stated) -> ClaimRecord:
    first = members[-1]  # if there are several runs, the newest
    total = max(stated.instances, len(members))
    stances = Counter(stance(member) for member in members)
    known = {each: max(stated.stances.get(each, 0), stances[each]) for each in {**stated.stances, **stances}}
    judged = [_judged(member) for member in members]
    return ClaimRecord(
        id=name,
        suite=first.suite,
        claim=first.claim,
        says=first.claim_says,
        source=first.source,
        agreement=claim_agreement(_scope(first.source), judged, cast(Mapping[Stance, int], known)),
        instances=total,
        stances={each: count for each, count in known.items() if count},
        counts=dict(Counter(member.verdict for member in members)),
        where=_where(members, total),
    )


def _where(members: Sequence[InstanceRecord], total: int) -> str:
    if _is_measured_only(members[-1]):
        return where_bounded(members, total)
    return where([(member.labels, member.verdict) for member in members], total)


def _is_measured_only(instance: InstanceRecord) -> bool:
    """Whether it is a boundary about which nothing is claimed."""
    return instance.boundary is not None and instance.region == (None, None)


def _scope(source: SourceRecord | None) -> Scope:
    scope = source.scope if source else ""
    return cast(Scope, scope if scope in get_args(Scope) else "every")
