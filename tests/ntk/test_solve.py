"""Predictors of a fixed kernel against neural-tangents' and against gradient descent taken step by step."""

import mpmath
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import compat, kernels, packed, solve
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


def with_spectrum(values, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))[0]
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2


@pytest.fixture(params=["all eigenvalues", "the outermost"])
def either_way(request, monkeypatch):
    """As for few points, and as for many."""
    if request.param == "the outermost":
        monkeypatch.setattr(solve, "DENSE", 12)


@pytest.fixture
def eigen_calls(monkeypatch):
    """How often all eigenvalues and eigenvectors of a matrix were computed."""
    calls = []

    def spy(matrix, **options):
        calls.append(len(matrix))
        return eigh(matrix, **options)

    eigh = packed.eigh
    monkeypatch.setattr(packed, "eigh", spy)
    return calls


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("size", [15, 30])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e9])
def test_solutions_against_fifty_digits(size, condition):
    """A backward stable solve loses condition × eps (Higham 2002, ch. 10); ten times that."""
    gram = with_spectrum(np.geomspace(1 / condition, 1, size))
    y = np.random.default_rng(1).standard_normal(size)
    with mpmath.workdps(50):
        exact = mpmath.lu_solve(mpmath.matrix(gram.tolist()), mpmath.matrix(y.tolist()))
    expected = np.array([float(value) for value in exact])
    solver = solve.factor("K", gram)
    found = solver.coefficients(y)
    assert solver.jitter == 0
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert error <= 10 * condition * np.finfo(float).eps
    # The smallest eigenvalue of a matrix that was rounded: condition × eps, and the iteration's tolerance.
    tolerance = 1e-6 + 10 * condition * np.finfo(float).eps
    assert solver.condition == pytest.approx(condition, rel=tolerance)
    assert solver.largest == pytest.approx(1, rel=1e-6)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("factor", [0.01, 0.5, 0.9, 1.1, 2.0, 1e3, 1e9])
def test_jitter_begins_at_the_trusted_condition(factor):
    """And brings the kernel there: to 1e-3, as eigenvalues near 2e-10 are good to 1e-16, and to the shift of
    the iteration. A ridge counts as well."""
    condition = factor * solve.TRUSTED_CONDITION
    gram = with_spectrum(np.geomspace(1 / condition, 1, 40))
    jitter = solve.factor("K", gram).jitter
    assert (jitter > 0) == (factor > 1)
    if jitter:
        brought = (1 + jitter) / (1 / condition + jitter)
        assert brought == pytest.approx(solve.TRUSTED_CONDITION, rel=1e-3)
    assert solve.factor("K", gram, 1e-9).jitter == 0


@pytest.mark.usefixtures("either_way")
def test_what_the_jitter_leaves_of_the_targets_is_judged():
    """Rank 5 of 40 points: targets in its range are regressed, others are an error."""
    values = np.concatenate([np.zeros(35), np.ones(5)])
    gram = with_spectrum(values)
    solver = solve.factor("K", gram)
    assert solver.jitter == pytest.approx(1 / solve.TRUSTED_CONDITION, rel=1e-3)
    inside = gram @ np.arange(40.0)
    np.testing.assert_allclose(gram @ solver.coefficients(inside), inside, rtol=1e-6, atol=1e-6)
    with pytest.raises(StageError, match=r"K kernel: condition number .* is beyond 4\.5e\+09"):
        solver.coefficients(np.arange(40.0))


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("ridge", [0.0, 1e-9, 1e-2, 10.0])
def test_no_ridge_hides_that_a_matrix_is_no_kernel(ridge):
    """An eigenvalue of −1e-5 of the largest; −1e-8 is the rounding of a closed form."""
    values = np.concatenate([[-1e-5], np.geomspace(1e-3, 1, 39)])
    with pytest.raises(
        StageError, match=r"K kernel: eigenvalues from -1\.00e-05 to 1\.00e\+00: not a kernel"
    ):
        solve.factor("K", with_spectrum(values), ridge)
    values[0] = -1e-8
    assert (solve.factor("K", with_spectrum(values), ridge).jitter > 0) == (ridge < 1e-8)
    with pytest.raises(StageError, match="not a kernel"):
        solve.factor("K", -np.eye(40), ridge + 2)


@pytest.mark.usefixtures("either_way")
def test_eigenvectors_are_for_those_who_ask(ntk, eigen_calls):
    """Predictions at infinite time take none; those at a time and tuned ridges take them, once."""
    gram, cross = ntk
    for ridge in (0.0, 1e-3, 2.0):
        solver = solve.factor("NTK", gram, ridge)
        solver.regression(cross, Y)
        solver.given(cross, Y, F0, F0_TEST)
    assert eigen_calls == []
    solver.after(np.full(3, 5), np.full(3, 0.1), cross, Y, F0, F0_TEST)
    solver.leave_one_out(cross, Y)
    assert eigen_calls == [20]


def test_the_outermost_eigenvalues_of_many_points_take_no_others(eigen_calls, monkeypatch):
    monkeypatch.setattr(solve, "DENSE", 12)
    gram = with_spectrum(np.concatenate([np.geomspace(1e-12, 1e-3, 39), [1]]))
    solver = solve.factor("K", gram)
    assert solver.jitter > 0
    # What rounding leaves of an eigenvalue of 1e-12: 1e-16, a ten-thousandth, and a hundred times that.
    assert solver.condition == pytest.approx(1e12, rel=1e-2)
    assert solve.largest_eigenvalue(gram) == pytest.approx(1, rel=1e-6)
    assert solve.largest_of(gram.__matmul__, 40) == pytest.approx(1, rel=1e-6)
    assert eigen_calls == []


def test_a_factor_in_place_is_that_of_a_copy(ntk):
    gram, cross = ntk
    given = np.array(gram)
    matrix = packed.Packed(given, overwrite=True)
    mine = solve.factor("NTK", matrix, 0.5)
    assert np.shares_memory(matrix.array, given)
    np.testing.assert_array_equal(
        mine.regression(cross, Y), solve.factor("NTK", gram, 0.5).regression(cross, Y)
    )
    np.testing.assert_array_equal(mine.eigenvectors, solve.factor("NTK", gram).eigenvectors)
