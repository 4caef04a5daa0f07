"""From trials to what a worker is asked to do."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.identity import Identities
from harness.measure.kept import KeptTrials
from harness.measure.ledger import Entry
from harness.measure.records import Job
from harness.measure.whole import block_of, limits_together


def job_of(entries: Sequence[Entry], known: Identities, kept: KeptTrials, *, fresh: bool) -> Job:
    """The job of trials of one point that are measured together: of all in their block, where its seeds are
    computed abreast. What jobs share is one object, which is sent once."""
    first = entries[0]
    source, block = known.source(first.trial), known.block(first.trial)
    trials = tuple(entry.trial for entry in entries)
    return Job(
        trials if block == 1 else block_of(first.trial, block),
        known.modules(first.trial),
        *limits_together(entries, block),
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
        block=block,
    )
