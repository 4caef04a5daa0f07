"""Errors and distances by hand."""

import numpy as np
import pytest

from harness.ntk import measures

Y = np.array([1.0, -1.0, 2.0, 0.0])


def test_error_is_the_geometric_mean_of_root_mean_squares():
    one, other = Y + np.array([1, -1, 1, -1]), Y + np.array([4.0, 4, -4, 4])
    assert measures.error(one, Y) == 1
    assert measures.error(np.stack([one, other], axis=1), Y) == pytest.approx(2, rel=1e-15)


def test_distance_is_in_units_of_the_targets():
    a, b = np.array([1.0, 0, 0, 0]), np.array([0.0, 0, 0, 1])
    expected = np.sqrt(2 / 4) / np.sqrt(6 / 4)
    assert measures.distance(a, b, Y) == measures.distance(b, a, Y) == pytest.approx(expected, rel=1e-15)
    nets = np.stack([a, a * 0 - b * 3], axis=1)  # distances to b: √(2/6) and √(16/6)
    for value in (measures.distance(nets, b, Y), measures.distance(b, nets, Y)):
        assert value == pytest.approx(np.sqrt(np.sqrt(2 / 6) * np.sqrt(16 / 6)), rel=1e-15)
    assert measures.distance(a, a, Y) == 0


def test_distance_bounds_the_difference_of_errors():
    random = np.random.default_rng(0)
    for _ in range(20):
        a, b = random.standard_normal((2, 4))
        gap = abs(measures.error(a, Y) - measures.error(b, Y))
        assert gap <= measures.distance(a, b, Y) * np.sqrt(np.mean(Y**2)) * (1 + 1e-12)
