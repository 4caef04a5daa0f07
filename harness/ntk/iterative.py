"""Kernel regression by conjugate gradients, for training sets whose kernel matrix does not fit into memory.

Each product with the kernel evaluates it anew, tile by tile, half of its pairs. A Nyström preconditioner of
rank r (Frangella, Tropp & Udell 2023, "Randomized Nyström preconditioning", SIAM J. Matrix Analysis 44,
arXiv:2110.02820), from the kernel between all points and r of them,

    K ≈ U Λ Uᵀ,    P⁻¹ = (λ_r + ridge) U (Λ + ridge)⁻¹ Uᵀ + (I − U Uᵀ),

removes the r largest eigenvalues; a kernel's eigenvalues fall fast. The iteration is SciPy's `cg`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg import cholesky, eigh, solve_triangular
from scipy.sparse.linalg import LinearOperator, cg

from harness.declare import StageError
from harness.ntk import blocked
from harness.ntk.blocked import Evaluate
from harness.ntk.shapes import Matrix, Points
from harness.ntk.sizes import RANK
from harness.ntk.solve import TRUSTED_RESIDUAL, Regressor, Vector

ASKED_RESIDUAL = 1e-8
"""The residual that the iteration aims at, relative to the targets (Euclidean norms)."""

ITERATIONS = 1000


class IterativeRegressor(Regressor):
    """A training kernel that is only used in products. `prepare_iteration` makes it."""

    jitter = 0.0

    def __init__(
        self, name: str, evaluate: Evaluate, which: int, x: Points, ridge: float, preconditioner: _Nystrom
    ) -> None:
        self.name, self.ridge = name, ridge
        self._evaluate, self._which, self._x = evaluate, which, x
        self._preconditioner = preconditioner

    def times(self, vector: Float[np.ndarray, " train"]) -> Float[np.ndarray, " train"]:
        """(K + ridge) · `vector`."""
        product = blocked.times(self._evaluate, self._x, self._which, vector)
        return product + self.ridge * vector

    def coefficients(self, y: Vector) -> Vector:
        """(K + ridge)⁻¹ y, for one target vector or several columns of them, one after another.

        Raises `StageError` if the iteration leaves more than `TRUSTED_RESIDUAL` of a column.
        """
        if y.ndim == 2:
            return np.stack([self.coefficients(column) for column in y.T], axis=1)
        shape = (len(y), len(y))
        kernel, inverse = (
            LinearOperator(shape, matvec=lambda v, f=product: f(v.ravel()), dtype=np.float64)
            for product in (self.times, self._preconditioner.solve)
        )
        with np.errstate(all="ignore"):  # divisions by 0 are judged below
            solution, _ = cg(kernel, y, rtol=ASKED_RESIDUAL, maxiter=ITERATIONS, M=inverse)
        left = float(np.linalg.norm(self.times(solution) - y)) / max(float(np.linalg.norm(y)), 1e-300)
        if not left <= TRUSTED_RESIDUAL:  # also true if it is not a number
            raise StageError(
                f"{self.name} kernel: after at most {ITERATIONS} conjugate gradients the regression leaves "
                f"{left:.1e} of the targets (trusted: {TRUSTED_RESIDUAL:.0e}): the kernel is too "
                "ill-conditioned, or none"
            )
        found: Vector = solution
        return found


class _Nystrom:
    """P⁻¹ of the module's docstring. `prepare_iteration` makes it."""

    def __init__(self, between: Matrix, chosen: np.ndarray, ridge: float) -> None:
        among = between[chosen]
        # As much as rounding has put into `among`, so that it has a Cholesky factor. It is subtracted below.
        shift = len(among) * float(np.finfo(np.float64).eps) * float(np.trace(among))
        lower = cholesky(among + shift * np.eye(len(among)), lower=True)
        root = solve_triangular(lower, between.T, lower=True).T  # K ≈ root rootᵀ
        values, vectors = eigh(root.T @ root)
        kept = values > shift
        self._values = values[kept] - shift
        self._vectors = root @ (vectors[:, kept] / np.sqrt(values[kept]))
        self._ridge = ridge

    def solve(self, vector: Float[np.ndarray, " train"]) -> Float[np.ndarray, " train"]:
        along = self._vectors.T @ vector
        least = self._values[0] + self._ridge
        solved: Float[np.ndarray, " train"] = vector + self._vectors @ (
            (least / (self._values + self._ridge) - 1) * along
        )
        return solved


def prepare_iteration(
    name: str, evaluate: Evaluate, which: int, x: Points, ridge: float, rank: int = RANK
) -> IterativeRegressor:
    """The kernel number `which` of those that `evaluate` gives among `x`, prepared for iterative solves.

    `rank` points make the preconditioner. They are drawn at random, always the same for the same number of
    points. Raises `StageError` if the kernel among them is not finite or is not a kernel.
    """
    chosen = np.sort(np.random.default_rng(len(x)).choice(len(x), min(rank, len(x)), replace=False))
    between = blocked.between(evaluate, x, x[chosen], [which])[0]
    if not np.isfinite(between).all():
        count = np.sum(~np.isfinite(between))
        raise StageError(f"{name} kernel: {count} of {between.size} entries are not finite")
    try:
        preconditioner = _Nystrom(between, chosen, ridge)
    except np.linalg.LinAlgError as error:
        raise StageError(
            f"{name} kernel, among {len(chosen)} of the points: {error}: not a kernel"
        ) from error
    return IterativeRegressor(name, evaluate, which, x, ridge, preconditioner)
