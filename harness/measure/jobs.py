"""From trials to what a worker is asked to do."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.identity import Identities
from harness.measure.kept import KeptTrials
from harness.measure.ledger import Entry
from harness.measure.records import Job, altered
from harness.measure.whole import block_of, limits_together


def job_of(entries: Sequence[Entry], known: Identities, kept: KeptTrials, *, fresh: bool) -> Job:
    """The job of trials of one point that are measured together: of all in their block, where its seeds are
    computed abreast. What jobs share is one object, which is sent once."""
    first = entries[0]
    point = known.at(first.trial)
    source, block = point.source, point.block
    time_limit, memory_limit = limits_together(entries, block)
    return altered(
        _BLANK,
        trials=tuple([entry.trial for entry in entries]) if block == 1 else block_of(first.trial, block),
        declared=point.names,
        time_limit=time_limit,
        memory_limit=memory_limit,
        timed=first.timed,
        digest=source.digest,
        device=point.device.kind if source.uses_jax else "",
        code=first.code,
        modules=first.modules,
        fresh=fresh,
        readable=None if first.timed else point.readable,
        inputs=point.declared,
        inputs_digest=point.inputs.digest,
        settings=known.settings,
        stages=kept.wanted(entries),
        block=block,
    )


_BLANK = Job((), frozenset(), 0.0)  # of which nothing is said
