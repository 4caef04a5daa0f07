"""What kernels predict and how they moved, against definitions, integration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from harness.ntk import scaled_predictions as predictions

RANDOM = np.random.default_rng(0)


def kernel(points: int = 5, features: int = 7) -> tuple[np.ndarray, np.ndarray]:
    phi, phi_test = RANDOM.standard_normal((points, features)), RANDOM.standard_normal((3, features))
    return phi @ phi.T, phi_test @ phi.T


def test_regression_interpolates_and_leaves_out_what_is_not_there() -> None:
    gram, cross = kernel()
    y = RANDOM.standard_normal(5)
    assert predictions.regression_on_modes(gram, gram, y) == pytest.approx(y)
    assert predictions.regression_on_modes(gram, cross, y) == pytest.approx(cross @ np.linalg.solve(gram, y))
    flat, flat_cross = kernel(features=2)
    found = predictions.regression_on_modes(flat, flat_cross, y)
    assert found == pytest.approx(flat_cross @ np.linalg.pinv(flat, rcond=1e-8) @ y)


@pytest.mark.parametrize("features", [7, 2])
def test_the_linearised_network_is_its_descent(features: int) -> None:
    gram, cross = kernel(features=features)
    y, f, f_test = (RANDOM.standard_normal(size) for size in (5, 5, 3))
    rate = 1.7 / np.linalg.eigvalsh(gram)[-1]
    found = predictions.linearised_predictions(gram, cross, y, f, f_test, rate, 30)
    for _ in range(30):
        f, f_test = f - rate * gram @ (f - y), f_test - rate * cross @ (f - y)
    assert found == pytest.approx(f_test, rel=1e-9)


def test_measures_of_kernels() -> None:
    a, b = np.eye(2), np.array([[2.0, 1.0], [1.0, 2.0]])
    y = np.array([1.0, -1.0])
    assert predictions.relative_change(b, a) == pytest.approx(2 / np.sqrt(2))
    assert predictions.turned(a, b) == pytest.approx(1 - 4 / np.sqrt(2 * 10))
    assert predictions.turned(a, 3 * a) == pytest.approx(0, abs=1e-30)
    assert predictions.centred(b + 5) == pytest.approx(predictions.centred(b))
    assert predictions.centred(b).sum(axis=0) == pytest.approx([0, 0])
    assert predictions.target_alignment(np.outer(y, y), y) == pytest.approx(1)
    assert predictions.target_alignment(a, y) == pytest.approx(1 / np.sqrt(2))
    assert predictions.path_length(np.stack([a, b, b])) == pytest.approx([2 / np.sqrt(2), 0])
    assert predictions.along_targets(b, y) == pytest.approx(1)
    assert predictions.beside_targets(a + np.outer(y, y), a, y) == pytest.approx(0)
    assert predictions.beside_targets(b, a, y) == pytest.approx(2)


def test_two_linear_layers_by_simulation() -> None:
    """The reduced flow of a hidden and an output vector of one direction: f = w·h/(γ₀N), both of norm √N and
    orthogonal at the start. The spike in the end and the half time are those of the formulas."""
    size, richness, n = 2.0, 0.7, 2
    h0, w0 = np.array([1.0, 0.0]) * np.sqrt(n), np.array([0.0, 1.0]) * np.sqrt(n)

    def flow(time: float, state: np.ndarray) -> np.ndarray:
        h, w = state[:2], state[2:]
        left = size - h @ w / (richness * n)
        return richness * left * np.concatenate([w, h])

    path = solve_ivp(flow, (0, 8), np.concatenate([h0, w0]), rtol=1e-10, atol=1e-12, dense_output=True)
    y = np.array([size, 0.0])
    end = path.y[:2, -1]
    assert end @ end / n == pytest.approx(predictions.spike(richness, y), rel=1e-6)
    times = np.linspace(0, 8, 4001)
    left = size - np.einsum("it,it->t", path.sol(times)[:2], path.sol(times)[2:]) / (richness * n)
    half = predictions.crossing(times, left / size, 0.5)
    assert half == pytest.approx(predictions.spike_half_time(richness, y), rel=1e-5)
    assert predictions.spike_half_time(1e-6, y) == pytest.approx(np.log(2) / 2)


def test_crossings() -> None:
    times, values = np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.5, 0.125])
    assert predictions.crossing(times, values, 0.25) == pytest.approx(2)
    assert predictions.crossing(times, values, 2.0) == 0
    assert predictions.crossing(times, values, 0.01) == 3
