"""From trials to what a worker is asked to do."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.identity import Identities
from harness.measure.kept import KeptTrials
from harness.measure.ledger import Entry
from harness.measure.records import Job


def job_of(entries: Sequence[Entry], known: Identities, kept: KeptTrials, *, fresh: bool) -> Job:
    """The job of trials that are measured together. What jobs share is one object, which is sent once."""
    first = entries[0]
    source = known.source(first.trial)
    return Job(
        tuple(entry.trial for entry in entries),
        known.modules(first.trial),
        sum(entry.time_limit for entry in entries),
        first.memory_limit,
        timed=first.timed,
        digest=source.digest,
        device=known.device(first.trial) if source.uses_jax else "",
        code=first.code,
        modules=first.modules,
        fresh=fresh,
        readable=None if first.timed else known.readable(first.trial),
        inputs=known.declared(first.trial),
        inputs_digest=known.inputs(first.trial).digest,
        settings=known.settings,
        stages=kept.wanted(entries),
    )
