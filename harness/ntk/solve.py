"""Kernel regression and what gradient descent on a fixed kernel arrives at, float64.

A `Solver` factors one training Gram matrix and serves any number of right-hand sides. Its predictors
(Lee et al. 2019 arXiv:1902.06720, the linearised dynamics; gradient descent on ½Σr², r = f(X) − y):

    regression     K(x,X) K⁻¹ y
    given f₀       f₀(x) + Θ(x,X) Θ⁻¹ (y − f₀(X))                       infinite time
    after t steps  f₀(x) + Θ(x,X) Θ⁻¹ (I − (I − ηΘ)^t) (y − f₀(X))      steps of size η instead of e^(−ηΘt)

and regression with the ridge that leaving one point out prefers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Real
from scipy.linalg import cho_factor, cho_solve, eigh

from harness.declare import StageError

TRUSTED_CONDITION = 1e-6 / np.finfo(np.float64).eps
"""4.5e9: a solve loses about condition × 2.2e-16 (Higham 2002, ch. 10), and predictions are to be good to the
1e-6 of the float32 networks that they are compared with."""

TRUSTED_RESIDUAL = 1e-3
"""Where jitter was needed, what the regression may leave of the targets (relative, Euclidean). It stands in
for an interpolation; the networks beside it stop at a residual of 1e-2 (loss 1e-4), ten times that."""

MATCHED_IN_TIME = ("ntk-at-time.error", "single-vs-ntk-at-time.distance", "centred-vs-ntk-at-time.distance")
"""The quantities of `ntk.regression` that compare a network with its kernel after as many steps as it took,
by `Solver.after`: they mean the same at any condition number."""

RIDGES = 10.0 ** np.arange(-6, 1.01, 0.25)
"""The ridges that leave-one-out chooses from, in units of the kernel's mean diagonal: next to none to ten
times as much, four to a decade (the error is flat around its minimum, over a factor of two and more)."""

Vector = Float[np.ndarray, "train *nets"]
AtTest = Float[np.ndarray, "test *nets"]
TargetColumns = Float[np.ndarray, "train *#nets"]
Gram = Float[np.ndarray, "train train"]
Cross = Float[np.ndarray, "test train"]


@dataclass(frozen=True)
class LeaveOneOut:
    """Kernel regression with the ridge that leave-one-out chose; made by `Solver.leave_one_out`."""

    ridge: float
    """in units of the kernel's mean diagonal"""
    error: float
    """root mean square of `residuals`"""
    residuals: Float[np.ndarray, " train"]
    """target minus what the other points predict, at each training point"""
    predictions: Float[np.ndarray, " test"]


@dataclass(frozen=True)
class Solver:
    """A factored training kernel; made by `factor`. `jitter` and `ridge` are in the kernel's own unit."""

    name: str
    eigenvalues: Float[np.ndarray, " train"]
    eigenvectors: Gram
    cholesky: Gram
    ridge: float
    jitter: float

    @property
    def largest(self) -> float:
        """λ_max of the kernel itself, without ridge and jitter."""
        return float(self.eigenvalues[-1])

    @property
    def condition(self) -> float:
        """Condition number of what was to be solved: kernel and ridge, without jitter; at most 1/eps."""
        return _condition(self.eigenvalues + self.ridge)

    def coefficients(self, y: Vector) -> Vector:
        """(K + ridge)⁻¹ y, for one target vector or several columns of them.

        Raises `StageError` when jitter was needed and changes the answer: the regression then leaves more
        than `TRUSTED_RESIDUAL` of the targets.
        """
        solution: Vector = cho_solve((self.cholesky, True), y)
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

    def regression(self, cross: Cross, y: Vector) -> AtTest:
        """K(x,X) (K + ridge)⁻¹ y at the test points. Raises `StageError` as `coefficients` does."""
        predictions: AtTest = cross @ self.coefficients(y)
        return predictions

    def given(
        self, cross: Cross, y: Float[np.ndarray, " train"], f0_train: Vector, f0_test: AtTest
    ) -> AtTest:
        """Regression on what the initial functions leave, added to them; a column per network.

        Raises `StageError` as `coefficients` does.
        """
        predictions: AtTest = f0_test + self.regression(cross, _column(y, f0_train) - f0_train)
        return predictions

    def leave_one_out(self, cross: Cross, y: Float[np.ndarray, " train"]) -> LeaveOneOut:
        """Regression with the ridge of `RIDGES` whose leave-one-out error on the training points is least.

        The residual at point i of the regression on all the others is [K̂⁻¹y]_i / [K̂⁻¹]_ii, K̂ = K + ridge · I
        (Golub, Heath & Wahba 1979, Technometrics 21; Rasmussen & Williams 2006, eq. 5.12). The solver's own
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
        cross: Cross,
        y: Float[np.ndarray, " train"],
        f0_train: Vector,
        f0_test: AtTest,
    ) -> AtTest:
        """Where gradient descent with the fixed kernel is after `steps` steps of `learning_rate` (own unit).

        Neither ridge nor jitter enters. A mode of eigenvalue λ has come 1 − (1 − ηλ)^t of its way, and its
        weight in the prediction is that over λ, which tends to ηt as λ → 0: nothing is inverted, and a kernel
        of any condition will do.
        """
        modes = self.eigenvectors.T @ (_column(y, f0_train) - f0_train)
        values = np.maximum(self.eigenvalues, 0.0)  # a Gram matrix has none below 0, but for rounding
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


def factor(name: str, gram: Gram, ridge: float = 0.0) -> Solver:
    """Factor the training kernel `gram` + `ridge` · I; `name` appears in error messages.

    Jitter is added only where the condition number is beyond `TRUSTED_CONDITION`, and only as much as
    brings it there; whether it changes the answer is judged per right-hand side (`Solver.coefficients`).

    Raises `StageError` when the kernel is not finite or is no kernel: an eigenvalue below 0 by more than
    rounding.
    """
    gram = np.asarray(gram, dtype=np.float64)
    if not np.isfinite(gram).all():
        raise StageError(f"{name} kernel: {np.sum(~np.isfinite(gram))} of {gram.size} entries are not finite")
    gram = (gram + gram.T) / 2
    values, vectors = eigh(gram)
    # Entries of closed-form ReLU kernels carry errors of about 1e-8 near the diagonal (√(1−c²) at c ≈ 1).
    if values[0] < -1e-7 * values[-1] or values[-1] <= 0:
        raise StageError(f"{name} kernel: eigenvalues from {values[0]:.2e} to {values[-1]:.2e}: not a kernel")
    lowest, highest = values[0] + ridge, values[-1] + ridge
    jitter = 0.0
    if _condition(values + ridge) > TRUSTED_CONDITION:
        # (highest + jitter) / (lowest + jitter) = TRUSTED_CONDITION
        jitter = float((highest - TRUSTED_CONDITION * lowest) / (TRUSTED_CONDITION - 1))
    lower, _ = cho_factor(gram + (ridge + jitter) * np.eye(len(gram)), lower=True)
    return Solver(name, values, vectors, lower, ridge, jitter)


def largest_eigenvalue(gram: Gram) -> float:
    """λ_max of a Gram matrix. Raises `StageError` when it is not finite and positive."""
    largest = float(np.linalg.eigvalsh(gram)[-1]) if np.isfinite(gram).all() else float("nan")
    if not 0 < largest < float("inf"):
        raise StageError(f"largest eigenvalue of the kernel: expected finite and positive, found {largest}")
    return largest


def _condition(values: Float[np.ndarray, " train"]) -> float:
    smallest = max(float(values[0]), float(values[-1]) * float(np.finfo(np.float64).eps))
    return float(values[-1]) / smallest


def _column(y: Float[np.ndarray, " train"], like: TargetColumns) -> TargetColumns:
    return y[:, None] if like.ndim == 2 else y
