"""Condition numbers and the mean predictor, against linear algebra on the same matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.ntk.forgetting import (
    Relative,
    departure,
    equicorrelated_condition,
    mean_zero_predictor,
    polygon_condition,
    polygon_gaps,
    predicted_constant,
)
from harness.ntk.sphere import SphereNetwork, kernels_after


def gram(row: np.ndarray) -> np.ndarray:
    """The circulant matrix with this first row."""
    return np.stack([np.roll(row, k) for k in range(len(row))])


def relative(gap: object) -> Relative:
    gaps = np.asarray(gap, dtype=np.float64)
    return Relative(1 - gaps, gaps)


@pytest.mark.parametrize(("gap", "points"), [(0.75, 8), (1e-3, 5), (0.999, 16)])
def test_condition_of_equicorrelated_points(gap: float, points: int) -> None:
    matrix = np.full((points, points), 1 - gap) + gap * np.eye(points)
    assert math.isclose(equicorrelated_condition(relative(gap), points), np.linalg.cond(matrix), rel_tol=1e-9)
    assert math.isclose(departure(relative(gap), points), np.linalg.cond(matrix) - 1, rel_tol=1e-6)


@pytest.mark.parametrize("hidden", [1, 4, 16])
@pytest.mark.parametrize("points", [5, 9])
def test_a_polygon_is_solved_as_any_matrix(hidden: int, points: int) -> None:
    gaps = polygon_gaps(points, 0.3)
    state = kernels_after(SphereNetwork("erf", 1.2, 0.3), gaps, hidden)
    row, test = Relative(state.tangent, state.tangent_gap)
    matrix = gram(row.value)
    assert math.isclose(polygon_condition(row), np.linalg.cond(matrix), rel_tol=1e-6)
    weights = np.linalg.solve(matrix, test.value)
    assert math.isclose(predicted_constant(row, test), weights.sum(), rel_tol=1e-9)
    np.testing.assert_allclose(mean_zero_predictor(row, test), weights - weights.mean(), atol=1e-7)


def test_corners_and_the_test_point_lie_where_they_are_said_to() -> None:
    gaps = polygon_gaps(4, 0.5)
    np.testing.assert_allclose(gaps[0], [0, 1, 2, 1], atol=1e-15)
    np.testing.assert_allclose(gaps[1], 1 - np.cos(np.pi / 4 * np.array([1, 1, 3, 3])), atol=1e-15)


@pytest.mark.parametrize("scale", [1e-100, 1e-3])
def test_the_predictor_does_not_see_how_small_gaps_or_kernels_are(scale: float) -> None:
    row, test = np.array([0, 0.3, 0.4, 0.4, 0.3]), np.array([0.1, 0.2, 0.4, 0.4, 0.35])
    one = mean_zero_predictor(relative(row), relative(test))
    gaps = mean_zero_predictor(relative(scale * row), relative(scale * test))
    np.testing.assert_allclose(gaps, one, rtol=1e-9, atol=1e-12)
