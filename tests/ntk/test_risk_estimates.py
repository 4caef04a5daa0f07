"""Estimates of risk from training data, each against the regressions that it speaks of."""

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk.risk_estimates import Ridge

RANDOM = np.random.default_rng(3)
POINTS, TEST, DELTA = 12, 7, 0.3
X = RANDOM.standard_normal((POINTS + TEST, 3))
WHOLE = np.exp(-np.linalg.norm(X[:, None] - X, axis=2))
GRAM, CROSS = WHOLE[:POINTS, :POINTS], WHOLE[POINTS:, :POINTS]
Y = RANDOM.standard_normal(POINTS)
RIDGE = Ridge(GRAM, DELTA)


def predictions(chosen: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Ridge regression on the chosen points, by a solve of its own."""
    kept = np.flatnonzero(chosen)
    alpha = np.linalg.solve(GRAM[np.ix_(kept, kept)] + DELTA * np.eye(len(kept)), Y[kept])
    return at[:, kept] @ alpha


EVERY = np.full(POINTS, True)


def test_weights_predict():
    assert RIDGE.weights(CROSS) @ Y == pytest.approx(predictions(EVERY, CROSS), rel=1e-12)


def test_left_out_residuals_are_those_of_regressions_without_the_point():
    without = [predictions(np.arange(POINTS) != i, GRAM[i : i + 1])[0] for i in range(POINTS)]
    assert RIDGE.left_out(Y) == pytest.approx(Y - without, rel=1e-10)
    assert RIDGE.leave_one_out(Y) == pytest.approx(np.mean((Y - without) ** 2), rel=1e-10)


def test_change_by_leaving_out_is_that_of_regressions_without_the_point():
    moved = [predictions(np.arange(POINTS) != i, CROSS) - predictions(EVERY, CROSS) for i in range(POINTS)]
    assert RIDGE.change_by_leaving_out(CROSS, Y) == pytest.approx(
        np.sqrt(np.mean(np.square(moved))), rel=1e-10
    )


def test_training_risk_and_its_correction():
    residuals = Y - predictions(EVERY, GRAM)
    freedom = np.trace(GRAM @ np.linalg.inv(GRAM + DELTA * np.eye(POINTS)))
    assert RIDGE.training(Y) == pytest.approx(np.mean(residuals**2), rel=1e-10)
    assert RIDGE.corrected_once(Y) == pytest.approx(np.mean(residuals**2) / (1 - freedom / POINTS), rel=1e-10)


def test_kare_is_the_formula_of_jacot_et_al():
    """In their normalisation, K/n and λ = δ/n; and generalised cross-validation, which is the same."""
    shrunk = np.linalg.inv(GRAM / POINTS + DELTA / POINTS * np.eye(POINTS))
    theirs = (Y @ shrunk @ shrunk @ Y / POINTS) / (np.trace(shrunk) / POINTS) ** 2
    assert RIDGE.kare(Y) == pytest.approx(theirs, rel=1e-10)
    hat = GRAM @ np.linalg.inv(GRAM + DELTA * np.eye(POINTS))
    crossvalidation = np.mean((Y - hat @ Y) ** 2) / (1 - np.trace(hat) / POINTS) ** 2
    assert RIDGE.kare(Y) == pytest.approx(crossvalidation, rel=1e-10)


def test_threshold_is_what_degrees_of_freedom_leave():
    """tr K(K + δ)⁻¹ = n − δ/κ, as in the theory Σ L = n − δ/κ."""
    freedom = np.trace(GRAM @ np.linalg.inv(GRAM + DELTA * np.eye(POINTS)))
    assert RIDGE.threshold == pytest.approx(DELTA / (POINTS - freedom), rel=1e-10)


def test_excess_is_the_mean_square_of_predictions_from_noise():
    """Monte Carlo: 20,000 draws of the noise, a standard error of about 0.5%, four of which are allowed."""
    noise = np.random.default_rng(1).standard_normal((POINTS, 20_000))
    drawn = np.mean((RIDGE.weights(CROSS) @ noise) ** 2, axis=0)
    error = drawn.std() / np.sqrt(drawn.size)
    assert abs(RIDGE.excess(CROSS) - drawn.mean()) < 4 * error
    assert error < 0.01 * drawn.mean()


def test_no_ridge_leaves_nothing():
    with pytest.raises(StageError, match="expected a ridge, found 0"):
        Ridge(GRAM, 0.0).training(Y)


@pytest.mark.parametrize("matrix", [np.ones((3, 3)), np.diag([1.0, 1.0, 1e-14])])
def test_an_ill_conditioned_kernel_is_an_error(matrix: np.ndarray):
    with pytest.raises(StageError, match=r"condition number"):
        _ = Ridge(matrix, 0.0).inverse
