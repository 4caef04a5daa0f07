"""An experiment that costs next to nothing, so that what is timed is the engine."""

from __future__ import annotations

import random

from harness.declare import Quantity, experiment

RUN = f"{__name__}:normal"


@experiment(
    "benchmark.normal",
    version=1,
    quantities={"x": Quantity("a normal number", scale="linear")},
    about={"shift": "its mean"},
)
def normal(*, seed: int, shift: float = 0.0) -> dict[str, float]:
    """A number of variance one that depends on the seed and the parameter alone."""
    return {"x": random.Random(f"{seed} {shift}").gauss(shift, 1.0)}
