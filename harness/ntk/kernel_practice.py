"""What practice does to kernel regression: single precision, whitened inputs, images that are moved.

NumPy, in float64 unless said. Importing this module imports no JAX.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk.images import SIDE, Images
from harness.ntk.shapes import Points, Rows
from harness.ntk.solve import Cross, Gram

Predicted = Float[np.ndarray, "test *outputs"]
PracticeTargets = Float[np.ndarray, "train *outputs"]

WHITENINGS = (1e-3, 1e-2, 1e-1, 1.0)
"""Of `whitened`: strengths that are tried. Next to none, which makes noise of what hardly varies, to hardly
any whitening."""


def single_precision(gram: Gram, cross: Cross, y: PracticeTargets) -> Predicted:
    """K(x, X) K(X, X)⁻¹ y with kernels that are rounded to float32, and solved there by elimination with
    pivots: a Cholesky factor does not exist once rounding has made an eigenvalue negative.

    Raises `StageError` where the rounded kernel is singular.
    """
    narrow = np.float32
    try:
        weights = np.linalg.solve(gram.astype(narrow), y.astype(narrow))
    except np.linalg.LinAlgError as error:
        raise StageError(f"a kernel rounded to float32: {error}") from error
    predicted: Predicted = (cross.astype(narrow) @ weights).astype(np.float64)
    return predicted


def whitened(x: Rows, by: Points, strength: float) -> Rows:
    """(Σ + ε tr(Σ)/d)^(−1/2) (x − mean), Σ the covariance of `by`: regularised ZCA whitening (Lee et al. 2020
    arXiv:2007.15801, section 3.10). One factor for all makes the mean square of `by` one.
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
