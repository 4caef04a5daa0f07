"""Predictors of a fixed kernel against neural-tangents' and against gradient descent taken step by step."""

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import compat, kernels, solve
from harness.ntk.architecture import Architecture

ARCHITECTURE = Architecture(2, 64, "relu", 1.5, 0.1)
RANDOM = np.random.default_rng([4, 100])
X, X_TEST = RANDOM.standard_normal((20, 6)), RANDOM.standard_normal((9, 6))
Y, F0, F0_TEST = RANDOM.standard_normal(20), RANDOM.standard_normal((20, 3)), RANDOM.standard_normal((9, 3))


@pytest.fixture(scope="module")
def ntk():
    return kernels.nngp_ntk(ARCHITECTURE, X)[1], kernels.nngp_ntk(ARCHITECTURE, X_TEST, X)[1]


def test_infinite_time_is_that_of_neural_tangents(ntk):
    compat.load()
    from neural_tangents import predict

    gram, cross = ntk
    solver = solve.factor("NTK", gram)
    theirs = predict.gradient_descent_mse(gram, Y[:, None], diag_reg=0.0)
    for net in range(3):
        _, expected = theirs(None, F0[:, net : net + 1], F0_TEST[:, net : net + 1], cross)
        np.testing.assert_allclose(
            solver.given(cross, Y, F0, F0_TEST)[:, net], np.asarray(expected)[:, 0], rtol=1e-6
        )
    _, expected = theirs(None, 0.0, 0.0, cross)
    np.testing.assert_allclose(solver.regression(cross, Y), np.asarray(expected)[:, 0], rtol=1e-6)


def test_ensemble_mean_is_that_of_neural_tangents(ntk):
    compat.load()
    from neural_tangents import predict, stax

    dense = stax.Dense(64, 1.5, 0.1)
    kernel = stax.serial(dense, stax.Relu(), dense, stax.Relu(), dense)[2]
    theirs = predict.gradient_descent_mse_ensemble(kernel, X, Y[:, None], diag_reg=0.0)
    both = theirs(x_test=X_TEST, get=("ntk", "nngp"))
    nngp = kernels.nngp_ntk(ARCHITECTURE, X)[0], kernels.nngp_ntk(ARCHITECTURE, X_TEST, X)[0]
    for (gram, cross), expected in ((ntk, both.ntk), (nngp, both.nngp)):
        mine = solve.factor("kernel", gram).regression(cross, Y)
        np.testing.assert_allclose(mine, np.asarray(expected)[:, 0], rtol=1e-6)


@pytest.mark.parametrize("units", [0.02, 0.75])
def test_at_time_is_gradient_descent_step_by_step(ntk, units):
    """Several networks, each with its own number of steps and rate, against the loop in function space."""
    gram, cross = ntk
    solver = solve.factor("NTK", gram)
    steps, rates = np.array([1, 7, 400]), units * 2 / solver.largest * np.array([1.0, 0.9, 0.8])
    mine = solver.after(steps, rates, cross, Y, F0, F0_TEST)
    for net in range(3):
        f, f_test = F0[:, net].copy(), F0_TEST[:, net].copy()
        for _ in range(steps[net]):
            residual = f - Y
            f -= rates[net] * gram @ residual
            f_test -= rates[net] * cross @ residual
        np.testing.assert_allclose(mine[:, net], f_test, rtol=1e-9, atol=1e-9)


def test_at_time_goes_to_infinite_time(ntk):
    gram, cross = ntk
    solver = solve.factor("NTK", gram)
    late = solver.after(np.full(3, 10**6), np.full(3, 1 / solver.largest), cross, Y, F0, F0_TEST)
    np.testing.assert_allclose(late, solver.given(cross, Y, F0, F0_TEST), rtol=1e-9, atol=1e-9)
    start = solver.after(np.zeros(3), np.full(3, 1 / solver.largest), cross, Y, F0, F0_TEST)
    assert np.array_equal(start, F0_TEST)


def test_leave_one_out_by_leaving_one_out(ntk):
    """Every ridge, every point: solved again without it. The choice, the residuals, the prediction."""
    gram, cross = ntk
    loo = solve.factor("NTK", gram, ridge=3.0).leave_one_out(cross, Y)
    errors = []
    for ridge in solve.RIDGES:
        ridged, left = gram + ridge * np.mean(np.diag(gram)) * np.eye(20), []
        for i in range(20):
            others = np.delete(np.arange(20), i)
            left.append(Y[i] - gram[i, others] @ np.linalg.solve(ridged[np.ix_(others, others)], Y[others]))
        errors.append(np.sqrt(np.mean(np.square(left))))
        if ridge == loo.ridge:
            np.testing.assert_allclose(loo.residuals, left, rtol=1e-6)
            np.testing.assert_allclose(loo.predictions, cross @ np.linalg.solve(ridged, Y), rtol=1e-6)
    assert loo.ridge == solve.RIDGES[np.argmin(errors)]
    assert loo.error == pytest.approx(min(errors), rel=1e-9)


def test_leave_one_out_chooses_between_the_ends(ntk):
    """Little ridge for targets that a wide function gives, much for noise, and the grid reaches past both."""
    gram, cross = ntk
    solver = solve.factor("NTK", gram)
    smooth = solver.leave_one_out(cross, X @ np.arange(1.0, 7)).ridge
    noise = solver.leave_one_out(cross, np.random.default_rng(1).standard_normal(20)).ridge
    assert smooth < 0.1 * noise
    assert solve.RIDGES[0] == pytest.approx(1e-6)
    assert solve.RIDGES[-1] == pytest.approx(10)


def test_leave_one_out_of_a_singular_kernel():
    """The smallest ridge is enough: a linear kernel of rank 3 and 20 points."""
    x, x_test, slope = RANDOM.standard_normal((20, 3)), RANDOM.standard_normal((5, 3)), np.array([1.0, -2, 3])
    loo = solve.factor("linear", x @ x.T).leave_one_out(x_test @ x.T, x @ slope)
    np.testing.assert_allclose(loo.predictions, x_test @ slope, rtol=1e-4)
    assert loo.ridge == solve.RIDGES[0]


def test_ridge_and_condition(ntk):
    gram, cross = ntk
    solver = solve.factor("NTK", gram, ridge=2.0)
    expected = cross @ np.linalg.solve(gram + 2 * np.eye(20), Y)
    np.testing.assert_allclose(solver.regression(cross, Y), expected, rtol=1e-9)
    assert solver.condition == pytest.approx(np.linalg.cond(gram + 2 * np.eye(20)), rel=1e-6)
    assert solver.jitter == 0
    assert solve.largest_eigenvalue(gram) == pytest.approx(np.linalg.norm(gram, 2), rel=1e-12)


def test_singular_kernel_with_targets_in_its_range_is_solved_with_reported_jitter():
    """Rank 3 and linear targets: the answer is the linear function, to TRUSTED_RESIDUAL."""
    x, x_test, slope = RANDOM.standard_normal((20, 3)), RANDOM.standard_normal((5, 3)), np.array([1.0, -2, 3])
    solver = solve.factor("linear", x @ x.T)
    assert 0 < solver.jitter < 1e-8 * solver.largest
    np.testing.assert_allclose(solver.regression(x_test @ x.T, x @ slope), x_test @ slope, rtol=1e-3)
    steps, rate = np.array(5000), np.array(1 / solver.largest)  # at any condition: no inverse
    late = solver.after(steps, rate, x_test @ x.T, x @ slope, np.zeros(20), np.zeros(5))
    np.testing.assert_allclose(late, x_test @ slope, rtol=1e-6)


def test_singular_kernel_with_other_targets_is_an_error():
    x = RANDOM.standard_normal((20, 3))
    solver = solve.factor("linear", x @ x.T)
    with pytest.raises(StageError, match=r"linear kernel: condition number .*e\+\d+ is beyond 4\.5e\+09"):
        solver.coefficients(Y)


@pytest.mark.parametrize(
    ("gram", "message"),
    [
        (np.array([[1.0, np.nan], [np.nan, 1]]), "2 of 4 entries are not finite"),
        (np.array([[1.0, 2.0], [2.0, 1]]), "not a kernel"),
    ],
)
def test_no_kernel(gram, message):
    with pytest.raises(StageError, match=message):
        solve.factor("K", gram)
    with pytest.raises(StageError, match="finite and positive"):
        solve.largest_eigenvalue(np.full((2, 2), np.nan))


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_jitter_brings_kernel_and_ridge_to_the_trusted_condition(ridge, monkeypatch):
    """Eigenvalues 1 to 100: with the ridge and the jitter their ratio is what is trusted, here 10."""
    monkeypatch.setattr(solve, "TRUSTED_CONDITION", 10.0)
    gram = np.diag([1.0, 2.0, 100.0])
    jitter = solve.factor("K", gram, ridge).jitter
    assert (100 + ridge + jitter) / (1 + ridge + jitter) == pytest.approx(10, rel=1e-12)
