"""The annotations of a record: one for each claim that fails the run, at its line in the suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.export.annotations import Annotation
from harness.export.claim_places import claim_places
from harness.export.failing import failing
from harness.report.record import InstanceRecord, Record
from harness.report.words import advice, by_claim

NAMED = 5
"""How many instances of a claim a message names."""


def of_record(record: Record, differs: Mapping[str, str] | None = None) -> list[Annotation]:
    """An annotation for each claim that fails the run: its sentence, and which of its instances fail why."""
    why = failing(record, differs)
    places = claim_places(record)
    found = []
    for name, instances in by_claim(record.instances).items():
        failed = [instance for instance in instances if instance.id in why]
        if failed:
            found.append(Annotation(_message(instances, failed, why), _title(name, failed), places[name]))
    return found


def _title(name: str, failed: Sequence[InstanceRecord]) -> str:
    return f"{', '.join(dict.fromkeys(instance.outcome for instance in failed))}: {name}"


def _message(
    instances: Sequence[InstanceRecord], failed: Sequence[InstanceRecord], why: Mapping[str, str]
) -> str:
    lines = [instances[0].claim_says]
    if len(instances) > 1:
        lines.append(f"{len(failed)} of {len(instances)} instances fail:")
    for instance in failed[:NAMED]:
        lines.append(f"{instance.local_id}: {why[instance.id]}")
        lines += [f"  {advice(instance)}"] if advice(instance) else []
    more = len(failed) - NAMED
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
