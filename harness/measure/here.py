"""One trial, measured now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.measure.holders import log
from harness.measure.laboratory import Laboratory
from harness.measure.records import Measurement
from harness.measure.running import RunningTrial
from harness.questions import Trial

OnWait = Callable[[RunningTrial], None]
"""Is called about once a second while a trial is measured."""


def measure_here(
    trial: Trial, time_limit: float = math.inf, *, block: int = 0, store: Path | None = None
) -> Measurement:
    """Measure one trial now, in a worker, as a laboratory would (so with the same bits).

    It is kept in `store`; None keeps nothing.
    """
    return next(measure_in_turn([trial], time_limit, block=block, store=store))


def measure_in_turn(
    trials: Sequence[Trial],
    time_limit: float = math.inf,
    *,
    block: int = 0,
    store: Path | None = None,
    on_wait: OnWait = lambda running: None,
) -> Iterator[Measurement]:
    """`measure_here` of each trial, one after another in one worker."""
    with Laboratory(store, workers=1, block=block) as laboratory:
        for trial in trials:
            laboratory.request(trial, time_limit)
            said, found = False, list[Measurement]()
            while not found:
                if laboratory.waiting and not said:
                    said = True
                    log(f"waiting: {laboratory.waiting}")
                found = laboratory.collect(timeout=1.0)
                for running in () if found else laboratory.running:
                    on_wait(running)
            yield found[0]
