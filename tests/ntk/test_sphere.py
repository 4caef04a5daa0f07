"""Kernels of deep networks between points of one length, against 50 digits and against the closed form."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from harness.ntk.architecture import Architecture
from harness.ntk.closed_form import nngp_ntk
from harness.ntk.sphere import (
    SphereNetwork,
    activated_pair,
    gap_of_angle,
    kernels_after,
    slope_at,
    slopes_at,
)

CRITICAL = SphereNetwork(
    "erf", math.sqrt(math.pi * math.sqrt(3) / 4), math.sqrt(0.5 - math.sqrt(3) * math.pi / 12)
)
"""Fixed point ½: there E φ'² = 4/π√3 and E φ² = 1/3."""
ORDERED = SphereNetwork("erf", 1.0, 0.2)
CHAOTIC = SphereNetwork("erf", 1.45, 0.2)


def precise(network: SphereNetwork, gap: float, hidden: int) -> tuple[mpmath.mpf, ...]:
    """The gap, tangent and tangent gap by the plain recursion, in 200 digits."""
    with mpmath.workdps(200):
        w2, b2 = mpmath.mpf(network.w_std) ** 2, mpmath.mpf(network.b_std) ** 2
        alpha = mpmath.mpf(network.negative_slope)
        q = w2 + b2
        k = w2 * (1 - mpmath.mpf(gap)) + b2
        theta, theta_x = k, q

        def moments(q: mpmath.mpf, k: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
            pi = mpmath.pi
            if network.activation == "erf":
                p = 1 + 2 * q
                return 2 / pi * mpmath.asin(2 * k / p), 4 / pi / mpmath.sqrt(p**2 - 4 * k**2)
            if network.activation == "sin":
                return mpmath.exp(-q) * mpmath.sinh(k), mpmath.exp(-q) * mpmath.cosh(k)
            angle = mpmath.acos(k / q)
            relu = q / (2 * pi) * (mpmath.sin(angle) + (pi - angle) * mpmath.cos(angle))
            step = (pi - angle) / (2 * pi)
            a = alpha if network.activation == "leaky-relu" else mpmath.mpf(0)
            return a * k + (1 - a) ** 2 * relu, a + (1 - a) ** 2 * step

        for _ in range(hidden):
            (both, slope), (square, slope_x) = moments(q, k), moments(q, q)
            q, k = w2 * square + b2, w2 * both + b2
            theta, theta_x = w2 * slope * theta + k, w2 * slope_x * theta_x + q
        return 1 - k / q, theta / theta_x, 1 - theta / theta_x


@pytest.mark.parametrize(
    ("network", "hidden", "tolerance"),
    [
        (SphereNetwork(), 64, 1e-13),
        (SphereNetwork("leaky-relu", 1.2, 0.1, 0.3), 64, 1e-13),
        (SphereNetwork("leaky-relu", 1.0, 0.0, -1.0), 64, 1e-13),
        (SphereNetwork("sin", 1.1, 0.3), 64, 1e-13),
        (CRITICAL, 64, 1e-12),
        (ORDERED, 128, 1e-12),  # gaps of 1e-12
        (CHAOTIC, 64, 1e-12),  # tangents of 1e-6
    ],
)
def test_it_agrees_with_200_digits(network: SphereNetwork, hidden: int, tolerance: float) -> None:
    """The tolerance is relative, of gaps and of tangents alike: an error of some 1e-16 a layer."""
    gaps = [1.9, 1.0, 0.1, 1e-6]
    found = kernels_after(network, np.array(gaps), hidden)
    for number, gap in enumerate(gaps):
        expected = [float(x) for x in precise(network, gap, hidden)]
        values = [float(x[number]) for x in (found.gap, found.tangent, found.tangent_gap)]
        np.testing.assert_allclose(values, expected, rtol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("network", [SphereNetwork(), CRITICAL, SphereNetwork("erf", 1.05, 0.2)])
def test_it_agrees_with_200_digits_after_2048_layers(network: SphereNetwork) -> None:
    found = kernels_after(network, np.array([1.0]), 2048)
    expected = [float(x) for x in precise(network, 1.0, 2048)]
    values = [float(x[0]) for x in (found.gap, found.tangent, found.tangent_gap)]
    np.testing.assert_allclose(values, expected, rtol=1e-11)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "erf", "sin"])
@pytest.mark.parametrize("hidden", [0, 1, 5])
def test_it_is_the_closed_form_of_a_network(activation: str, hidden: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, 5))
    x *= np.sqrt(5) / np.linalg.norm(x, axis=1, keepdims=True)
    scales = {"w_std": 1.3, "b_std": 0.4, "negative_slope": 0.2}
    nngp, ntk = nngp_ntk(Architecture(hidden, 64, activation, **scales), x)  # type: ignore[arg-type]
    network = SphereNetwork(activation, 1.3, 0.4, 0.2)  # type: ignore[arg-type]
    found = kernels_after(network, 1 - x @ x.T / 5, hidden)
    np.testing.assert_allclose(found.variance * found.correlation, nngp, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.tangent_gap, 1 - found.tangent, atol=1e-14)
    np.testing.assert_allclose(found.tangent / found.inverse, ntk, rtol=1e-7)  # 1 − x·x' has 1e-16 of 1


@pytest.mark.parametrize("activation", ["erf", "sin"])
def test_derivatives_of_the_map_are_those_of_its_differences(activation: str) -> None:
    network, variance = SphereNetwork(activation, 1.3, 0.4), 0.7  # type: ignore[arg-type]
    step = 1e-3
    falls = activated_pair(network, variance, np.array([0.0, step, 2 * step])).lack * network.w_std**2
    first = slope_at(network, variance)
    assert math.isclose(first, network.w_std**2 * activated_pair(network, variance, np.zeros(1)).slope)
    second, third = slopes_at(network, variance)
    curve = (falls[2] - 2 * falls[1]) / step**2  # of c ↦ slope: −f‴
    assert math.isclose(-curve, third, rel_tol=0.02)
    assert math.isclose(falls[1] / step + third * step / 2, second, rel_tol=1e-4)


def test_kernels_beyond_floats_are_refused() -> None:
    with pytest.raises(FloatingPointError, match="after 4000 hidden layers"):
        kernels_after(SphereNetwork("relu", 0.5), np.array([1.0]), 4000)
    grown = kernels_after(SphereNetwork("erf", 3.0, 0.1), np.array([1.0]), 4000)  # Θ(x,x) of 1e1000
    assert grown.inverse == 0
    assert 0 <= grown.tangent[0] < 1e-300


@pytest.mark.parametrize("bad", [{"activation": "gelu"}, {"w_std": 0.0}, {"b_std": -1.0}])
def test_what_is_no_network_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        SphereNetwork(**bad)  # type: ignore[arg-type]


def test_gaps_of_small_angles_keep_their_digits() -> None:
    angles = np.array([1e-9, 1e-3, 1.0, math.pi])
    expected = [float(1 - mpmath.cos(mpmath.mpf(angle))) for angle in angles[1:]]
    np.testing.assert_allclose(gap_of_angle(angles)[1:], expected, rtol=1e-9)
    assert math.isclose(gap_of_angle(angles)[0], 5e-19)
