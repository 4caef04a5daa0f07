"""The benchmark `ntk.prediction-floor`: the necessary part of the regression of `ntk.prediction`."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import ACTIVATION, HIDDEN, POINTS, Hidden, PointCount, TimedActivation

CHECKED = 3
"""The number of points of the check."""


@benchmark(
    "ntk.prediction-floor", version=2, about={"points": POINTS, "hidden": HIDDEN, "activation": ACTIVATION}
)
def prediction_floor(
    *, points: PointCount = 64, hidden: Hidden = 1, activation: TimedActivation = "relu"
) -> Timed:
    """One evaluation of both kernels among the training points, and one Cholesky factor of the NTK.

    No test point, no check, no condition number and no solve.
    """
    import numpy as np
    from scipy.linalg import cholesky

    from harness.ntk.architecture import Architecture
    from harness.ntk.benchmarks.support.agreement import require_equal
    from harness.ntk.data import split
    from harness.ntk.kernels import nngp_ntk

    architecture = Architecture(hidden, width=1, activation=activation)

    def factored(x: np.ndarray) -> np.ndarray:
        _, gram = nngp_ntk(architecture, x)
        # The transpose is the same matrix in LAPACK's order of columns, so the copy needs no reordering.
        lower: np.ndarray = cholesky(gram.T, lower=True, check_finite=False)
        return lower

    x = split("sphere", train=points, test=1, seed=0).x_train
    few = x[:CHECKED]
    lower = factored(few)
    require_equal("the Cholesky factor", lower @ lower.T, nngp_ntk(architecture, few)[1])
    return lambda: factored(x)
