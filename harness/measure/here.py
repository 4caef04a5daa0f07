"""One trial, measured now."""

from __future__ import annotations

import math

from harness.measure.holders import log
from harness.measure.laboratory import Laboratory
from harness.measure.records import Measurement
from harness.questions import Trial


def measure_here(trial: Trial, time_limit: float = math.inf, *, block: int = 0) -> Measurement:
    """Measure one trial now, in a worker, as a laboratory would (so with the same bits), and keep nothing."""
    with Laboratory(None, workers=1, block=block) as laboratory:
        laboratory.request(trial, time_limit)
        said = False
        while True:
            if laboratory.waiting and not said:
                said = True
                log(f"waiting: {laboratory.waiting}")
            for measurement in laboratory.collect(timeout=1.0):
                return measurement
