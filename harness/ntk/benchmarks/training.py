"""The benchmark `ntk.training`: a whole training in one compiled program, as experiments train."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import (
    HIDDEN,
    POINTS,
    STEPS,
    WIDTH,
    Hidden,
    PointCount,
    Steps,
    Width,
)


@benchmark(
    "ntk.training", version=1, about={"points": POINTS, "hidden": HIDDEN, "width": WIDTH, "steps": STEPS}
)
def training(*, points: PointCount = 64, hidden: Hidden = 1, width: Width = 64, steps: Steps = 200) -> Timed:
    """`steps` steps with a look at the loss after each (`harness.ntk.train.descend`)."""
    from harness.ntk.benchmarks.support.problem import compiled, reference, training_problem

    given = training_problem(points=points, hidden=hidden, width=width)
    reference(given, steps)
    return compiled(given, steps)
