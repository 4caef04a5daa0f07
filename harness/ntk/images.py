"""Single images: those of scikit-learn, and how each is standardised by its own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from harness.ntk.preprocess import to_sphere

SIDE = 8
"""The side of a digit of scikit-learn, in pixels."""

Images = Float[np.ndarray, "points pixels"]


def standardised_images(x: Images) -> Images:
    """Each image less its mean, scaled to norm √pixels."""
    return to_sphere(x - x.mean(axis=1, keepdims=True))


def digits_of_eight() -> tuple[Any, Any]:
    """The images of scikit-learn's digits, 8 × 8 pixels row by row, and their labels."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return np.array(bunch.data, dtype=np.float64), np.array(bunch.target)
