"""The benchmark `ntk.gram-solve-by-scikit-learn`: the solve of `ntk.gram-solve`, by its `KernelRidge`."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, Hidden, PointCount


@benchmark("ntk.gram-solve-by-scikit-learn", version=2, about={"points": POINTS, "hidden": HIDDEN})
def gram_solve_by_scikit_learn(*, points: PointCount = 64, hidden: Hidden = 1) -> Timed:
    """Fitting `KernelRidge(alpha=0, kernel="precomputed")` to an NTK Gram matrix and one target."""
    import numpy as np
    from sklearn.kernel_ridge import KernelRidge

    from harness.ntk.architecture import Architecture
    from harness.ntk.benchmarks.support.agreement import require_equal
    from harness.ntk.data import split
    from harness.ntk.kernels import nngp_ntk
    from harness.ntk.solve import factor

    data = split("sphere", train=points, test=1, seed=0)
    _, gram = nngp_ntk(Architecture(hidden, width=1), data.x_train)

    def timed() -> np.ndarray:
        fitted = KernelRidge(alpha=0.0, kernel="precomputed").fit(gram, data.y_train)
        coefficients: np.ndarray = fitted.dual_coef_
        return coefficients

    require_equal("KernelRidge's coefficients", timed(), factor("NTK", gram).coefficients(data.y_train))
    return timed
