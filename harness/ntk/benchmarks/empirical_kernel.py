"""The benchmark `ntk.empirical-kernel`: a network's tangent kernel from Gram matrices of its layers."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, WIDTH, Hidden, PointCount, Width


@benchmark("ntk.empirical-kernel", version=1, about={"points": POINTS, "hidden": HIDDEN, "width": WIDTH})
def empirical_kernel(*, points: PointCount = 64, hidden: Hidden = 1, width: Width = 64) -> Timed:
    """The tangent kernel among all points at initialisation, float64 (`harness.ntk.empirical`)."""
    import numpy as np

    from harness.ntk.benchmarks.support.problem import training_problem
    from harness.ntk.empirical import float64_ntk

    given = training_problem(points=points, hidden=hidden, width=width)
    x = np.asarray(given.x)
    return lambda: float64_ntk(given.params, given.architecture, x)
