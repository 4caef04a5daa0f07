"""Angles between points, kept as sin²(θ/2) and cos²(θ/2), which lose no digits near 0 or near π.

A layer of a network changes angles. In these two squares its formulas are sums of positive terms, products
and square roots: cos θ is their difference, sin θ twice the root of their product. So an entry and layer
needs at most one arctangent, if an activation needs θ itself (`harness.ntk.duals`).

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
"""The cosine beyond which θ is computed from the points' difference or sum. Up to it, a scalar product that
is off by δ changes θ by δ/sin θ, 2.1 δ at most."""

FEW = 4
"""If at most one pair in `FEW` needs differences, they are taken for these pairs only, each at some four
times the cost of an entry of `cdist`."""


@dataclass(frozen=True)
class HalfAngles:
    """sin²(θ/2) and cos²(θ/2) of angles θ between 0 and π. They add up to 1, to rounding.

    The functions `of_…` of this module make them, and layers transform them.
    """

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
    """Angles from cos θ, which rounding may put beyond ±1. Near 0 and π they have half of the digits of θ."""
    sines = cosine * -0.5
    sines += 0.5
    np.clip(sines, 0, 1, out=sines)
    return HalfAngles(sines, 1 - sines)


def of_directions(u: Rows, v: Columns, cosine: Matrix) -> HalfAngles:
    """Angles between rows of `u` and `v` of length 1 (or 0: θ = π/2), whose scalar products are `cosine`.

    They are computed from ‖u−v‖² = 4 sin²(θ/2) if points are alike, and from ‖u+v‖² = 4 cos²(θ/2) if they are
    nearly opposite, as in Kahan's formula ("How futile are mindless assessments of roundoff in floating-point
    computation?", 2006, "Mangled angles"). In between they come from the scalar product, which is as accurate
    there and cheaper.
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
    """‖u − sign v‖² of the pairs at these places of the matrix, which are counted row by row."""
    if FEW * len(places) > len(u) * len(v):
        alike = cdist(u, v, "sqeuclidean").ravel()[places]
        opposite = cdist(u, -v, "sqeuclidean").ravel()[places] if signs.min() < 0 else alike
        every: Squares = np.where(signs > 0, alike, opposite)
        return every
    rows, columns = np.divmod(places, len(v))
    apart = u[rows] - signs[:, None] * v[columns]
    squares: Squares = np.einsum("pi,pi->p", apart, apart)
    return squares
