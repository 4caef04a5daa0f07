"""The benchmark `ntk.closed-form-kernel`: `ntk.kernel-matrix` by our own closed form, in NumPy."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import ACTIVATION, HIDDEN, POINTS, Hidden, PointCount, TimedActivation


@benchmark(
    "ntk.closed-form-kernel", version=1, about={"points": POINTS, "hidden": HIDDEN, "activation": ACTIVATION}
)
def closed_form_kernel(
    *, points: PointCount = 64, hidden: Hidden = 1, activation: TimedActivation = "relu"
) -> Timed:
    """The NNGP and the NTK among all points, in one evaluation (`harness.ntk.closed_form`)."""
    from harness.ntk.architecture import Architecture
    from harness.ntk.closed_form import nngp_ntk
    from harness.ntk.data import split

    architecture = Architecture(hidden, width=1, activation=activation)
    x = split("sphere", train=points, test=1, seed=0).x_train
    return lambda: nngp_ntk(architecture, x)
