"""Which instances fail a run. Instances that a map's own time cut off do not, although they were not run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.judge import FAILING
from harness.report.record import InstanceRecord, MapRecord, Record


def lines_of(found: MapRecord, instances: Iterable[InstanceRecord]) -> list[InstanceRecord]:
    """The lines of a map, in the record's order."""
    claims = frozenset(found.claims)
    return [
        instance
        for instance in instances
        if instance.suite == found.suite and instance.claim in claims and instance.boundary is not None
    ]


def excused(instances: Sequence[InstanceRecord], maps: Iterable[MapRecord]) -> frozenset[str]:
    """The instances that do not fail a run although they were not run.

    They belong to maps whose own time was over, if nothing is claimed about them and any cell of the map was
    judged.
    """
    found: set[str] = set()
    for each in maps:
        lines = lines_of(each, instances)
        if not each.by_run and any(line.n for line in lines):
            found.update(i.id for i in lines if i.outcome == "not-run" and i.region == (None, None))
    return frozenset(found)


def not_as_expected(record: Record) -> list[InstanceRecord]:
    """The instances whose outcomes fail the run."""
    fine = excused(record.instances, record.maps)
    return [i for i in record.instances if i.outcome in FAILING and i.id not in fine]
