"""Finite networks: the conventions of their layers, and their tangent kernel against a Jacobian."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from harness.ntk import compat, network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk

X = np.random.default_rng([2, 100]).standard_normal((6, 5))
OTHERS = np.random.default_rng([3, 100]).standard_normal((3, 5))
ALL = [(2, "relu", "ntk"), (2, "erf", "standard"), (2, "gelu", "ntk"), (0, "identity", "ntk")]
ALL += [
    pytest.param(*case, marks=pytest.mark.slow)
    for case in [
        *itertools.product([2], ["relu", "erf", "identity"], ["ntk", "standard"]),
        (0, "identity", "standard"),
    ]
    if case not in ALL
]


@pytest.mark.parametrize(("hidden", "activation", "parameterization"), ALL)
def test_layer_grams_are_the_jacobians_product(hidden, activation, parameterization):
    """In float64, so that only the formula can differ: 1e-12 is rounding over sums of some hundred terms."""
    architecture = Architecture(hidden, 16, activation, 1.5, 0.3, parameterization, last_layer=0.3)
    params = network.init(jax.random.key(0), architecture, 5)
    params = jax.tree.map(lambda p: p.astype(jnp.float64), params)

    def jacobian(x):
        leaves = jax.tree.leaves(jax.jit(jax.jacrev(lambda p: network.apply(p, architecture, x)))(params))
        return np.concatenate([np.asarray(leaf).reshape(len(x), -1) for leaf in leaves], axis=1)

    for other in (None, OTHERS):
        expected = jacobian(X) @ jacobian(X if other is None else other).T
        mine = jax.jit(empirical_ntk, static_argnums=1)(params, architecture, X, other)
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize(("hidden", "activation", "parameterization"), ALL)
def test_neural_tangents_agrees_on_the_function(hidden, activation, parameterization):
    """The same parameters in neural-tangents' finite network give the same outputs."""
    compat.load()
    from neural_tangents import stax

    architecture = Architecture(hidden, 16, activation, 1.5, 0.3, parameterization)
    params = network.init(jax.random.key(1), architecture, 5)
    nonlinearity = getattr(stax, activation.capitalize())
    layers, theirs = [], []
    for number, (weights, biases) in enumerate(params):
        layers.append(stax.Dense(weights.shape[1], 1.5, 0.3, parameterization=parameterization))
        theirs.append((weights, biases[None, :]))
        if number < hidden:
            layers.append(nonlinearity())
            theirs.append(())
    expected = stax.serial(*layers)[1](theirs, X.astype(np.float32))[:, 0]
    np.testing.assert_allclose(network.apply(params, architecture, X), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_scales_of_the_initial_parameters(parameterization):
    """Variances of some 10⁴ draws, within 5 standard errors √(2/N)."""
    architecture = Architecture(1, 2000, "relu", 1.5, 0.3, parameterization)
    (weights, biases), (last, _) = network.init(jax.random.key(0), architecture, 50)
    scaled = parameterization == "standard"
    for values, variance in (
        (weights, 1.5**2 / 50 if scaled else 1),
        (biases, 0.3**2 if scaled else 1),
        (last, 1.5**2 / 2000 if scaled else 1),
    ):
        assert values.dtype == jnp.float32
        assert np.var(np.asarray(values)) == pytest.approx(variance, rel=5 * math.sqrt(2 / values.size))


def test_uniform_initialisation_is_pytorchs():
    """Within ±1/√fan_in, reaching near it, of variance 1/(3 fan_in); weights and biases, every layer."""
    architecture = Architecture(1, 400, "relu", 9.0, 9.0, "standard", "uniform")
    layers = network.init(jax.random.key(0), architecture, 100)
    for (weights, biases), fan_in in zip(layers, (100, 400), strict=True):
        edge = 1 / math.sqrt(fan_in)
        for values in (np.asarray(weights, dtype=np.float64), np.asarray(biases, dtype=np.float64)):
            assert np.abs(values).max() <= edge * (1 + 1e-6)  # rounding, float32
            if values.size >= 400:
                assert np.abs(values).max() > 0.98 * edge
                # the fourth moment of U(−1, 1) is 1/5: its square's variance is 4/45
                error = 5 * math.sqrt(4 / 45 / values.size)
                assert np.mean(values**2) / edge**2 == pytest.approx(1 / 3, abs=error)
                assert abs(values.mean()) / edge < 5 * math.sqrt(1 / 3 / values.size)


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_last_layer_scales_the_output_weights_alone(parameterization):
    """Outputs less the last bias are a tenth; the hidden layers' parameters are the same."""
    one, small = (
        Architecture(2, 16, "relu", 1.5, 0.3, parameterization, last_layer=factor) for factor in (1.0, 0.1)
    )
    params, less = (network.init(jax.random.key(0), each, 5) for each in (one, small))
    f, f_less = (np.asarray(network.apply(p, each, X)) for p, each in ((params, one), (less, small)))
    for layer, other in zip(params[:-1], less[:-1], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer, other, strict=True))
    bias = float(params[-1][1][0]) * (0.3 if parameterization == "ntk" else 1)
    np.testing.assert_allclose(f_less - bias, 0.1 * (f - bias), atol=1e-6)


def test_gelu_is_the_exact_one():
    """h Φ(h); the approximation by tanh is up to 5e-4 off."""
    h = np.linspace(-4, 4, 81)
    exact = h * (1 + scipy.special.erf(h / np.sqrt(2))) / 2
    np.testing.assert_allclose(network.activate("gelu", jnp.asarray(h)), exact, atol=1e-12)


def test_impossible_architectures():
    for wrong in (
        {"hidden": -1},
        {"width": 0},
        {"w_std": 0.0},
        {"b_std": -1.0},
        {"activation": "softsign"},
        {"negative_slope": -0.1},
        {"negative_slope": 1.5},
        {"biases": "last"},
        {"bias_init": "ones"},
        {"parameterization": "mup"},
        {"initialisation": "orthogonal"},
        {"initialisation": "uniform"},
        {"initialisation": "uniform", "parameterization": "ntk"},
        {"last_layer": 0.0},
    ):
        with pytest.raises(ValueError, match="expected"):
            Architecture(**{"hidden": 1, "width": 8} | wrong)
