"""The benchmark `ntk.prediction`: kernel regression from the points to the predictions."""

from __future__ import annotations

from dataclasses import replace

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import (
    ACTIVATION,
    HIDDEN,
    POINTS,
    TEST,
    Hidden,
    PointCount,
    TimedActivation,
)

AGREEMENT = 1e-5
"""The largest difference, for targets of variance one. A regression without the solve, or with another
kernel, is off by about one."""

CHECKED = 3
"""The number of training points of the check."""


@benchmark(
    "ntk.prediction",
    version=2,
    about={
        "points": POINTS,
        "test": TEST,
        "hidden": HIDDEN,
        "activation": ACTIVATION,
    },
)
def prediction(
    *,
    points: PointCount = 64,
    test: PointCount = 200,
    hidden: Hidden = 1,
    activation: TimedActivation = "relu",
) -> Timed:
    """Both kernels among the training points and across to the test points, the solve, the predictions."""
    import numpy as np

    from harness.ntk.architecture import Architecture
    from harness.ntk.data import Split, split
    from harness.ntk.kernels import nngp_ntk
    from harness.ntk.solve import factor

    architecture = Architecture(hidden, width=1, activation=activation)

    def predict(data: Split) -> np.ndarray:
        _, gram = nngp_ntk(architecture, data.x_train)
        _, cross = nngp_ntk(architecture, data.x_test, data.x_train)
        return factor("NTK", gram).regression(cross, data.y_train)

    # A regression through its own training points gives their targets.
    few = split("sphere", train=CHECKED, test=1, seed=0)
    gap = float(np.max(np.abs(predict(replace(few, x_test=few.x_train)) - few.y_train)))
    if not gap <= AGREEMENT:
        raise ValueError(f"predictions: expected the targets at the training points, found {gap:.1e} more")
    data = split("sphere", train=points, test=test, seed=0)
    return lambda: predict(data)
