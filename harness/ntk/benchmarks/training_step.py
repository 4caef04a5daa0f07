"""The benchmark `ntk.training-step`: one step of gradient descent, compiled."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, WIDTH, Hidden, PointCount, Width


@benchmark("ntk.training-step", version=1, about={"points": POINTS, "hidden": HIDDEN, "width": WIDTH})
def training_step(*, points: PointCount = 64, hidden: Hidden = 1, width: Width = 64) -> Timed:
    """One change of the parameters, and the loss and its gradient at the new ones."""
    from harness.ntk.benchmarks.support.problem import (
        reference,
        require_agreement,
        stepwise,
        training_problem,
    )

    given = training_problem(points=points, hidden=hidden, width=width)
    start, other = stepwise(given)
    first = start(given.params)
    require_agreement("one step", other(first).loss, reference(given, 1).loss)
    _, step = stepwise(given)
    return lambda: step(first)
