"""Angles between points, kept as sin²(θ/2) and cos²(θ/2), which lose no digits near 0 or near π.

A layer of a network turns angles. In these two squares its formulas are sums of positive terms, products and
square roots: cos θ is their difference, sin θ twice the root of their product. So at most one arctangent for
an entry and layer is left, where an activation needs θ itself (`harness.ntk.duals`).

NumPy and SciPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist

from harness.ntk.shapes import Columns, Matrix, Rows

Squares = Float[np.ndarray, " pairs"]
Chosen = Bool[np.ndarray, "rows columns"]

ALIKE = np.sqrt(0.5)
"""Cosine from which on sin²(θ/2) comes from the points' difference. Up to there, (1 − cos θ)/2 of a scalar
product that is off by δ changes θ by √2 δ at most."""

FEW = 4
"""Where fewer than one in so many pairs are alike, only their differences are taken, each at about four
times the cost of an entry of `cdist`."""


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
    for chosen, sign, small, large in (
        (cosine > ALIKE, 1.0, sines, cosines),
        (cosine < -ALIKE, -1.0, cosines, sines),
    ):
        if chosen.any():
            squares = _squared_distances(u, sign * v, chosen) / 4
            small[chosen], large[chosen] = squares, 1 - squares
    return HalfAngles(sines, cosines)


def coincident(like: Matrix) -> HalfAngles:
    """θ = 0 everywhere."""
    return HalfAngles(np.zeros_like(like), np.ones_like(like))


def _squared_distances(u: Rows, v: Columns, chosen: Chosen) -> Squares:
    """‖u−v‖² of the chosen pairs, in the order of the matrix."""
    if FEW * np.count_nonzero(chosen) > chosen.size:
        every: Squares = cdist(u, v, "sqeuclidean")[chosen]
        return every
    rows, columns = np.nonzero(chosen)
    apart = u[rows] - v[columns]
    squares: Squares = np.einsum("pi,pi->p", apart, apart)
    return squares
