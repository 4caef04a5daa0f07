"""Ensembles of trained networks, and the Gaussian that infinite width predicts."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import StageError, collect_stages
from harness.ntk import data, ensembles, kernels, network, solve, train
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_nngp, empirical_ntk
from harness.ntk.experiments.ensemble import QUANTITIES, ensemble

SPLIT = data.split("sphere", train=6, test=5, seed=0)
X, Y, X_TEST = SPLIT.x_train, SPLIT.y_train, SPLIT.x_test
ARCHITECTURE = Architecture(1, 32, "erf")
COVARIANCE, NTK = kernels.nngp_ntk(ARCHITECTURE, np.concatenate([X, X_TEST]))
NTK_SOLVER, NNGP_SOLVER = (solve.factor("kernel", kernel[:6, :6]) for kernel in (NTK, COVARIANCE))
RATE = 0.5 / NTK_SOLVER.largest


@cache
def trial(**parameters):
    with collect_stages() as reports:
        values = ensemble(**{"seed": 0, "train": 6, "test": 20, "networks": 8, "width": 32} | parameters)
    return values, {report.name: report.failure for report in reports}


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_the_formulas_are_those_of_gaussian_functions(steps):
    """20000 functions drawn from the NNGP and carried through kernel descent: mean and variance, 5 errors."""
    draws = 20_000
    functions = np.linalg.cholesky(COVARIANCE) @ np.random.default_rng(0).standard_normal((11, draws))
    ends = NTK_SOLVER.after(
        np.full(draws, float(steps)), np.full(draws, RATE), NTK[6:, :6], Y, functions[:6], functions[6:]
    )
    mean, variance = ensembles.predicted(NTK_SOLVER, NTK[6:, :6], COVARIANCE, Y, steps, RATE)
    assert np.all(np.abs(ends.mean(axis=1) - mean) < 5 * np.sqrt(variance / draws))
    np.testing.assert_allclose(ends.var(axis=1), variance, rtol=5 * np.sqrt(2 / draws))


def test_before_training_it_is_the_prior():
    mean, variance = ensembles.predicted(NTK_SOLVER, NTK[6:, :6], COVARIANCE, Y, 0, RATE)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    np.testing.assert_allclose(variance, np.diag(COVARIANCE)[6:], rtol=1e-12)


def test_the_posterior_is_the_textbooks():
    """K(x,X) K⁻¹ y and K(x,x) − K(x,X) K⁻¹ K(X,x) (Rasmussen & Williams 2006, eqs. 2.23 and 2.24)."""
    mean, variance = ensembles.posterior(NNGP_SOLVER, COVARIANCE, Y)
    inverse = np.linalg.inv(COVARIANCE[:6, :6])
    np.testing.assert_allclose(mean, COVARIANCE[6:, :6] @ inverse @ Y, rtol=1e-9)
    expected = COVARIANCE[6:, 6:] - COVARIANCE[6:, :6] @ inverse @ COVARIANCE[:6, 6:]
    np.testing.assert_allclose(variance, np.diag(expected), rtol=1e-9)


def test_the_last_layer_trains_towards_the_posterior():
    """With the NNGP as the training kernel, many steps are the posterior; with the NTK they are not."""
    posterior = ensembles.posterior(NNGP_SOLVER, COVARIANCE, Y)
    rate = 0.5 / NNGP_SOLVER.largest
    limit = ensembles.predicted(NNGP_SOLVER, COVARIANCE[6:, :6], COVARIANCE, Y, 100_000, rate)
    for a, b in zip(limit, posterior, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8)
    other = ensembles.predicted(NTK_SOLVER, NTK[6:, :6], COVARIANCE, Y, 100_000, RATE)
    assert np.all(other.variance > posterior.variance)  # no Gaussian process's: it has not learned the most


@pytest.mark.parametrize("layers", [pytest.param("all", marks=pytest.mark.slow), "last"])
def test_each_network_is_trained_as_a_plain_loop_trains_it(layers):
    keys = train.network_keys(3, 2)
    rate = jnp.asarray(RATE / 2)
    ends = ensembles.train_ensemble(keys, ARCHITECTURE, X, Y, X_TEST, rate, 10, layers)
    for number in range(2):
        params = network.in_float64(network.init(keys[number], ARCHITECTURE, 10))
        frozen = 0 if layers == "all" else 1

        @jax.jit
        def gradient(moving, params=params, frozen=frozen):
            def loss(moving):
                f = network.apply([*params[:frozen], *moving], ARCHITECTURE, X)
                return 0.5 * jnp.sum((f - Y) ** 2)

            return jax.value_and_grad(loss)(moving)

        moving = params[frozen:]
        assert float(ends.initial_loss[number]) == pytest.approx(2 * float(gradient(moving)[0]) / 6, rel=1e-9)
        for _ in range(10):
            moving = jax.tree.map(lambda p, g: p - rate * g, moving, gradient(moving)[1])
        assert float(ends.loss[number]) == pytest.approx(2 * float(gradient(moving)[0]) / 6, rel=1e-9)
        f_test = network.apply([*params[:frozen], *moving], ARCHITECTURE, X_TEST)
        np.testing.assert_allclose(ends.f_test[number], f_test, rtol=1e-9)


@pytest.mark.parametrize("layers", ["all", "last"])
def test_every_declared_quantity_is_there(layers):
    values, failures = trial(layers=layers)
    assert not any(failures.values()), failures
    assert set(values) == set(QUANTITIES)
    assert all(np.isfinite(value) and value > 0 for value in values.values())
    assert set(failures) == {"data", "kernels", *(quantity.stage for quantity in QUANTITIES.values())}
    assert values["final-loss"] < 0.1 * values["initial-loss"]


@pytest.mark.slow
def test_ensembles_of_wide_networks_have_their_own_formulas_mean_and_variance():
    """Each kind is nearest to its own mean; variances within their sampling error of 128 networks."""
    for layers, steps, own, other in (("all", 150, "ntk", "posterior"), ("last", 1000, "posterior", "ntk")):
        values, _ = trial(layers=layers, steps=steps, networks=128, width=256, activation="erf")
        assert values[f"mean-vs-{own}.distance"] < 0.7 * values[f"mean-vs-{other}.distance"]
        assert values["variance"] == pytest.approx(values[f"{own}.variance"], rel=0.15)
        assert values["variance"] < 0.7 * values["prior.variance"]


@pytest.mark.parametrize("layers", ["all", "last"])
def test_the_rate_is_that_of_the_kernel_that_trains(layers):
    """0.25 · 2/λ_max of the analytic or of any network's own kernel, whichever is largest."""
    x = jnp.asarray(data.split("sphere", train=6, test=20, seed=0).x_train)
    architecture = Architecture(1, 32)
    analytic = kernels.nngp_ntk(architecture, np.asarray(x))[1 if layers == "all" else 0]
    own = ensembles.largest_eigenvalues(train.network_keys(0, 8), architecture, x, layers)
    by_hand = [
        np.linalg.eigvalsh(kernel(network.init(key, architecture, 10), architecture, x))[-1]
        for kernel in [empirical_ntk if layers == "all" else empirical_nngp]
        for key in train.network_keys(0, 2)
    ]
    np.testing.assert_allclose(own[:2], by_hand, rtol=1e-4)  # by hand in float32
    largest = max(float(own.max()), solve.largest_eigenvalue(analytic))
    assert trial(layers=layers)[0]["learning-rate"] == pytest.approx(0.5 / largest, rel=1e-9)


def test_training_that_fails_leaves_its_reason():
    values, failures = trial(learning_rate=1e-4)
    assert values == {}
    assert "network 0: expected training" in failures["training"]
    with pytest.raises(StageError, match="network 0: expected training"):
        ensemble(seed=0, train=6, test=20, networks=8, width=32, learning_rate=1e-4)
