"""Eigenvalues of kernels on anisotropic Gaussian data, from the data's variances alone.

Inputs are Gaussian with variances γ_i that add up to r². On the sphere of radius r a kernel that is invariant
under rotations is Σ_l a_l u^l, u = x·x'/r². There its eigenfunctions are approximately products of Hermite
polynomials of degrees α_i in the directions i, with eigenvalue

    c_l Π γ_i^α_i,    c_l = l! a_l / r^2l,    l = Σ α_i

(the "Hermite eigenstructure ansatz" of Karkada et al. 2025 arXiv:2510.14878: of (x·x')^l the leading part of
each product x^α x'^α has the coefficient l!/α!, and that of degree α in x^α is √(α!) γ^(α/2)). It neglects
lower degrees, which matters if few directions have most of the variance, and the fact that lengths of x
differ from r. NumPy and SciPy only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from harness.ntk.shapes import Points

InputVariances = Float[np.ndarray, " inputs"]
Largest = Float[np.ndarray, " modes"]
HIGHEST = 4
"""The highest degree of the listed products. Higher degrees have eigenvalues below those that are used."""
_FIT, _REACH = 40, 0.9
"""Degree and range of the polynomial from which the a_l are read. ReLU's kernels are analytic in |u| < 1, so
that its error is below 1e-8 for l up to 4."""


def variances(inputs: int, decay: float) -> InputVariances:
    """i^(−decay), scaled to add up to `inputs`."""
    found = np.arange(1, inputs + 1, dtype=np.float64) ** -decay
    scaled: InputVariances = found * (inputs / found.sum())
    return scaled


def gaussian_points(points: int, gamma: InputVariances, random: np.random.Generator) -> Points:
    """Independent Gaussian points with these variances."""
    x: Points = random.standard_normal((points, len(gamma))) * np.sqrt(gamma)
    return x


@lru_cache(maxsize=32)
def power_series(profile: Callable[[np.ndarray], np.ndarray]) -> Float[np.ndarray, " degrees"]:
    """a_0 to a_HIGHEST of a kernel κ(θ), κ(arccos u) = Σ a_l u^l.

    They are computed once for each function.
    """
    fit = np.polynomial.Chebyshev.interpolate(
        lambda u: profile(np.arccos(_REACH * u)), _FIT, domain=[-1.0, 1.0]
    )
    series = np.asarray(fit.convert(kind=np.polynomial.Polynomial).coef, dtype=np.float64)
    found: Float[np.ndarray, " degrees"] = series[: HIGHEST + 1] / _REACH ** np.arange(HIGHEST + 1)
    return found


def ansatz_eigenvalues(series: Float[np.ndarray, " degrees"], gamma: InputVariances, modes: int) -> Largest:
    """The largest `modes` eigenvalues of the ansatz, descending.

    Negative ones, which come from a_l that are only rounding, count as 0.
    """
    found, size = [series[:1]], float(gamma.sum())
    for degree in range(1, HIGHEST + 1):
        level = math.factorial(degree) * float(series[degree]) / size**degree
        found.append(level * np.prod(gamma[_products(len(gamma), degree)], axis=1))
    largest: Largest = np.sort(np.maximum(np.concatenate(found), 0.0))[::-1][:modes]
    return largest


@lru_cache(maxsize=2 * HIGHEST)
def _products(inputs: int, degree: int) -> Int[np.ndarray, "products degree"]:
    """The directions of every product of this degree, one row each, with each set of directions once."""
    chosen = itertools.combinations_with_replacement(range(inputs), degree)
    return np.array(list(chosen), dtype=np.intp)


def sampled(gram: Float[np.ndarray, "points points"], modes: int) -> Largest:
    """The largest `modes` eigenvalues of a Gram matrix over its number of points."""
    largest: Largest = np.linalg.eigvalsh(gram / len(gram))[::-1][:modes].copy()
    return largest


def typical_log_error(found: Largest, expected: Largest) -> float:
    """The median of |ln found/expected| over modes, rank by rank.

    Raises `FloatingPointError` if an eigenvalue is not positive.
    """
    if min(found.min(), expected.min()) <= 0:
        raise FloatingPointError("eigenvalues: expected positive ones, found rounding")
    return float(np.median(np.abs(np.log(found / expected))))
