"""Pairs of points on a sphere, and functions of their angle from a table."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from harness.ntk import zonal
from harness.ntk.architecture import Architecture
from harness.ntk.sphere_pairs import angle_of_share, pairs, tabled

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, np.pi / 2, 3.0, np.pi - 1e-6, np.pi])
def test_both_numbers_are_those_of_the_angle(angle: float) -> None:
    """To the rounding of the points, 4e-16 of their norm: a cosine near 1 has no more digits of the angle."""
    x = np.sqrt(5) * np.eye(5)[:1]
    y = np.cos(angle) * x + np.sin(angle) * np.sqrt(5) * np.eye(5)[1:2]
    found = pairs(x, y)
    with mpmath.workdps(30):
        half = mpmath.mpf(angle) / 2
        chord, share = 2 * mpmath.sin(half), mpmath.sin(half) / (mpmath.sin(half) + mpmath.cos(half))
    assert found.chord[0, 0] == pytest.approx(float(chord), rel=0, abs=4 * EPS)
    assert found.share[0, 0] == pytest.approx(float(share), rel=0, abs=4 * EPS)
    assert found.angle[0, 0] == pytest.approx(angle, rel=0, abs=4 * EPS)


def test_every_row_stands_beside_every_row() -> None:
    random = np.random.default_rng(0)
    x, y = zonal.uniform(7, 3, random), zonal.uniform(4, 3, random)
    assert pairs(x, y).angle == pytest.approx(np.arccos(x @ y.T / 3), abs=1e-9)


@pytest.mark.parametrize("hidden", [1, 3])
@pytest.mark.parametrize("which", ["nngp", "ntk"])
def test_a_table_is_the_kernel_to_rounding(which: str, hidden: int) -> None:
    """At 60,001 shares, of which the steps of a table are no divisor, and so between knots: 1e-15 of κ(0) was
    found, of which half is rounding."""
    profile = zonal.of_network(Architecture(hidden, 64, w_std=1.5, b_std=0.1), which, 3).profile
    share = np.linspace(0, 1, 60_001)
    assert np.max(np.abs(tabled(profile)(share) - profile(angle_of_share(share)))) < 2e-15


def test_a_table_is_read_at_both_ends_and_in_any_shape() -> None:
    """A cubic is its own spline, to rounding, however many entries are looked up."""
    table = tabled(lambda angle: (np.sin(angle / 2) / (np.sin(angle / 2) + np.cos(angle / 2))) ** 3)
    share = np.random.default_rng(1).random((3, 5001))
    share[0, 0], share[2, -1] = 0.0, 1.0
    assert table(share) == pytest.approx(share**3, abs=1e-15)
    assert table(share[:1, :1]) == pytest.approx(0.0, abs=1e-15)
