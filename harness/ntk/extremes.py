"""The largest and the smallest eigenvalue of a kernel with too many points for a full decomposition.

They are found by ARPACK's Lanczos iteration, which needs only products: a dozen for the largest eigenvalue of
a kernel. The result differs from an eigenvalue of the matrix by at most `TOLERANCE` of itself (the norm of
the residual ‖Av − λv‖ bounds that for a symmetric matrix; Parlett 1998, "The Symmetric Eigenvalue Problem",
4.5), and by far less if the next eigenvalue is not as near. The iteration begins at a fixed vector of random
numbers. The probability that it misses the outermost eigenvalue for one inside falls exponentially with its
steps (Kuczyński & Woźniakowski 1992, SIAM J. Matrix Analysis 13).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from harness.declare import StageError
from harness.ntk.packed import Packed

DENSE = 512
"""The number of points up to which all eigenvalues are computed: 50 ms, and exact to rounding."""

TOLERANCE = 1e-6
"""Relative error of an eigenvalue: as small as what `solve.TRUSTED_CONDITION` assumes."""

NOT_A_KERNEL = 1e-7
"""How far below 0 an eigenvalue may be, in units of the largest. Entries of closed-form ReLU kernels carry
errors of about 1e-8 near the diagonal (√(1−c²) at c ≈ 1)."""

Times = Callable[[Float[np.ndarray, " rows"]], Float[np.ndarray, " rows"]]


def outermost(times: Times, size: int, end: Literal["largest", "smallest"] = "largest") -> float:
    """The outermost eigenvalue at that end of a symmetric matrix, which is given by products with it.

    Raises `StageError` if the iteration does not converge.
    """
    operator = LinearOperator((size, size), matvec=lambda v: times(v.ravel()), dtype=np.float64)
    start = np.random.default_rng(size).standard_normal(size)
    which = {"largest": "LA", "smallest": "SA"}[end]
    few = min(12, size)  # vectors held; the first check comes after as many products
    try:
        found = eigsh(operator, 1, which=which, v0=start, tol=TOLERANCE, ncv=few, return_eigenvectors=False)
    except ArpackNoConvergence as error:
        raise StageError(f"{end} eigenvalue of a kernel of {size} points: {error}") from error
    return float(found[0])


def extremes(matrix: Packed) -> tuple[float, float]:
    """The smallest and the largest eigenvalue. Changes the matrix's Cholesky factor.

    The smallest is good to `TOLERANCE` of itself if it is positive and beyond `NOT_A_KERNEL`, else to 1e-13
    of the largest. It is found as the inverse's largest, shifted by `NOT_A_KERNEL` of that.
    """
    largest = outermost(matrix.times, matrix.size)
    if largest <= 0:
        return outermost(matrix.times, matrix.size, "smallest"), largest
    for shift in (0.0, NOT_A_KERNEL * largest):
        if matrix.factor(shift):
            inverse = outermost(matrix.solve, matrix.size)
            return 1 / inverse - shift, largest
    return outermost(matrix.times, matrix.size, "smallest"), largest
