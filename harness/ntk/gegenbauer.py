"""Eigenvalues of dot-product kernels on the sphere S^(d−1) of R^d, under its uniform distribution.

By the Funk–Hecke theorem (Atkinson & Han 2012, "Spherical Harmonics and Approximations on the Unit Sphere",
theorem 2.22) every harmonic of degree k is an eigenfunction, with the eigenvalue

    λ_k = ∫₀^π K(θ) P_k(cos θ) sin^(d−2) θ dθ / ∫₀^π sin^(d−2) θ dθ

P_k the Gegenbauer polynomial of index (d−2)/2 with P_k(1) = 1 (Legendre at d = 3, Chebyshev at d = 2), of
which there are `multiplicity(d, k)`; K(0) = Σ_k multiplicity λ_k (Mercer). A kernel is a function of the
angle, not of t = cos θ: those of networks, and Laplace's, have √(1−t) at t = 1, which is smooth in θ.

The integral is a trapezoidal sum over s, θ = π/(1 + exp(−π sinh s)) (the double exponential rule: Takahasi &
Mori 1974, "Double Exponential Formulas for Numerical Integration", Publications RIMS 9): weights are known to
the last digit, and powers such as θ^½ and θ^¼, which kernels of step activations have, do no harm.
Against 50 digits and closed forms the error is below `NOISE` K(0) (`tests/ntk/test_gegenbauer.py`): an
eigenvalue of 1e-10 K(0) keeps five digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float

Angles = Float[np.ndarray, " nodes"]
AngleKernel = Callable[[Angles], Angles]
"""A function from angles in [0, π] to K, elementwise."""
NOISE = 5e-16
"""A bound on the rounding of an eigenvalue, in units of K(0). Weights and polynomials are at most 1."""
_END = 3.3


def gegenbauer_coefficients(
    kernel: AngleKernel, dimension: int, degrees: Sequence[int]
) -> Float[np.ndarray, " degrees"]:
    """λ_k for each degree. Raises `ValueError` for a dimension below 2 or a negative degree."""
    if dimension < 2:
        raise ValueError(f"dimension: expected at least 2, found {dimension}")
    if any(degree < 0 for degree in degrees):
        raise ValueError(f"degrees: expected at least 0, found {min(degrees)}")
    highest = max(degrees, default=0)
    angle, weight = _nodes(highest)
    measure = weight * np.sin(angle) ** (dimension - 2)
    values = np.asarray(kernel(angle), dtype=np.float64) * measure / math.fsum(measure.tolist())
    found = dict.fromkeys(degrees, 0.0)
    for degree, polynomial in enumerate(_polynomials(np.cos(angle), dimension, highest)):
        if degree in found:
            found[degree] = math.fsum((values * polynomial).tolist())  # Python floats take less time
    return np.array([found[degree] for degree in degrees])


def multiplicity(dimension: int, degree: int) -> int:
    """The number of independent harmonics of this degree on S^(d−1) (Atkinson & Han 2012, eq. 2.10)."""
    if degree == 0:
        return 1
    return (2 * degree + dimension - 2) * math.comb(degree + dimension - 3, degree - 1) // degree


def _nodes(highest: int) -> tuple[Angles, Angles]:
    """Angles and their weights, enough for products of the kernel with polynomials of this degree.

    P_k(cos θ) has k half-waves, and a unit of s passes at most π/2 of them, so that each has more than 4
    nodes. Beyond the ends weights are below 1e-18.
    """
    step = 1.0 / (64 + 4 * highest)
    s = np.arange(-math.ceil(_END / step), math.ceil(_END / step) + 1) * step
    shrink = np.exp(-np.pi * np.sinh(s))
    angle = np.pi / (1 + shrink)
    return angle, step * np.pi * np.cosh(s) * angle * (shrink / (1 + shrink))


def _polynomials(t: Angles, dimension: int, highest: int) -> Iterator[Angles]:
    """P_0, …, P_highest by (k + d − 2) P_(k+1) = (2k + d − 2) t P_k − k P_(k−1), which is stable upwards."""
    before, now = np.zeros_like(t), np.ones_like(t)
    for k in range(highest + 1):
        yield now
        first = max(k + dimension - 2, 1)  # of degree 0 at d = 2: P_1 = t
        factor = (2 * k + dimension - 2) / first if k else 1.0
        before, now = now, factor * t * now - k / first * before
