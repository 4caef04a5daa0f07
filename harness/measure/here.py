"""One trial, measured now."""

from __future__ import annotations

import math
from pathlib import Path

from harness.measure.holders import log
from harness.measure.laboratory import Laboratory
from harness.measure.records import Measurement
from harness.questions import Trial


def measure_here(
    trial: Trial, time_limit: float = math.inf, *, block: int = 0, store: Path | None = None
) -> Measurement:
    """Measure one trial now, in a worker, as a laboratory would (so with the same bits).

    It is kept in `store`, and taken from there where it has all of it; None keeps nothing.
    """
    with Laboratory(store, workers=1, block=block) as laboratory:
        laboratory.request(trial, time_limit)
        said = False
        while True:
            if laboratory.waiting and not said:
                said = True
                log(f"waiting: {laboratory.waiting}")
            for measurement in laboratory.collect(timeout=1.0):
                return measurement
