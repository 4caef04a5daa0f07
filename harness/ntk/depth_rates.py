"""How fast deep kernels reach their limits: the rates between two depths, and what theory predicts.

At criticality 1 − c, or the angle, falls as 1/l with a logarithm beside it, and so does the distance of r_L =
Θ_L(x,x') / Θ_L(x,x) from its limit (Hayou et al. 2019 arXiv:1905.13654):

    r_L = limit + κ (ln L)/L + O(1/L)

κ follows from the map of correlations. With a kink (ReLU, |x|) the angle obeys θ⁺ = θ − aθ² + bθ³ with b =
−a²/2, so that 1/θ_l = a l + (a² − b)/a ln l + …; E φ'φ' falls by 3aθ of itself, and r_L is a mean over layers
j of (j/L)³ (1 + 3A ((ln j)/j − (ln L)/L)), A = (a² − b)/a² = 3/2: limit = ¼ and κ = A/4 = 3/8 for all of
them. If the activation is smooth, 1 − c = δ obeys δ⁺ = δ − (β/2)δ² + (γ/6)δ³, β and γ the second and third
derivative of the map at c = 1; E φ'φ' falls by βδ, r_L is a mean of (j/L)² (1 + 2A (…)), limit = ⅓ and κ =
A/3, A = 1 − 2γ/3β². NumPy only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.ntk.forgetting import Relative, departure, equicorrelated_condition
from harness.ntk.sphere import SphereNetwork, SphereState, slopes_at

KINKED_LIMIT, SMOOTH_LIMIT = 1 / 4, 1 / 3
KINKED = ("relu", "leaky-relu")


@dataclass(frozen=True)
class AtDepth:
    """A kernel of one pair after `hidden` hidden layers."""

    hidden: int
    state: SphereState
    which: Literal["nngp", "ntk"] = "ntk"

    @property
    def pair(self) -> Relative:
        """The kernel of the pair."""
        if self.which == "nngp":
            return Relative(self.state.correlation, self.state.gap)[0]
        return Relative(self.state.tangent, self.state.tangent_gap)[0]


def limit_of(network: SphereNetwork) -> float:
    """The limit of Θ(x,x') / Θ(x,x) at criticality."""
    return KINKED_LIMIT if network.activation in KINKED else SMOOTH_LIMIT


def log_slope(early: AtDepth, late: AtDepth, limit: float) -> float:
    """κ as measured between two depths: the slope of L (r_L − limit) on ln L."""
    scaled = [each.hidden * (float(each.pair.value) - limit) for each in (early, late)]
    return _slope(scaled, early, late)


def diagonal_log_slope(early: AtDepth, late: AtDepth) -> float:
    """The same slope for Θ(x,x) / (L K(x,x)), whose limit is 1. It is 0 if only a term in 1/L is left."""
    scaled = [1 / (each.state.inverse * each.state.variance) - each.hidden for each in (early, late)]
    return _slope(scaled, early, late)


def predicted_log_slope(network: SphereNetwork, variance: float) -> float:
    """κ of the network's class, at the fixed point `variance` of its variance."""
    return _logarithm(network, variance) * limit_of(network)


def control_log_slope(network: SphereNetwork, variance: float) -> float:
    """κ if the limit were that of the other class."""
    return _logarithm(network, variance) * (KINKED_LIMIT + SMOOTH_LIMIT - limit_of(network))


def condition_rate(early: AtDepth, late: AtDepth, points: int, power: int) -> float:
    """The slope of ln(κ l^power) on l, κ the condition number of equicorrelated points."""
    logs = [
        math.log(equicorrelated_condition(each.pair, points)) + power * math.log(each.hidden)
        for each in (early, late)
    ]
    return (logs[1] - logs[0]) / (late.hidden - early.hidden)


def departure_rate(early: AtDepth, late: AtDepth, points: int) -> float:
    """The slope of −ln(κ − 1) on l."""
    logs = [math.log(departure(each.pair, points)) for each in (early, late)]
    return (logs[0] - logs[1]) / (late.hidden - early.hidden)


def _slope(scaled: list[float], early: AtDepth, late: AtDepth) -> float:
    return (scaled[1] - scaled[0]) / math.log(late.hidden / early.hidden)


def _logarithm(network: SphereNetwork, variance: float) -> float:
    """The constant A of the module's docstring."""
    if network.activation in KINKED:
        return 3 / 2
    second, third = slopes_at(network, variance)
    return 1 - 2 * third / (3 * second**2)
