"""How fast a kernel's eigenvalues fall with frequency, on the sphere in three dimensions. NumPy only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.declare import StageError
from harness.ntk.gegenbauer import NOISE, Angles, gegenbauer_coefficients
from harness.ntk.shapes import Columns, Matrix, Rows


def decay(kernel: Callable[[Rows, Columns], Matrix], frequencies: tuple[int, int]) -> float:
    """The exponent −Δ ln λ / Δ ln k between two frequencies, of eigenvalues λ_k.

    It is the mean of the exponents of these two frequencies and of the next two, so that even and odd ones
    count alike. The kernel takes points of norm √3, and depends only on their angle. Raises `StageError` if
    an eigenvalue is lost in rounding, or is 0 (as for odd frequencies, with one hidden layer and no biases).
    """

    def of_angle(angle: Angles) -> Angles:
        around = np.sqrt(3.0) * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
        values: Angles = kernel(np.sqrt(3.0) * np.array([[1.0, 0.0, 0.0]]), around)[0]
        return values

    low, high = np.array(frequencies), np.array(frequencies) + 1
    values = gegenbauer_coefficients(of_angle, 3, [int(k) for k in (*low, *high)])
    largest = float(of_angle(np.zeros(1))[0])
    if not values.min() > NOISE * largest:
        raise StageError(f"expected eigenvalues above {NOISE * largest:g}, found {values.min():g}")
    exponents = [
        -np.log(of[1] / of[0]) / np.log(degrees[1] / degrees[0])
        for of, degrees in ((values[:2], low), (values[2:], high))
    ]
    return float(np.mean(exponents))
