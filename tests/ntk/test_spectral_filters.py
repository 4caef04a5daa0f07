"""Ridge and gradient flow over a grid: against a solve, and against the flow's differential equation."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from harness.ntk.spectral_filters import Filters

RANDOM = np.random.default_rng(5)
X = RANDOM.standard_normal((14, 2))
WHOLE = np.exp(-np.linalg.norm(X[:, None] - X, axis=2))
GRAM, CROSS = WHOLE[:8, :8], WHOLE[8:, :8]
Y, CLEAN = RANDOM.standard_normal(8), RANDOM.standard_normal(6)
FILTERS = Filters.of(GRAM, CROSS, Y, CLEAN)


def test_ridges_are_solves():
    ridges = np.array([1e-3, 0.1, 3.0])
    expected = [
        np.mean((CROSS @ np.linalg.solve(GRAM + each * np.eye(8), Y) - CLEAN) ** 2) for each in ridges
    ]
    assert FILTERS.ridge(ridges) == pytest.approx(expected, rel=1e-10)


def test_flow_solves_its_differential_equation():
    """dα/dt = Y − Kα, prediction CROSS·α; integrated to a relative 1e-10."""
    for time in (0.3, 4.0):
        path = solve_ivp(lambda t, a: Y - GRAM @ a, (0, time), np.zeros(8), rtol=1e-10, atol=1e-12)
        expected = np.mean((CROSS @ path.y[:, -1] - CLEAN) ** 2)
        assert FILTERS.flow(np.array([time])) == pytest.approx([expected], rel=1e-7)


def test_a_null_direction_moves_with_its_time():
    """Of an eigenvalue 0 the filter over it is t."""
    filters = Filters(np.zeros(1), np.ones((1, 1)), np.ones(1), np.zeros(1))
    assert filters.flow(np.array([3.0])) == pytest.approx([9.0])
