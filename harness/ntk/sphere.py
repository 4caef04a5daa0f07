"""NNGP and NTK of deep fully connected networks between points of one length, without loss of digits.

Deep kernels make inputs alike: correlations c tend to 1, or tangent kernels Θ(x,x') to Θ(x,x), and condition
numbers and rates depend on the small difference. So states hold differences, not values. With inputs of
length √features, layer by layer (Jacot et al. 2018 arXiv:1806.07572, theorem 1; Poole et al. 2016
arXiv:1606.05340 for the map of correlations):

    variance      K(x,x)
    gap           1 − c,      c = K(x,x') / K(x,x)
    tangent       Θ(x,x') / Θ(x,x), which the chaotic phase shrinks to 0
    tangent_gap   1 − tangent, which the ordered phase shrinks to 0
    inverse       1 / Θ(x,x): in the chaotic phase Θ grows beyond every float, and this becomes 0

For an activation φ at u, v ~ N(0, variance) of correlation 1 − gap, `ActivatedPair` has E φ(u)², the gap of E
φ(u)φ(v), E φ'(u)², and by how much E φ'(u)φ'(v) is below it, each without a difference of nearly equal
numbers. A layer is then a sum of positive terms,

    K⁺   = w² Eφ² + b²                               gap⁺ = w² Eφ² gapᵩ / K⁺
    Θ⁺   = w² Eφ'² Θ + K⁺          Θ⁺ tangent_gap⁺ = w² Θ (lackᵩ + (Eφ'² − lackᵩ) tangent_gap) + K⁺ gap⁺
                                   Θ⁺ tangent⁺     = w² Θ (Eφ'² − lackᵩ) tangent + K⁺ (1 − gap⁺)

so that a layer adds a few roundings of 1e-16 to each. Compared with 50 digits, the relative error of all gaps
stays below 1e-12, up to 2,048 layers at criticality and while an ordered phase shrinks gaps to 1e-100
(`tests/ntk/test_sphere.py`). NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

Gaps = Float[np.ndarray, "*shape"]
SphereActivation = Literal["relu", "leaky-relu", "erf", "sin"]
_SERIES = 0.5
"""The angle below which sin θ − θ cos θ is computed as a series, because the difference would lose digits."""


@dataclass(frozen=True)
class ActivatedPair:
    """The moments of a pair of units after an activation. `activated_pair` makes it."""

    square: float
    gap: Gaps
    slope: float
    lack: Gaps


@dataclass(frozen=True)
class SphereNetwork:
    """A fully connected network in NTK parameterization, with biases in every layer.

    `negative_slope` is leaky ReLU's; −1 makes it |x|. Raises `ValueError` for invalid values.
    """

    activation: SphereActivation = "relu"
    w_std: float = np.sqrt(2.0)
    b_std: float = 0.0
    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        if self.activation not in get_args(SphereActivation):
            known = ", ".join(get_args(SphereActivation))
            raise ValueError(f"activation: expected one of {known}, found {self.activation!r}")
        if self.w_std <= 0 or self.b_std < 0:
            raise ValueError(f"expected w_std > 0 and b_std >= 0, found {self.w_std} and {self.b_std}")


@dataclass(frozen=True)
class SphereState:
    """The kernels of a network between pairs of points.

    `kernels_of_inputs` makes it, and layers change it.
    """

    variance: float
    gap: Gaps
    inverse: float
    tangent: Gaps
    tangent_gap: Gaps

    @property
    def correlation(self) -> Gaps:
        """K(x,x') / K(x,x)."""
        return 1.0 - self.gap


def gap_of_angle(angle: Gaps) -> Gaps:
    """1 − cos θ = 2 sin²(θ/2)."""
    gap: Gaps = 2 * np.sin(np.asarray(angle) / 2) ** 2
    return gap


def angle_of_gap(gap: Gaps) -> Gaps:
    """θ, from 1 − cos θ."""
    angle: Gaps = 2 * np.arcsin(np.sqrt(np.clip(gap, 0.0, 2.0) / 2))
    return angle


def kernels_of_inputs(network: SphereNetwork, gap: Gaps) -> SphereState:
    """The kernels before any hidden layer, K¹ = Θ¹ = w² x·x'/features + b²."""
    variance = network.w_std**2 + network.b_std**2
    gap = network.w_std**2 / variance * np.asarray(gap, dtype=np.float64)
    return SphereState(variance, gap, 1 / variance, 1 - gap, gap)


def kernels_by_depth(network: SphereNetwork, gap: Gaps) -> Iterator[SphereState]:
    """The kernels of networks with 0, 1, 2, … hidden layers, between inputs with these gaps."""
    state = kernels_of_inputs(network, gap)
    while True:
        yield state
        state = with_one_layer_more(network, state)


def kernels_after(network: SphereNetwork, gap: Gaps, hidden: int) -> SphereState:
    """The kernels of a network with `hidden` hidden layers.

    Raises `FloatingPointError` if they are beyond the range of floats.
    """
    beyond = f"after {hidden} hidden layers the kernels are beyond the range of floats"
    try:
        state = next(islice(kernels_by_depth(network, gap), hidden, None))
    except ZeroDivisionError:  # the variance has underflown to 0
        raise FloatingPointError(beyond) from None
    found = [state.variance, state.inverse, *np.ravel(state.gap), *np.ravel(state.tangent_gap)]
    if not np.all(np.isfinite(found)) or not state.variance > 0:
        raise FloatingPointError(beyond)
    return state


def with_one_layer_more(network: SphereNetwork, state: SphereState) -> SphereState:
    """The kernels with one more hidden layer."""
    w2, b2 = network.w_std**2, network.b_std**2
    found = activated_pair(network, state.variance, state.gap)
    variance = w2 * found.square + b2
    gap = w2 * found.square / variance * found.gap
    grown = w2 * found.slope + variance * state.inverse  # Θ⁺ / Θ
    kept = w2 * (found.slope - found.lack)
    passed = w2 * found.lack + kept * state.tangent_gap
    own = w2 * found.square * found.gap * state.inverse
    return replace(
        state,
        variance=variance,
        gap=gap,
        inverse=state.inverse / grown,
        tangent=(kept * state.tangent + variance * (1 - gap) * state.inverse) / grown,
        tangent_gap=(passed + own) / grown,
    )


def slope_at(network: SphereNetwork, variance: float) -> float:
    """χ₁ = w² E φ'(u)², the factor of small gaps (Schoenholz et al. 2017 arXiv:1611.01232).

    It is below 1 in an ordered phase, 1 at criticality, and above 1 in a chaotic phase.
    """
    return float(network.w_std**2 * activated_pair(network, variance, np.zeros(1)).slope)


def slopes_at(network: SphereNetwork, variance: float) -> tuple[float, float]:
    """Second and third derivative at c = 1 of a smooth activation's map of correlations, at the fixed point.

    The first derivative is χ₁ √D (D + 4v²(1 − c²))^(−½), D = 1 + 4v, for erf, and χ₁ cosh(vc)/cosh(v) for
    sin.

    Raises `ValueError` for other activations.
    """
    first = slope_at(network, variance)
    if network.activation == "erf":
        steep = 4 * variance**2 / (1 + 4 * variance)
        return first * steep, first * (steep + 3 * steep**2)
    if network.activation == "sin":
        return float(first * variance * np.tanh(variance)), first * variance**2
    raise ValueError(f"expected erf or sin, found {network.activation!r}")


def activated_pair(network: SphereNetwork, variance: float, gap: Gaps) -> ActivatedPair:
    """The moments of pairs with this variance and these gaps after the network's activation."""
    return _PAIRS[network.activation](network, variance, gap)


def _relu(network: SphereNetwork, variance: float, gap: Gaps) -> ActivatedPair:
    """ReLU: Cho & Saul 2009 ("Kernel Methods for Deep Learning", NeurIPS), J₁ and J₀, with θ the angle.

    1 − c⁺ = 1 − cos θ − (sin θ − θ cos θ)/π, and Eφ'φ' is θ/2π below ½.
    """
    angle = angle_of_gap(gap)
    return ActivatedPair(variance / 2, gap - _sine_less(angle) / np.pi, 0.5, angle / (2 * np.pi))


def _leaky_relu(network: SphereNetwork, variance: float, gap: Gaps) -> ActivatedPair:
    """Leaky ReLU, αx + (1 − α) max(x, 0): Tsuchida et al. 2018 arXiv:1711.09090.

    Of E φ(u)²/v = (1 + α²)/2, ReLU has (1 − α)²/2 and the identity α: 1 − c⁺ = 1 − cos θ − (1 − α)²/(1 + α²)
    (sin θ − θ cos θ)/π.
    """
    slope = network.negative_slope
    size, share = (1 + slope**2) / 2, (1 - slope) ** 2 / 2
    angle = angle_of_gap(gap)
    after = gap - share / size * _sine_less(angle) / np.pi
    return ActivatedPair(size * variance, after, size, share * angle / np.pi)


def _erf(network: SphereNetwork, variance: float, gap: Gaps) -> ActivatedPair:
    """erf: Williams 1997 ("Computing with Infinite Networks", NeurIPS), eq. 11.

    E φφ = 2/π arcsin(xc) with x = 2v/(1+2v), and E φ'φ' = 4/πR, R² = 1 + 4v + 4v²(1 − c²). The difference of
    two arcsines is the arcsine of x√(1−x²c²) − xc√(1−x²) = x²(1−c²) / (x√(1−x²c²) + xc√(1−x²)), where c ≥ 0.
    """
    correlation, both = 1 - gap, gap * (2 - gap)  # 1 − c²
    x = 2 * variance / (1 + 2 * variance)
    root, far = np.sqrt(1 + 4 * variance) / (1 + 2 * variance), np.sqrt(1 - (x * correlation) ** 2)
    below = x * far + x * np.maximum(correlation, 0) * root
    near = np.arcsin(np.clip(x**2 * both / below, 0, 1))
    whole = np.arcsin(x)
    apart = np.where(correlation >= 0, near, whole - np.arcsin(x * correlation))
    first = np.sqrt(1 + 4 * variance)
    second = np.sqrt(1 + 4 * variance + 4 * variance**2 * both)
    lack = 4 / np.pi * 4 * variance**2 * both / ((first + second) * first * second)
    return ActivatedPair(float(2 / np.pi * whole), apart / whole, float(4 / (np.pi * first)), lack)


def _sin(network: SphereNetwork, variance: float, gap: Gaps) -> ActivatedPair:
    """sin: differences of sinh and cosh, as products at half the sum and half the difference.

    E sin u sin v = e^(−v) sinh(vc), E cos u cos v = e^(−v) cosh(vc) (Pearce et al. 2019 arXiv:1905.06076).
    """
    v = variance
    half = np.sinh(v * gap / 2)
    after = 2 * np.cosh(v * (2 - gap) / 2) * half / np.sinh(v)
    lack = 2 * np.exp(-v) * np.sinh(v * (2 - gap) / 2) * half
    return ActivatedPair(float(np.exp(-v) * np.sinh(v)), after, float(np.exp(-v) * np.cosh(v)), lack)


def _sine_less(angle: Gaps) -> Gaps:
    """sin θ − θ cos θ = Σ (−1)^(n+1) 2n/(2n+1)! θ^(2n+1)."""
    square = angle**2
    series = np.zeros_like(angle)
    for n in range(9, 0, -1):  # at ½ the tenth term is 1e-22 of the first
        series = (-1) ** (n + 1) * _COEFFICIENTS[n] + square * series
    series = square * angle * series
    found: Gaps = np.where(angle < _SERIES, series, np.sin(angle) - angle * np.cos(angle))
    return found


def _coefficients() -> dict[int, float]:
    """2n/(2n+1)!"""
    found, factorial = {}, 1.0
    for n in range(1, 10):
        factorial *= 2 * n * (2 * n + 1)
        found[n] = 2 * n / factorial
    return found


_COEFFICIENTS = _coefficients()
_PAIRS: dict[str, Callable[[SphereNetwork, float, Gaps], ActivatedPair]] = {
    "relu": _relu, "leaky-relu": _leaky_relu, "erf": _erf, "sin": _sin
}  # fmt: skip
