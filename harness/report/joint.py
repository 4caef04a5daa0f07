"""Which instances of a suite hold jointly: the record of a family, and its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.judge import Assessment, holm, joint_direction, p_of_parts
from harness.report.record import FamilyRecord, InstanceRecord, Record
from harness.suite import Instance

NAMED = 5
"""The most instances that are named among those that do not hold jointly."""

FamiliesStated = Mapping[str, tuple[float, int]]
"""By name, for each suite with a family: the level, and how many instances the suite states."""


def joint_p(instance: Instance, found: Assessment, sampled_on: Assessment | None) -> float:
    """The sequential p-value of an instance's expected verdict; 1 if it has another.

    `sampled_on` is the result of sampling it further for its family, with at least the seeds of the verdict.
    A decided boundary has the alpha at which it was searched for.
    """
    wanted = joint_direction(instance.expect)
    opposite = "refuted" if wanted == "supported" else "supported"
    if found.verdict != wanted or (sampled_on is not None and sampled_on.verdict == opposite):
        return 1.0
    if found.boundary is not None:
        return instance.claim.alpha
    return p_of_parts((sampled_on or found).parts, wanted)


def family_records(instances: Iterable[InstanceRecord], stated: FamiliesStated) -> tuple[FamilyRecord, ...]:
    """The families of the suites that state one."""
    each: dict[str, dict[str, float]] = {name: {} for name in stated}
    for instance in instances:
        if instance.suite in each and instance.joint_p is not None:
            each[instance.suite][instance.id] = instance.joint_p
    return tuple(
        FamilyRecord(
            suite=name, level=level, total=total, holds=tuple(sorted(holm(each[name], level, total)))
        )
        for name, (level, total) in stated.items()
    )


def joint_text(record: Record) -> str:
    """How many instances hold jointly, and some of those that do not; '' without a family."""
    said = []
    for family in record.families:
        own = [i for i in record.instances if i.suite == family.suite]
        others = [i.local_id for i in own if i.id not in family.holds]
        text = (
            f"{len(family.holds)} of {family.total} instances of {family.suite} hold jointly as expected: any"
            f" of these is wrong with a chance of at most {family.level:g} (Holm)."
        )
        if others and family.holds:
            more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
            text += f" Not among them: {', '.join(others[:NAMED])}{more}."
        said.append(text)
    return " ".join(said)
