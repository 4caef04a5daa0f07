"""The experiment `ntk.tuned-regression`: what leave-one-out chooses, and what is measured of it."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError, collect_stages, find
from harness.ntk import radial
from harness.ntk.data import split
from harness.ntk.experiments._tuned_regression_computed import TunedTrial
from harness.ntk.experiments.tuned_regression import QUANTITIES
from harness.ntk.small_sets import iris, wine
from harness.ntk.solve import RIDGES
from harness.ntk.teachers import in_high_dimension
from harness.ntk.tuned_kernels import FINER, LENGTHS, predictions_by_ridge, radial_grid, tuned

RANDOM = np.random.default_rng(0)
X, X_TEST = RANDOM.standard_normal((25, 2)), RANDOM.standard_normal((10, 2))
Y = np.sin(2 * X[:, 0]) + 0.1 * RANDOM.standard_normal(25)


def test_the_grid_is_lengths_of_the_median_distance():
    grid = radial_grid(radial.gaussian, X)
    apart = np.linalg.norm(X[:, None] - X, axis=2)
    median = np.median(apart[np.triu_indices(25, 1)])
    assert [length for length, _ in grid] == pytest.approx([each * median for each in LENGTHS])
    length, kernel = grid[1]
    assert kernel(X, X_TEST)[2, 3] == pytest.approx(
        np.exp(-(np.linalg.norm(X[2] - X_TEST[3]) ** 2) / (2 * length**2))
    )
    with pytest.raises(StageError, match="expected different points"):
        radial_grid(radial.gaussian, np.ones((4, 2)))


def test_the_least_leave_one_out_error_is_chosen():
    """Against every length of the grid at the ridge that was chosen for it, by regressions without each
    point."""
    grid = radial_grid(radial.gaussian, X)
    best = tuned("gaussian", grid, X, Y, X_TEST)
    errors = []
    for _, kernel in grid:
        alone = tuned("gaussian", [(1.0, kernel)], X, Y, X_TEST)
        gram = kernel(X, X)
        left = []
        for i in range(25):
            kept = np.arange(25) != i
            inner = gram[np.ix_(kept, kept)] + alone.ridge * np.eye(24)
            left.append(Y[i] - gram[i, kept] @ np.linalg.solve(inner, Y[kept]))
        assert alone.left_out == pytest.approx(np.sqrt(np.mean(np.square(left))), rel=1e-6)
        errors.append(alone.left_out)
    assert best.left_out == min(errors) < max(errors)


@pytest.mark.parametrize("name", ["ntk", "laplace", "linear"])
def test_a_trial_predicts_with_the_kernel_that_it_names(name: str):
    points = split("sphere", train=20, test=8, seed=0)
    made = TunedTrial("fully-connected", {"hidden": 1}, points, "median").tuned(name)
    distance = np.linalg.norm(points.x_train[:, None] - points.x_train, axis=2)
    if name == "laplace":
        gram, cross = (np.exp(-np.linalg.norm(x[:, None] - points.x_train, axis=2) / np.median(
            distance[np.triu_indices(20, 1)])) for x in (points.x_train, points.x_test))  # fmt: skip
    elif name == "linear":
        gram, cross = (x @ points.x_train.T / 10 + 1 for x in (points.x_train, points.x_test))
    else:
        from harness.ntk import closed_form
        from harness.ntk.architecture import Architecture

        gram, cross = (
            closed_form.nngp_ntk(Architecture(1, 512), x, points.x_train)[1]
            for x in (points.x_train, points.x_test)
        )
    ridge = made.ridge * np.trace(gram) / 20
    expected = cross @ np.linalg.solve(gram + ridge * np.eye(20), points.y_train)
    assert made.predictions == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_every_quantity_is_measured():
    with collect_stages():
        found = find("ntk.tuned-regression").function(seed=0, data="sphere", train=12, test=10, hidden=1)
    assert set(found) == set(QUANTITIES)
    assert found["ntk-vs-linear.distance"] == found["linear-vs-ntk.distance"]


def test_the_teacher_in_high_dimension_has_variance_one():
    x, y = in_high_dimension()
    assert x.shape == (2000, 200)
    assert np.linalg.norm(x, axis=1) == pytest.approx(np.sqrt(200))
    assert np.var(y) == pytest.approx(1, rel=0.1)  # 2000 points: a standard error of 4%


def test_predictions_at_every_ridge():
    gram, cross = (np.exp(-np.linalg.norm(x[:, None] - X, axis=2)) * 3 for x in (X, X_TEST))
    found = list(predictions_by_ridge(gram, cross, Y))
    assert len(found) == len(RIDGES)
    for ridge, predictions in list(zip(RIDGES, found, strict=True))[::7]:
        expected = cross @ np.linalg.solve(gram + 3 * ridge * np.eye(25), Y)
        assert predictions == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_matched_kernel_is_as_near_as_any_length_and_ridge_bring_it():
    """Among them the tuned one, whose length and ridge are on the finer grid."""
    with collect_stages():
        found = find("ntk.tuned-regression").function(seed=1, data="sphere", train=16, test=12, hidden=1)
    assert set(LENGTHS) < set(FINER)
    assert len(FINER) == 2 * len(LENGTHS)
    for kernel in ("laplace", "matern32", "gaussian", "linear"):
        assert 0 < found[f"matched-{kernel}-vs-ntk.distance"] < found[f"{kernel}-vs-ntk.distance"] + 1e-6


def test_a_forest_is_scikit_learns():
    from sklearn.ensemble import RandomForestRegressor

    points = split("sphere", train=20, test=8, seed=3)
    found = TunedTrial("fully-connected", {}, points, "median").forest(3)
    trees = RandomForestRegressor(n_estimators=100, random_state=3).fit(points.x_train, points.y_train)
    assert found == pytest.approx(trees.predict(points.x_test))


def test_small_sets_have_two_classes():
    for made, shape, ones in ((wine, (178, 13), 71), (iris, (150, 4), 50)):
        x, y = made()
        assert x.shape == shape
        assert set(y) == {-1.0, 1.0}
        assert np.sum(y == 1) == ones
