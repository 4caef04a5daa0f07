"""Steps of kernel recursions that are not fully connected: what layers do to covariances (NumPy, float64).

A state describes pairs of units at any places: pixels of two images, or two whole points. It holds each
unit's variance and, for each pair, the gap E(u − v)² and the tangent kernel. It holds the gap, not the
covariance, because averages over a filter and sums over branches keep it to its last digit, while the
difference of covariances of nearly equal units would lose all digits. ReLU's derivative needs their angle
(`harness.ntk.duals`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.architecture import Activation
from harness.ntk.duals import dual
from harness.ntk.half_angles import HalfAngles, coincident
from harness.ntk.specifications import Scales

Variances = Float[np.ndarray, "..."]
PairValues = Float[np.ndarray, "..."]


@dataclass(frozen=True)
class PairState:
    """Variances of the first and the second units, broadcast against pairs; pairs' gaps and tangents."""

    first: Variances
    second: Variances
    gap: PairValues
    tangent: PairValues

    @property
    def covariance(self) -> PairValues:
        """E u v for each pair."""
        covariance: PairValues = (self.first + self.second - self.gap) / 2
        return covariance


def activated(state: PairState, activation: Activation) -> PairState:
    """The state after the activation of every unit."""
    a, b = np.sqrt(state.first), np.sqrt(state.second)
    shape = state.gap.shape
    wide_a, wide_b = (np.broadcast_to(each, shape) for each in (a, b))
    product = wide_a * wide_b
    # sin²(θ/2) = ((u − v)² − (a − b)²)/4ab, for vectors of lengths a and b.
    half = (state.gap - (wide_a - wide_b) ** 2) / np.where(product == 0, 1, 4 * product)
    sines = np.where(product == 0, 0.5, np.clip(half, 0, 1))
    flat = (-1, shape[-1])
    angle = HalfAngles(sines.reshape(flat), 1 - sines.reshape(flat))
    after = dual(activation, wide_a.reshape(flat), wide_b.reshape(flat), angle)
    first, second = after.first.reshape(shape), after.second.reshape(shape)
    gap = (first - second) ** 2 + 4 * first * second * after.angle.sines.reshape(shape)
    return PairState(
        deviation(activation, a) ** 2, deviation(activation, b) ** 2, gap,
        state.tangent * after.slope.reshape(shape),
    )  # fmt: skip


def deviation(activation: Activation, a: Variances) -> Variances:
    """√E φ(u)² for units of deviation a."""
    column = a.reshape(-1, 1)
    return dual(activation, column, column, coincident(column)).first.reshape(a.shape)


def weighted(state: PairState, scales: Scales) -> PairState:
    """The state after a layer of weights and biases.

    The tangent kernel includes the layer's own parameters.
    """
    w, b = scales.w_std**2, scales.b_std**2
    own = w * state.covariance + b
    return PairState(w * state.first + b, w * state.second + b, w * state.gap, w * state.tangent + own)


def normalised(state: PairState) -> PairState:
    """The state after layer normalisation over infinitely many units (Ba et al. 2016 arXiv:1607.06450).

    Units have mean 0 and one variance, which is known and divides covariances and tangent kernels.
    """
    a, b = np.sqrt(state.first), np.sqrt(state.second)
    gap = (state.gap - (a - b) ** 2) / (a * b)
    one = np.ones_like
    return PairState(one(state.first), one(state.second), np.maximum(gap, 0), state.tangent / (a * b))


def with_branch(state: PairState, branch: PairState, factor: float) -> PairState:
    """The sum of a state and `factor` times a branch whose weights are independent of it."""
    square = factor**2
    return PairState(
        state.first + square * branch.first,
        state.second + square * branch.second,
        state.gap + square * branch.gap,
        state.tangent + square * branch.tangent,
    )
