"""The benchmark `ntk.kernel-matrix`: closed-form kernels, as experiments evaluate them."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import ACTIVATION, HIDDEN, POINTS, Hidden, PointCount, TimedActivation


@benchmark(
    "ntk.kernel-matrix", version=2, about={"points": POINTS, "hidden": HIDDEN, "activation": ACTIVATION}
)
def kernel_matrix(
    *, points: PointCount = 64, hidden: Hidden = 1, activation: TimedActivation = "relu"
) -> Timed:
    """The NNGP and the NTK among all points, in one evaluation."""
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.kernels import nngp_ntk

    architecture = Architecture(hidden, width=1, activation=activation)
    x = split("sphere", train=points, test=1, seed=0).x_train
    return lambda: nngp_ntk(architecture, x)
