"""What a report says about the seeds that were read: where they begin, and whether they were explored before.

In: a record, also one of 0.1, which gives them only for trials. Out: words.
"""

from __future__ import annotations

from harness.report.record import InstanceRecord, Record
from harness.suite.explored import in_words, merged

_NAMED = 3
"""The most first seeds, or ranges, that are named one by one."""


def first_seed(instance: InstanceRecord) -> int | None:
    """Where an instance began; None if no seed decides it, or in a record of 0.1 if it read nothing."""
    if instance.computed:
        return None
    if instance.first_seed is not None or not instance.trials:
        return instance.first_seed
    return instance.trials[0].first_seed


def seeds_read(instance: InstanceRecord) -> range:
    """The seeds that an instance read, over all points."""
    first = first_seed(instance) or 0
    return range(first, max((t.first_seed + t.n for t in instance.trials), default=first))


def first_seeds(record: Record) -> str:
    """`243`; `0 and 243` if instances begin at different seeds."""
    found = sorted({first for i in record.instances if (first := first_seed(i)) is not None})
    if len(found) < 2:
        return str(found[0] if found else record.first_seed)
    named = [str(seed) for seed in found[:_NAMED]]
    if len(found) > _NAMED:
        named.append(f"{len(found) - _NAMED} others")
    return f"{', '.join(named[:-1])} and {named[-1]}"


def explored(record: Record) -> str:
    """A sentence if a run read seeds on which its expectations were formed, with what follows; else ''."""
    found = [i for i in record.instances if i.explored_seeds]
    if not found:
        return ""
    ranges = merged((low, high) for i in found for low, high in i.explored)
    which = in_words(ranges[:_NAMED]) + (", …" if len(ranges) > _NAMED else "")
    total = len(record.instances)
    where = f"in {len(found)} of {total} instances " if total > 1 else ""
    return (
        f"This run read explored seeds: {where}the expectation was formed on them ({which}), so an outcome as"
        " expected is no evidence. Without --first-seed a run begins beyond them."
    )
