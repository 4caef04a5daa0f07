"""Test risk estimated from training data alone, and each training point's contribution. NumPy and SciPy only.

With A = (K + δ)⁻¹ and the prediction k(x)ᵀA y:

    KARE        n yᵀA²y / (tr A)²        Jacot et al. 2020 arXiv:2006.09796, the kernel alignment risk
    estimator,
                                         (1/n) yᵀ(K/n + λ)⁻²y / ((1/n) tr (K/n + λ)⁻¹)² with λ = δ/n; it is
                                         the generalised cross-validation of Golub, Heath & Wahba 1979
    leave-one-out   mean of ([Ay]_i / A_ii)²     (Golub, Heath & Wahba 1979, Technometrics 21)
    threshold   1 / tr A                 estimates κ: the signal capture threshold of Jacot et al.
    training    δ² yᵀA²y / n

All of these are estimates of the risk on noisy labels, as the training labels are noisy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack

from harness.declare import StageError
from harness.ntk.solve import Cross, Gram

TrainingLabels = Float[np.ndarray, " train"]

TRUSTED = 1e13
"""The largest condition number at which a solve is accepted: it leaves three digits, and the noise terms here
need two."""


@dataclass(frozen=True)
class Ridge:
    """A Gram matrix and the ridge added to its diagonal, in the Gram matrix's unit. No jitter is ever added.

    Every property raises `StageError` if the condition number is beyond `TRUSTED`.
    """

    gram: Gram
    ridge: float

    @cached_property
    def inverse(self) -> Gram:
        """A."""
        size = len(self.gram)
        matrix = self.gram + self.ridge * np.eye(size)
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=1, overwrite_a=0)
        if failed:
            raise StageError("kernel: no Cholesky factor; its condition number is beyond 1/eps")
        below, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)  # its lower half
        inverse: Gram = below + below.T
        inverse.flat[:: size + 1] /= 2
        condition = float(np.linalg.norm(matrix, 1) * np.linalg.norm(inverse, 1))
        if not condition <= TRUSTED:
            raise StageError(
                f"kernel: expected a condition number of at most {TRUSTED:g}, found {condition:.1e}"
            )
        return inverse

    def weights(self, cross: Cross) -> Cross:
        """A k(x), one row for each test point: the weight of each label in the prediction there."""
        weights: Cross = cross @ self.inverse
        return weights

    def kare(self, y: TrainingLabels) -> float:
        alpha = self.inverse @ y
        return len(y) * float(alpha @ alpha) / float(np.trace(self.inverse)) ** 2

    def leave_one_out(self, y: TrainingLabels) -> float:
        return float(np.mean(self.left_out(y) ** 2))

    def left_out(self, y: TrainingLabels) -> TrainingLabels:
        """Label minus what the other points predict, at each training point."""
        residuals: TrainingLabels = (self.inverse @ y) / np.diag(self.inverse)
        return residuals

    def training(self, y: TrainingLabels) -> float:
        """The mean squared training residual.

        Raises `StageError` without a ridge, since nothing is left then.
        """
        if self.ridge <= 0:
            raise StageError("training risk: expected a ridge, found 0, with which nothing is left")
        residuals = self.ridge * (self.inverse @ y)
        return float(np.mean(residuals**2))

    def corrected_once(self, y: TrainingLabels) -> float:
        """The training risk over 1 − (degrees of freedom)/n: a linear model's unbiased noise estimate."""
        return self.training(y) * len(y) / (self.ridge * float(np.trace(self.inverse)))

    @property
    def threshold(self) -> float:
        return 1 / float(np.trace(self.inverse))

    def excess(self, cross: Cross) -> float:
        """The risk that labels of pure noise add over the clean function, in units of their variance.

        This is the mean over test points of |A k(x)|². The expectation over the noise is exact.
        """
        return float(np.mean(np.sum(self.weights(cross) ** 2, axis=1)))

    def change_by_leaving_out(self, cross: Cross, y: TrainingLabels) -> float:
        """How far predictions move when one training point is left out, as a root mean square.

        The mean is over test points and training points of |[A k(x)]_i [Ay]_i / A_ii|, by the inverse of a
        bordered matrix.
        """
        at_test = np.mean(self.weights(cross) ** 2, axis=0)
        return float(np.sqrt(np.mean(at_test * self.left_out(y) ** 2)))
