"""Least-squares slopes over all points of an axis and over its halves, as weights of the points' numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence


def slope_weights(x: Sequence[float]) -> tuple[float, ...]:
    """The weights w for which Σ w·y is the slope of the least-squares line through the points (x, y)."""
    centre = math.fsum(x) / len(x)
    spread = math.fsum((v - centre) ** 2 for v in x)
    return tuple((v - centre) / spread for v in x)


def bend_weights(x: Sequence[float]) -> tuple[float, ...]:
    """The weights for which Σ w·y is the slope over the upper half of the points less that over the lower.

    The points are halved by number, in the order of x, whatever their distances and the order in which they
    are given; the middle one of an odd number belongs to both halves. A straight line has the bend 0. Takes
    at least three points.
    """
    order = sorted(range(len(x)), key=x.__getitem__)
    size = (len(x) + 1) // 2
    weights = [0.0] * len(x)
    for half, sign in ((order[:size], -1.0), (order[-size:], 1.0)):
        for place, weight in zip(half, slope_weights([x[i] for i in half]), strict=True):
            weights[place] += sign * weight
    return tuple(weights)
