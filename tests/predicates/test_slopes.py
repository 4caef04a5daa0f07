"""Slopes and bends as weights of the points' numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from harness.predicates.slopes import bend_weights, slope_weights


def of(weights: tuple[float, ...], y: np.ndarray) -> float:
    return float(np.dot(weights, y))


@pytest.mark.parametrize("points", range(3, 9))
def test_the_bend_is_the_upper_half_s_slope_less_the_lower_s(points: int) -> None:
    """Halves of the points by number; the middle one of an odd number is in both. Any numbers do."""
    rng = np.random.default_rng(points)
    x, y = np.sort(rng.normal(size=points)), rng.normal(size=points)
    half = -(-points // 2)
    lower, upper = np.polyfit(x[:half], y[:half], 1)[0], np.polyfit(x[-half:], y[-half:], 1)[0]
    # Two routes to sums of a few numbers of order 1 to 100.
    assert of(bend_weights(x), y) == pytest.approx(upper - lower, rel=1e-9, abs=1e-9)
    assert of(slope_weights(x), y) == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)


def test_halves_are_by_number_and_not_by_distance() -> None:
    """Three of four points lie in the lower half of the range; two are in each half of the points."""
    assert bend_weights([0.0, 1.0, 2.0, 10.0]) == pytest.approx((1.0, -1.0, -1 / 8, 1 / 8))
    assert bend_weights([0.0, 1.0, 3.0]) == pytest.approx((1.0, -1.5, 0.5))


def test_the_order_of_the_axis_changes_nothing() -> None:
    x = [0.0, 1.0, 2.5, 4.0, 4.5]
    order = list(range(5))
    random.Random(3).shuffle(order)  # any
    assert order != sorted(order)
    shuffled = bend_weights([x[i] for i in order])
    assert [shuffled[order.index(i)] for i in range(5)] == pytest.approx(bend_weights(x))


@pytest.mark.parametrize("points", range(3, 9))
def test_a_straight_line_has_no_bend(points: int) -> None:
    x = np.log(np.arange(1.0, points + 1))
    assert of(bend_weights(x), 3 - 0.5 * x) == pytest.approx(0, abs=1e-12)
