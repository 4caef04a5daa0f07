"""Checks that a suite names the seeds on which its expectations may have been formed, as far as a record
tells.

Anybody who has read a published record knows what its seeds gave. An expectation that differs from that
record's was changed after these seeds had been seen: they are explored for its claim, and `explored` must
have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.report.explored import seeds_read
from harness.report.record import InstanceRecord, Record
from harness.suite import Instance, Mistake, Suite
from harness.suite.explored import covers, in_words, merged

NAMED = 3
"""The most instances of a claim that are named."""


def unexplored(suite: Suite, records: Mapping[str, Record]) -> list[Mistake]:
    """A mistake, with its line, for each claim whose explored seeds may be incomplete.

    This is a claim whose expectation differs from that of a record, by its file's name, and whose explored
    seeds are not all that the record read. Timings have no such seeds, and neither have values that are the
    same for every seed.
    """
    mistakes = []
    for file, record in records.items():
        published = {instance.id: instance for instance in record.instances}
        found: dict[str, list[tuple[Instance, InstanceRecord]]] = {}
        for instance in suite.instances:
            then = published.get(instance.id)
            if then is None or then.expect == instance.expect or instance.claim.benchmarks is not None:
                continue
            if instance.claim.computed:
                continue
            if not covers(instance.claim.explored, seeds_read(then)):
                found.setdefault(instance.claim.id, []).append((instance, then))
        mistakes += [_mistake(suite, id_, changed, file) for id_, changed in found.items()]
    return mistakes


def _mistake(suite: Suite, id_: str, changed: list[tuple[Instance, InstanceRecord]], file: str) -> Mistake:
    seeds = merged((read[0], read[-1]) for _, then in changed if (read := seeds_read(then)))
    told = [f"{now.local_id} {then.expect} → {now.expect}" for now, then in changed[:NAMED]]
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    explored = in_words(suite.claims[id_].explored) or "none"
    lacking = f"`explored = {[list(ends) for ends in seeds]}`"
    return _located(
        suite,
        Mistake(
            ("claims", id_),
            f"{lacking}, the seeds of {file}, which has another expectation",
            f"{', '.join(told)}{more}, and explored seeds {explored}",
        ),
    )


def _located(suite: Suite, mistake: Mistake) -> Mistake:
    from harness.suite.positions import key_positions, locate

    text = suite.file.read_text(encoding="utf-8-sig")
    line, column = locate(mistake.path, key_positions(text))
    return replace(mistake, line=line, column=column)
