"""Angles between points, kept as sin²(θ/2) and cos²(θ/2), which lose no digits near 0 or near π.

A layer of a network turns angles. In these two squares its formulas are sums of positive terms, products and
square roots: cos θ is their difference, sin θ twice the root of their product. So at most one arctangent for
an entry and layer is left, where an activation needs θ itself (`harness.ntk.duals`).

NumPy and SciPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from harness.ntk.shapes import Columns, Matrix, Rows

Squares = Float[np.ndarray, " pairs"]
Signs = Float[np.ndarray, " pairs"]
Places = Int[np.ndarray, " pairs"]

ALIKE = 7 / 8
"""Cosine beyond which θ comes from the points' difference, or their sum. Up to there, a scalar product that
is off by δ changes θ by δ/sin θ, 2.1 δ at most."""

FEW = 4
"""Up to one pair in `FEW`, only their differences are taken, each at some four times the cost of an entry of
`cdist`."""


@dataclass(frozen=True)
class HalfAngles:
    """sin²(θ/2) and cos²(θ/2) of angles θ between 0 and π; made by the functions `of_…` of this module, and
    layer by layer. They add up to 1, to rounding."""

    sines: Matrix
    cosines: Matrix

    def cosine(self) -> Matrix:
        """cos θ."""
        cosine: Matrix = self.cosines - self.sines
        return cosine

    def squared_sine(self) -> Matrix:
        """sin² θ."""
        squared: Matrix = self.sines * self.cosines
        squared *= 4
        return squared

    def radians(self) -> Matrix:
        """θ."""
        radians: Matrix = 2 * np.arctan2(np.sqrt(self.sines), np.sqrt(self.cosines))
        return radians


def of_radians(angle: Matrix) -> HalfAngles:
    return HalfAngles(np.sin(angle / 2) ** 2, np.cos(angle / 2) ** 2)


def of_cosine(cosine: Matrix) -> HalfAngles:
    """From cos θ, which rounding may put beyond ±1. Near 0 and π it has half of the digits of θ."""
    sines = cosine * -0.5
    sines += 0.5
    np.clip(sines, 0, 1, out=sines)
    return HalfAngles(sines, 1 - sines)


def of_directions(u: Rows, v: Columns, cosine: Matrix) -> HalfAngles:
    """Between rows of `u` and `v` of length 1 (or 0: θ = π/2), whose scalar products are `cosine`.

    By ‖u−v‖² = 4 sin²(θ/2) where points are alike and by ‖u+v‖² = 4 cos²(θ/2) where they are nearly opposite,
    as in Kahan's formula ("How futile are mindless assessments of roundoff in floating-point computation?",
    2006, "Mangled angles"); by the scalar product in between, where it is as accurate and cheaper.
    """
    sines = cosine * -0.5
    sines += 0.5
    cosines = 1 - sines
    places = np.flatnonzero(np.abs(cosine) > ALIKE)
    if len(places):
        signs = np.sign(cosine.ravel()[places])
        small = _squared_distances(u, v, places, signs) / 4
        large = 1 - small
        np.put(sines, places, np.where(signs > 0, small, large))
        np.put(cosines, places, np.where(signs > 0, large, small))
    return HalfAngles(sines, cosines)


def coincident(like: Matrix) -> HalfAngles:
    """θ = 0 everywhere."""
    return HalfAngles(np.zeros_like(like), np.ones_like(like))


def _squared_distances(u: Rows, v: Columns, places: Places, signs: Signs) -> Squares:
    """‖u − sign v‖² of the pairs at these places of the matrix, which count row by row."""
    if FEW * len(places) > len(u) * len(v):
        alike = cdist(u, v, "sqeuclidean").ravel()[places]
        opposite = cdist(u, -v, "sqeuclidean").ravel()[places] if signs.min() < 0 else alike
        every: Squares = np.where(signs > 0, alike, opposite)
        return every
    rows, columns = np.divmod(places, len(v))
    apart = u[rows] - signs[:, None] * v[columns]
    squares: Squares = np.einsum("pi,pi->p", apart, apart)
    return squares
