"""Kernel regression, and where gradient descent on a fixed kernel arrives, float64.

A `Solver` factors one training Gram matrix and serves any number of right-hand sides. Its predictors (Lee et
al. 2019 arXiv:1902.06720, the linearised dynamics; gradient descent on ½Σr², r = f(X) − y):

    regression     K(x,X) K⁻¹ y
    given f₀       f₀(x) + Θ(x,X) Θ⁻¹ (y − f₀(X))                       infinite time
    after t steps  f₀(x) + Θ(x,X) Θ⁻¹ (I − (I − ηΘ)^t) (y − f₀(X))      steps of size η instead of e^(−ηΘt)

and regression with the ridge that leaving one point out prefers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Real

from harness.declare import StageError
from harness.ntk.blocked import Across
from harness.ntk.extremes import DENSE, NOT_A_KERNEL, Times, extremes, outermost
from harness.ntk.packed import Packed

TRUSTED_CONDITION = 1e-6 / np.finfo(np.float64).eps
"""The largest trusted condition number, 4.5e9. A solve loses about condition × 2.2e-16 (Higham 2002, ch. 10),
and predictions should be good to the 1e-6 of the float32 networks with which they are compared."""

UNDERESTIMATED = 10.0
"""How many times LAPACK's estimate the condition number may be: 3 in nearly all cases, and more than 10 only
in constructed ones (Higham 2002, 15.4)."""

TRUSTED_RESIDUAL = 1e-3
"""If jitter was needed, the share of the targets that the regression may leave (relative, Euclidean). It
stands in for an interpolation; the networks beside it stop at a residual of 1e-2 (loss 1e-4), ten times that.
"""

MATCHED_IN_TIME = ("ntk-at-time.error", "single-vs-ntk-at-time.distance", "centred-vs-ntk-at-time.distance")
"""The quantities of `ntk.regression` that compare a network with its kernel after as many steps as it took,
by `Solver.after`. They mean the same at any condition number."""

RIDGES = 10.0 ** np.arange(-6, 1.01, 0.25)
"""The ridges from which leave-one-out chooses, in units of the kernel's mean diagonal: from almost 0 to ten
times as much, four to a decade (the error is flat around its minimum, over a factor of two and more)."""

Vector = Float[np.ndarray, "train *nets"]
AtTest = Float[np.ndarray, "test *nets"]
TargetColumns = Float[np.ndarray, "train *#nets"]
Gram = Float[np.ndarray, "train train"]
Cross = Float[np.ndarray, "test train"]


@dataclass(frozen=True)
class LeaveOneOut:
    """Kernel regression with the ridge that leave-one-out chose. `Solver.leave_one_out` makes it."""

    ridge: float
    """in units of the kernel's mean diagonal"""
    error: float
    """root mean square of `residuals`"""
    residuals: Float[np.ndarray, " train"]
    """target minus what the other points predict, at each training point"""
    predictions: Float[np.ndarray, " test"]


class Regressor(ABC):
    """Regression on one training kernel, at infinite time.

    `factor` and `iterative.prepare_iteration` make it.
    """

    name: str
    jitter: float

    @abstractmethod
    def coefficients(self, y: Vector) -> Vector:
        """(K + ridge)⁻¹ y, for one target vector or several columns of them.

        Raises `StageError` if the regression leaves more than `TRUSTED_RESIDUAL` of the targets.
        """

    def regression(self, cross: Cross | Across, y: Vector) -> AtTest:
        """K(x,X) (K + ridge)⁻¹ y at the test points. Raises `StageError` as `coefficients` does."""
        predictions: AtTest = cross @ self.coefficients(y)
        return predictions

    def given(
        self, cross: Cross | Across, y: Float[np.ndarray, " train"], f0_train: Vector, f0_test: AtTest
    ) -> AtTest:
        """Regression on the residuals of the initial functions, added to them; one column per network.

        Raises `StageError` as `coefficients` does.
        """
        predictions: AtTest = f0_test + self.regression(cross, _column(y, f0_train) - f0_train)
        return predictions


class Solver(Regressor):
    """A factored training kernel. `jitter` and `ridge` are in the kernel's own unit. `factor` makes it.

    Regression takes only the Cholesky factor. Eigenvalues and eigenvectors are computed when they are first
    asked for: by `after` and `leave_one_out`, and up to `extremes.DENSE` points by `largest` and `condition`.
    """

    def __init__(self, name: str, matrix: Packed, ridge: float) -> None:
        """Raises `StageError` as `factor` does."""
        self.name, self.ridge, self.jitter = name, ridge, 0.0
        self._matrix = matrix
        self._outermost: tuple[float, float] | None = None
        if not self._plainly_conditioned():
            self.jitter = self._needed_jitter()
            if not matrix.factor(ridge + self.jitter):
                raise StageError(f"{name} kernel: no Cholesky factor, with a jitter of {self.jitter:.1e}")

    def _plainly_conditioned(self) -> bool:
        """Factor kernel and ridge, and return whether the factor shows a kernel of trusted condition.

        False means that eigenvalues must decide.
        """
        matrix, positive = self._matrix, True
        if self.ridge > 0 and self.ridge > (most := self._largest_at_least() * NOT_A_KERNEL):
            positive = most > 0 and matrix.factor(most)  # the ridge could hide that this is not a kernel
        if not (positive and matrix.factor(self.ridge)):
            return False
        return bool(UNDERESTIMATED * matrix.condition_estimate(self.ridge) <= TRUSTED_CONDITION)

    def _largest_at_least(self) -> float:
        """A lower bound on λ_max: the mean of the eigenvalues, and 1ᵀK1/n for the vector of n ones."""
        ones = np.ones(self._matrix.size)
        return max(float(self._matrix.diagonal.mean()), float(self._matrix.times(ones).mean()))

    def _needed_jitter(self) -> float:
        """The jitter that the eigenvalues need. Raises `StageError` if they are not a kernel's."""
        dense = self._matrix.size <= DENSE
        values = self.eigenvalues[[0, -1]] if dense else extremes(self._matrix)
        smallest, largest = self._outermost = float(values[0]), float(values[1])
        if smallest < -NOT_A_KERNEL * largest or largest <= 0:
            found = f"eigenvalues from {smallest:.2e} to {largest:.2e}"
            raise StageError(f"{self.name} kernel: {found}: not a kernel")
        lowest, highest = smallest + self.ridge, largest + self.ridge
        if _condition(lowest, highest) <= TRUSTED_CONDITION:
            return 0.0
        # (highest + jitter) / (lowest + jitter) = TRUSTED_CONDITION
        return (highest - TRUSTED_CONDITION * lowest) / (TRUSTED_CONDITION - 1)

    @cached_property
    def _eigen(self) -> tuple[Float[np.ndarray, " train"], Gram]:
        return self._matrix.eigen()

    @property
    def eigenvalues(self) -> Float[np.ndarray, " train"]:
        """The eigenvalues of the kernel itself, ascending."""
        return self._eigen[0]

    @property
    def eigenvectors(self) -> Gram:
        """The eigenvectors, one column for each eigenvalue."""
        return self._eigen[1]

    @cached_property
    def _smallest(self) -> float:
        """λ_min of the kernel itself."""
        if self._outermost is not None:
            return self._outermost[0]
        if self._matrix.size <= DENSE:
            return float(self.eigenvalues[0])
        # There is no jitter here: finding it would have computed the outermost eigenvalues.
        return 1 / outermost(self._matrix.solve, self._matrix.size) - self.ridge

    @cached_property
    def largest(self) -> float:
        """λ_max of the kernel itself, without ridge and jitter."""
        if self._outermost is not None:
            return self._outermost[1]
        if self._matrix.size <= DENSE:
            return float(self.eigenvalues[-1])
        return outermost(self._matrix.times, self._matrix.size)

    @property
    def condition(self) -> float:
        """Condition number of the system to solve: kernel and ridge, without jitter; at most 1/eps."""
        return _condition(self._smallest + self.ridge, self.largest + self.ridge)

    def coefficients(self, y: Vector) -> Vector:
        """(K + ridge)⁻¹ y, for one target vector or several columns of them.

        Raises `StageError` if jitter was needed and changes the answer: the regression then leaves more than
        `TRUSTED_RESIDUAL` of the targets.
        """
        solution: Vector = self._matrix.solve(y)
        left = self.jitter * float(np.linalg.norm(solution)) / max(float(np.linalg.norm(y)), 1e-300)
        if left > TRUSTED_RESIDUAL:
            raise StageError(
                f"{self.name} kernel: condition number {self.condition:.1e} is beyond "
                f"{TRUSTED_CONDITION:.1e}, and with the jitter that it needs ({self.jitter:.1e}) the "
                f"regression leaves {left:.1e} of the targets (trusted: {TRUSTED_RESIDUAL:.0e}). Predictions "
                f"at the time that was trained need no inverse: of ntk.regression "
                f"{', '.join(MATCHED_IN_TIME)}. "
                f"(A ridge is no way out: it changes which kernel predicts better)"
            )
        return solution

    def leave_one_out(self, cross: Cross | Across, y: Float[np.ndarray, " train"]) -> LeaveOneOut:
        """Regression with the ridge of `RIDGES` that has the least leave-one-out training error.

        The residual at point i of the regression on all the others is [K̂⁻¹y]_i / [K̂⁻¹]_ii, K̂ = K + ridge ·
        I (Golub, Heath & Wahba 1979, Technometrics 21; Rasmussen & Williams 2006, eq. 5.12). The solver's own
        ridge and jitter do not enter.
        """
        values = np.maximum(self.eigenvalues, 0.0)
        ridges = RIDGES * values.mean()  # the mean diagonal of K is the mean of its eigenvalues
        inverse = 1 / (values + ridges[:, None])
        modes = self.eigenvectors.T @ y
        residuals = ((inverse * modes) @ self.eigenvectors.T) / (inverse @ (self.eigenvectors**2).T)
        errors = np.sqrt(np.mean(residuals**2, axis=1))
        best = int(np.argmin(errors))
        predictions = cross @ (self.eigenvectors @ (inverse[best] * modes))
        return LeaveOneOut(float(RIDGES[best]), float(errors[best]), residuals[best], predictions)

    def after(
        self,
        steps: Real[np.ndarray, "*nets"],
        learning_rate: Float[np.ndarray, "*nets"],
        cross: Cross | Across,
        y: Float[np.ndarray, " train"],
        f0_train: Vector,
        f0_test: AtTest,
    ) -> AtTest:
        """Where gradient descent with the fixed kernel is after `steps` steps of `learning_rate` (own unit).

        Neither ridge nor jitter enters. A mode of eigenvalue λ has come 1 − (1 − ηλ)^t of its way, and its
        weight in the prediction is that over λ, which tends to ηt as λ → 0. Nothing is inverted, so the
        kernel may have any condition.
        """
        modes = self.eigenvectors.T @ (_column(y, f0_train) - f0_train)
        values = np.maximum(self.eigenvalues, 0.0)  # rounding can make some negative
        if modes.ndim == 2:
            values = values[:, None]
        pace = learning_rate * values  # ηλ
        # 1 − (1 − ηλ)^t by logarithms where it would cancel; directly where 1 − ηλ may be negative.
        slow = pace < 0.5
        by_logarithm = -np.expm1(steps * np.log1p(-np.where(slow, pace, 0.0)))
        done = np.where(slow, by_logarithm, 1.0 - (1.0 - pace) ** steps)
        weight = np.where(values > 0, done / np.where(values > 0, values, 1.0), steps * learning_rate)
        predictions: AtTest = f0_test + cross @ (self.eigenvectors @ (weight * modes))
        return predictions


def factor(name: str, gram: Gram | Packed, ridge: float = 0.0) -> Solver:
    """Factor the training kernel `gram` + `ridge` · I; `name` appears in error messages.

    Jitter is added only if the condition number is beyond `TRUSTED_CONDITION`, and only as much as brings it
    there. Whether it changes the answer is judged for each right-hand side (`Solver.coefficients`). The
    factor's own estimate decides if it is far from the limit; else the outermost eigenvalues do.

    A `Packed` kernel is factored in place; an array is copied and not changed.

    Raises `StageError` if the kernel is not finite or not a kernel: an eigenvalue below 0 by more than
    rounding.
    """
    matrix = gram if isinstance(gram, Packed) else Packed(np.asarray(gram, dtype=np.float64))
    if matrix.not_finite:
        raise StageError(f"{name} kernel: {matrix.not_finite} of {matrix.size**2} entries are not finite")
    return Solver(name, matrix, ridge)


def largest_eigenvalue(gram: Gram) -> float:
    """λ_max of a Gram matrix, good to `extremes.TOLERANCE` beyond `extremes.DENSE` points, else to rounding.

    Raises `StageError` if it is not finite and positive.
    """
    if len(gram) > DENSE:
        return largest_of(gram.__matmul__, len(gram))
    return _positive(float(np.linalg.eigvalsh(gram)[-1]) if np.isfinite(gram).all() else float("nan"))


def largest_of(times: Times, size: int) -> float:
    """λ_max of a Gram matrix of `size` points, given by products with it.

    Raises as `largest_eigenvalue` does.
    """
    finite = np.isfinite(times(np.ones(size))).all()
    return _positive(outermost(times, size) if finite else float("nan"))


def _positive(largest: float) -> float:
    if not 0 < largest < float("inf"):
        raise StageError(f"largest eigenvalue of the kernel: expected finite and positive, found {largest}")
    return largest


def _condition(lowest: float, highest: float) -> float:
    return highest / max(lowest, highest * float(np.finfo(np.float64).eps))


def _column(y: Float[np.ndarray, " train"], like: TargetColumns) -> TargetColumns:
    return y[:, None] if like.ndim == 2 else y
