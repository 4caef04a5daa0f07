"""From trials that are to be measured together to the job that a worker is given."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.identity import Identities
from harness.measure.ledger import Entry
from harness.measure.records import Job
from harness.measure.whole import block_of, limits_together


def job_of(entries: Sequence[Entry], known: Identities) -> Job:
    """A job of trials of one point; of all in their block, where its seeds are computed abreast."""
    first = entries[0]
    source, block = known.source(first.trial), known.block(first.trial)
    trials = tuple(entry.trial for entry in entries)
    return Job(
        trials if block == 1 else block_of(first.trial, block),
        frozenset(source.modules),
        *limits_together(entries, block),
        timed=first.timed,
        digest=source.digest,
        device=known.device(first.trial) if source.uses_jax else "",
        code=first.code,
        modules=first.modules,
        readable=None if first.timed else known.readable(first.trial),
        inputs=known.declared(first.trial),
        inputs_digest=known.inputs(first.trial).digest,
        settings=known.settings,
        block=block,
    )
