"""Spectra of kernels on the sphere in three dimensions, by Legendre coefficients, not from samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import roots_legendre

from harness.ntk.shapes import Columns, Matrix, Rows


def decay(kernel: Callable[[Rows, Columns], Matrix], frequencies: tuple[int, int], nodes: int) -> float:
    """The exponent −Δ ln λ / Δ ln k between two frequencies, of eigenvalues λ_k ∝ ∫ K(t) P_k(t) dt.

    The mean of that of the two frequencies and of that of the next ones: even and odd ones count alike.
    The kernel is of points of norm √3, and depends on their angle alone.
    """
    t, weights = roots_legendre(nodes)
    around = np.sqrt(3.0) * np.stack([t, np.sqrt(1 - t**2), np.zeros_like(t)], axis=1)
    values = kernel(np.sqrt(3.0) * np.array([[1.0, 0.0, 0.0]]), around)[0]
    exponents = []
    for step in (0, 1):
        low, high = (
            float(np.sum(weights * values * np.polynomial.legendre.legval(t, np.eye(k + 1)[k])))
            for k in (frequencies[0] + step, frequencies[1] + step)
        )
        exponents.append(-np.log(high / low) / np.log((frequencies[1] + step) / (frequencies[0] + step)))
    return float(np.mean(exponents))
