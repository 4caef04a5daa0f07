"""Regression with networks' own kernels, and how far these move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import data, kernels, own_kernels, train
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk, float64_ntk
from harness.ntk.fully_connected import fully_connected

SPLIT = data.split("sphere", train=10, test=6, seed=0)
X, X_TEST = SPLIT.x_train, SPLIT.x_test


def params_of(architecture, count=2):
    keys = [train.network_key(0, number) for number in range(count)]
    return [train.initialise(key, fully_connected(architecture), X, X_TEST).params for key in keys]


def of(architecture, params, ridge=0.0):
    return own_kernels.own_kernels("own", params, fully_connected(architecture), X, X_TEST, ridge)


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_a_linear_model_keeps_the_analytic_kernel(parameterization):
    """Whatever its parameters: here, before and after a training that fits the targets."""
    architecture = Architecture(0, 1, "identity", 1.5, 0.5, parameterization)
    model = fully_connected(architecture)
    initials = [train.initialise(train.network_key(0, i), model, X, X_TEST) for i in range(2)]
    targets = np.repeat(SPLIT.y_train[:, None], 2, axis=1)
    gram = kernels.nngp_ntk(architecture, X)[1]
    own = train.own_largest_eigenvalues(initials, model, X)
    rates = train.learning_rates(0.75, float(np.linalg.norm(gram, 2)), own)
    runs = train.train(initials, model, X, targets, X_TEST, rates, 1e-4, 20_000)
    before, after = (of(architecture, params) for params in ([i.params for i in initials], runs.params))
    assert np.array_equal(after.change_from(before), [0, 0])
    np.testing.assert_allclose(after.grams[1], gram, rtol=1e-10)
    np.testing.assert_allclose(
        after.crosses[1], kernels.nngp_ntk(architecture, X_TEST, X)[1], rtol=1e-10, atol=1e-10
    )


def test_they_are_computed_in_float64():
    architecture = Architecture(1, 64)
    params = params_of(architecture, 1)[0]
    precise = jax.tree.map(lambda p: p.astype(jnp.float64), params)
    mine = fully_connected(architecture).tangent_kernel(params, X)
    assert mine.dtype == np.float64
    kernel = jax.jit(empirical_ntk, static_argnums=1)
    np.testing.assert_allclose(mine, kernel(precise, architecture, X), rtol=1e-12)
    rough = np.asarray(kernel(params, architecture, X), dtype=np.float64)
    assert 1e-9 < np.abs(rough / mine - 1).max() < 1e-4  # as float32 would have been


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_regression_is_column_by_column(ridge):
    """Each network's kernel on its own targets, with a ridge in units of its own mean diagonal."""
    architecture = Architecture(1, 64)
    params = params_of(architecture)
    y = np.random.default_rng(0).standard_normal((10, 2))
    mine = of(architecture, params, ridge).regression(y)
    for number in range(2):
        gram, cross = (float64_ntk(params[number], architecture, *x) for x in ((X,), (X_TEST, X)))
        ridged = gram + ridge * np.mean(np.diag(gram)) * np.eye(10)
        np.testing.assert_allclose(mine[:, number], cross @ np.linalg.solve(ridged, y[:, number]), rtol=1e-6)


def test_change_by_hand():
    architecture = Architecture(1, 32)
    before, after = of(architecture, params_of(architecture)), of(architecture, params_of(architecture)[::-1])
    expected = [
        np.sqrt(np.sum((before.grams[1 - i] - before.grams[i]) ** 2) / np.sum(before.grams[i] ** 2))
        for i in range(2)
    ]
    np.testing.assert_allclose(after.change_from(before), expected, rtol=1e-12)
    assert min(expected) > 0.05


def test_a_singular_one_is_an_error_that_names_it():
    """A linear model of 30 points in 11 dimensions, and targets that it cannot fit."""
    model = fully_connected(Architecture(0, 1, "identity"))
    x = data.split("sphere", train=30, test=6, seed=0).x_train
    params = [train.initialise(train.network_key(0, 0), model, x, X_TEST).params]
    singular = own_kernels.own_kernels("own", params, model, x, X_TEST, 0.0)
    with pytest.raises(StageError, match="own kernel: condition number"):
        singular.regression(np.random.default_rng(0).standard_normal((30, 1)))
