"""Kernel regression under practical conditions: single precision, whitened inputs, moved images.

NumPy, in float64 unless said otherwise. Importing this module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk.image_data import ClassSplit
from harness.ntk.images import SIDE, Images
from harness.ntk.shapes import Points, Rows
from harness.ntk.solve import Cross, Gram, factor

PracticeTargets = Float[np.ndarray, "train *outputs"]
Predicted = Float[np.ndarray, "test *outputs"]

WHITENINGS = (1e-3, 1e-2, 1e-1, 1.0)
"""The strengths of whitening that are tried: from almost none left, which amplifies noise in what hardly
varies, to hardly any whitening."""


def single_precision(gram: Gram, cross: Cross, y: PracticeTargets) -> Predicted:
    """K(x, X) K(X, X)⁻¹ y with kernels that are rounded to float32 and solved in float32.

    Elimination with pivots solves them, because a Cholesky factor does not exist once rounding has made an
    eigenvalue negative. Raises `StageError` if the rounded kernel is singular.
    """
    narrow = np.float32
    try:
        weights = np.linalg.solve(gram.astype(narrow), y.astype(narrow))
    except np.linalg.LinAlgError as error:
        raise StageError(f"a kernel rounded to float32: {error}") from error
    predicted: Predicted = (cross.astype(narrow) @ weights).astype(np.float64)
    return predicted


def whitened(x: Rows, by: Points, strength: float) -> Rows:
    """(Σ + ε tr(Σ)/d)^(−1/2) (x − mean), Σ the covariance of `by`: regularised ZCA whitening.

    Source: Lee et al. 2020 arXiv:2007.15801, section 3.10. One common factor makes the mean square of `by`
    one.
    """
    mean = by.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(by, rowvar=False, bias=True))
    root = np.sqrt(np.maximum(values, 0.0) + strength * values.mean())
    turn = (vectors / root) @ vectors.T
    size = np.sqrt(np.mean(((by - mean) @ turn) ** 2))
    found: Rows = (x - mean) @ turn / size
    return found


def moved_copy(x: Images, random: np.random.Generator) -> Images:
    """Each 8 × 8 image moved circularly by at most one pixel in each direction."""
    steps = random.integers(-1, 2, size=(len(x), 2))
    images = x.reshape(-1, SIDE, SIDE)
    rolled = [np.roll(image, tuple(step), (0, 1)) for image, step in zip(images, steps, strict=True)]
    return np.stack(rolled).reshape(x.shape)


@dataclass(frozen=True)
class DigitsInPractice:
    """Regression on digits with a named kernel. `ridge` is in units of the kernel's mean diagonal."""

    digits: ClassSplit
    name: str
    kernel: Callable[[np.ndarray, np.ndarray | None], np.ndarray]
    ridge: float

    def predictions(self, x: Images, x_test: Images, y: PracticeTargets) -> Predicted:
        """What regression on `x` predicts at `x_test`. Raises `StageError` as `solve.factor` does."""
        gram = self.kernel(x, None)
        solver = factor(self.name, gram, self.ridge * float(np.trace(gram)) / len(x))
        predicted: Predicted = solver.regression(self.kernel(x_test, x), y)
        return predicted

    def error(self, predictions: Predicted) -> float:
        """Root mean square error, divided by the root mean square of the test targets."""
        truth = self.digits.y_test
        return float(np.sqrt(np.mean((predictions - truth) ** 2) / np.mean(truth**2)))

    def plain(self) -> float:
        """The error on unchanged digits."""
        digits = self.digits
        return self.error(self.predictions(digits.x_train, digits.x_test, digits.y_train))

    def after_whitening(self) -> list[float]:
        """The error at each of `WHITENINGS`."""
        digits, by = self.digits, self.digits.x_train

        def error_at(strength: float) -> float:
            x, x_test = (whitened(each, by, strength) for each in (by, digits.x_test))
            return self.error(self.predictions(x, x_test, digits.y_train))

        return [error_at(strength) for strength in WHITENINGS]

    def ensemble(self, copies: list[Images]) -> float:
        """The error of the mean of several regressions, one on each of the copies."""
        digits = self.digits
        each = [self.predictions(x, digits.x_test, digits.y_train) for x in copies]
        return self.error(np.mean(each, axis=0))

    def union(self, copies: list[Images]) -> float:
        """The error of one regression on all of the copies together."""
        digits = self.digits
        y = np.concatenate([digits.y_train] * len(copies))
        return self.error(self.predictions(np.concatenate(copies), digits.x_test, y))
