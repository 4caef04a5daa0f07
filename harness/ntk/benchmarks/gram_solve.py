"""The benchmark `ntk.gram-solve`: factoring a Gram matrix and solving with it."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, Hidden, PointCount


@benchmark("ntk.gram-solve", version=3, about={"points": POINTS, "hidden": HIDDEN})
def gram_solve(*, points: PointCount = 64, hidden: Hidden = 1) -> Timed:
    """The Cholesky factor of an NTK Gram matrix, its condition, and the coefficients of one target."""
    import numpy as np

    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.kernels import nngp_ntk
    from harness.ntk.solve import TRUSTED_CONDITION, factor

    data = split("sphere", train=points, test=1, seed=0)
    _, gram = nngp_ntk(Architecture(hidden, width=1), data.x_train)

    def timed() -> object:
        return factor("NTK", gram).coefficients(data.y_train)

    left = float(np.linalg.norm(gram @ timed() - data.y_train) / np.linalg.norm(data.y_train))
    if not left <= TRUSTED_CONDITION * np.finfo(np.float64).eps:
        raise ValueError(f"solve: expected coefficients that give the targets, found {left:.1e} of them left")
    return timed
