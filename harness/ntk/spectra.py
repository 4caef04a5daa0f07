"""The quantities of `ntk.spectrum`, stage by stage. A quantity that a network lacks is left out."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from harness.declare import StageError
from harness.ntk import depth_rates, forgetting
from harness.ntk.depth_rates import AtDepth
from harness.ntk.forgetting import Relative
from harness.ntk.gegenbauer import NOISE, AngleKernel, gegenbauer_coefficients, multiplicity
from harness.ntk.sphere import (
    SphereNetwork,
    SphereState,
    activated_pair,
    angle_of_gap,
    kernels_after,
    kernels_by_depth,
    slope_at,
)

_LEAST = 1e-290
"""The least gap whose inverse is a float."""
_KNOWN = 1e3
"""How many roundings an eigenvalue must be to be given, to 0.1% and better; else its stage fails."""


def eigenvalue_of(profile: AngleKernel, dimension: int, degree: int) -> float:
    """λ of this degree, even if it is only rounding."""
    return float(gegenbauer_coefficients(profile, dimension, [degree])[0])


def eigenvalue(found: float) -> dict[str, float]:
    """The eigenvalue as a quantity. Raises `ValueError` if it is below `_KNOWN` roundings."""
    return {"eigenvalue": _known(found)}


def beside_reference(found: float, reference: float) -> dict[str, float]:
    """The ratio to the reference. Raises `ValueError` as `eigenvalue` does, for either of the two."""
    return {"reference.eigenvalue": _known(reference), "ratio": _known(found) / _known(reference)}


def shares(found: float, reference: float, dimension: int, degree: int) -> dict[str, float]:
    """The share of K(0) that all harmonics of the degree have together, even if it is only rounding."""
    number = multiplicity(dimension, degree)
    return {"share": number * found, "reference.share": number * reference}


def _known(found: float) -> float:
    if not abs(found) > _KNOWN * NOISE:
        raise ValueError(
            f"eigenvalue: expected more than {_KNOWN * NOISE:g} K(0), found {found:.1e}: rounding"
        )
    return found


def pair_of(network: SphereNetwork, hidden: int, gap: float, points: int) -> dict[str, float]:
    """The kernels of one pair of inputs, and condition numbers of points of which every pair is like it.

    Raises `FloatingPointError` as `kernels_after` does.
    """
    state = kernels_after(network, np.array([gap]), hidden)
    ntk, nngp = _tangent(state)[0], _covariance(state)[0]
    if min(ntk.gap, nngp.gap) < _LEAST:
        raise FloatingPointError(f"after {hidden} hidden layers the points are one to the network")
    kappa = forgetting.equicorrelated_condition(ntk, points)
    first = 1 / (math.sqrt(2) * math.pi)
    return {
        "ntk.ratio": float(ntk.value),
        "ntk.over-quarter": float(ntk.value) - 1 / 4,
        "ntk.over-third": float(ntk.value) - 1 / 3,
        "ntk.over-four-sevenths": float(ntk.value) - 4 / 7,
        "ntk.over-half": float(ntk.value) - 1 / 2,
        "ntk.off-four-sevenths": abs(float(ntk.value) - 4 / 7),
        "ntk.off-half": abs(float(ntk.value) - 1 / 2),
        "ntk.gap": float(ntk.gap),
        "nngp.gap": float(nngp.gap),
        "nngp.angle": float(angle_of_gap(state.gap)[0]),
        "ntk.sharpness": float(ntk.gap) / math.sqrt(gap),
        "nngp.sharpness": float(nngp.gap) / math.sqrt(gap),
        "predicted.sharpness": max(hidden, 0.5) * first,
        "predicted.sharpness-next": (hidden + 1) * first,
        "condition-number": kappa,
        "nngp.condition-number": forgetting.equicorrelated_condition(nngp, points),
        "condition.over-three": kappa - (points + 3) / 3,
        "condition.over-two": kappa - (points + 2) / 2,
        "condition.over-one": forgetting.departure(ntk, points),
    }


def rates(network: SphereNetwork, hidden: int, gap: float, points: int) -> dict[str, float]:
    """How kernels change between hidden/2 and `hidden` layers, and what theory predicts.

    Raises `StageError` for fewer than 2 layers, `FloatingPointError` as `kernels_after` does.
    """
    if hidden < 2:
        raise StageError(f"rates: expected at least 2 hidden layers, found {hidden}")
    half = hidden // 2
    early = kernels_after(network, np.array([gap]), half)
    late = next(islice(kernels_by_depth(network, np.array([gap])), hidden, None))
    ends = AtDepth(half, early, "ntk"), AtDepth(hidden, late, "ntk")
    nngps = AtDepth(half, early, "nngp"), AtDepth(hidden, late, "nngp")
    variance = late.variance
    apart = activated_pair(network, variance, late.gap)
    return {
        "ntk.log-slope": depth_rates.log_slope(*ends, depth_rates.limit_of(network)),
        "diagonal.log-slope": depth_rates.diagonal_log_slope(*ends),
        "predicted.log-slope": depth_rates.predicted_log_slope(network, variance),
        "control.log-slope": depth_rates.control_log_slope(network, variance),
        "condition.log-rate": depth_rates.condition_rate(*ends, points, 1),
        "condition.log-rate-without": depth_rates.condition_rate(*ends, points, 0),
        "departure.log-rate": depth_rates.departure_rate(*ends, points),
        "nngp.condition.log-rate": depth_rates.condition_rate(*nngps, points, 0),
        "nngp.condition.log-rate-with": depth_rates.condition_rate(*nngps, points, 1),
        "slope.log": abs(math.log(slope_at(network, variance))),
        "slope-apart.log": abs(math.log(network.w_std**2 * float(apart.slope - apart.lack[0]))),
    }


def polygon(network: SphereNetwork, hidden: int, points: int, offset: float) -> dict[str, float]:
    """What regression on the points of a polygon predicts at a test point beside the first.

    Raises `StageError` if the network does not distinguish the points, and `FloatingPointError` as
    `kernels_after` does.
    """
    gaps = forgetting.polygon_gaps(points, offset)
    once, twice = (_tangent(kernels_after(network, gaps, depth)) for depth in (hidden, 2 * hidden))
    if min(once.gap[0][1:].min(), twice.gap[0][1:].min()) <= 0:
        raise StageError("polygon: expected points that the network tells apart, found some that it does not")
    predictor = forgetting.mean_zero_predictor(*once)
    constant = forgetting.predicted_constant(*once)
    return {
        "predictor.norm": float(np.linalg.norm(predictor)),
        "predictor.change": float(np.linalg.norm(forgetting.mean_zero_predictor(*twice) - predictor)),
        "predictor.constant": constant,
        "predictor.over-limit": constant - points / (points + 3),
        "predictor.over-other": constant - points / (points + 2),
        "predictor.over-one": constant - 1,
        "polygon.condition-number": forgetting.polygon_condition(once[0]),
    }


def _tangent(state: SphereState) -> Relative:
    return Relative(state.tangent, state.tangent_gap)


def _covariance(state: SphereState) -> Relative:
    return Relative(state.correlation, state.gap)
