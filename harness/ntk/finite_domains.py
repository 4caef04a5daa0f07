"""Finite sets of inputs with the uniform distribution, on which every expectation is a sum. NumPy only.

All lie on the sphere of radius √d, so that every kernel of this package is defined there. A kernel's modes
are the eigenvectors of its Gram matrix over the domain divided by its size. The inner product of functions is
the mean of their product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.eigenlearning import Spectrum
from harness.ntk.risk_estimates import Ridge
from harness.ntk.shapes import Points

Whole = Float[np.ndarray, "domain domain"]
Basis = Float[np.ndarray, "domain functions"]
Each = Float[np.ndarray, " functions"]

EQUAL = 1e-9
"""Eigenvalues this close, relative to the largest, belong to one level: symmetry makes them equal."""


def circle(size: int) -> Points:
    """`size` points at equal angles, of norm √2."""
    angle = 2 * np.pi * np.arange(size) / size
    points: Points = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points


def hypercube(dimension: int) -> Points:
    """All 2^d points of {−1, 1}^d."""
    bits = (np.arange(2**dimension)[:, None] >> np.arange(dimension)) & 1
    corners: Points = 1.0 - 2.0 * bits
    return corners


def learnabilities(gram: Whole, chosen: np.ndarray, ridge: float, basis: Basis) -> Each:
    """⟨φ, f̂⟩ / ⟨φ, φ⟩ for each column φ of `basis`, where f̂ is ridge regression on φ at the chosen points.

    This is the D-learnability of Simon et al. 2021 (arXiv:2110.03922). Over a complete orthonormal basis they
    add up to tr (K + δ)⁻¹K, K of the chosen points. If δ = 0 this is the number of points, whatever the
    kernel and the basis.
    """
    weights = Ridge(gram[np.ix_(chosen, chosen)], ridge).weights(gram[:, chosen])
    kept: Each = np.sum(basis * (weights @ basis[chosen]), axis=0) / np.sum(basis**2, axis=0)
    return kept


def smoothed(gram: Whole, chosen: np.ndarray, basis: Basis) -> Each:
    """The same for the Nadaraya–Watson smoother Σ k(x,x_i) y_i / Σ k(x,x_i), which does not interpolate."""
    weights = gram[:, chosen] / gram[:, chosen].sum(axis=1, keepdims=True)
    kept: Each = np.sum(basis * (weights @ basis[chosen]), axis=0) / np.sum(basis**2, axis=0)
    return kept


@dataclass(frozen=True)
class Modes:
    """Eigenvalues, descending, and eigenfunctions of a kernel on a finite domain. `modes` makes it."""

    values: Each
    functions: Basis
    level: np.ndarray
    """The number of each mode's level."""

    @property
    def spectrum(self) -> Spectrum:
        """Each level once. Levels that rounding made negative count as 0."""
        counts = np.bincount(self.level).astype(np.float64)
        return Spectrum(np.maximum(self.by_level(self.values), 0.0), counts)

    def by_level(self, values: Each) -> Float[np.ndarray, " levels"]:
        """Means over the modes of each level."""
        means: Float[np.ndarray, " levels"] = np.bincount(self.level, weights=values) / np.bincount(
            self.level
        )
        return means


def modes(gram: Whole) -> Modes:
    """The modes of a kernel, from its Gram matrix over a domain; functions have mean square one."""
    size = len(gram)
    values, vectors = np.linalg.eigh(gram / size)
    values, vectors = values[::-1].copy(), vectors[:, ::-1] * np.sqrt(size)
    steps = np.concatenate([[0], np.abs(np.diff(values)) > EQUAL * values[0]])
    return Modes(values, vectors, np.cumsum(steps).astype(np.int64))


def random_basis(size: int, random: np.random.Generator) -> Basis:
    """A randomly rotated complete orthonormal basis, of mean square one."""
    basis: Basis = np.linalg.qr(random.standard_normal((size, size)))[0] * np.sqrt(size)
    return basis
