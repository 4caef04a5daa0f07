"""Kernels of finite networks from Gram matrices of their layers (one output: also `test_network`)."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk import empirical, kernels, network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import float64_ntk

empirical_nngp, empirical_ntk, empirical_ntk_diagonal = (
    jax.jit(f, static_argnums=1)
    for f in (empirical.empirical_nngp, empirical.empirical_ntk, empirical.empirical_ntk_diagonal)
)
X = np.random.default_rng([2, 100]).standard_normal((6, 5))
OTHERS = np.random.default_rng([3, 100]).standard_normal((3, 5))
KINDS = [(2, "relu", "ntk"), (2, "erf", "standard")]


def of(outputs, hidden=2, activation="relu", parameterization="ntk", width=16, key=0):
    architecture = Architecture(
        hidden, width, activation, 1.5, 0.3, parameterization, last_layer=0.3, outputs=outputs
    )
    return network.in_float64(network.init(jax.random.key(key), architecture, 5)), architecture


@pytest.mark.parametrize(("hidden", "activation", "parameterization"), KINDS)
def test_several_outputs_are_the_jacobians_product(hidden, activation, parameterization):
    """Θᵏˡ(x, x') = ∂fᵏ(x)/∂θ · ∂fˡ(x')/∂θ, float64: only the formula can differ."""
    params, architecture = of(3, hidden, activation, parameterization)

    def jacobian(x):
        leaves = jax.tree.leaves(jax.jit(jax.jacrev(lambda p: network.apply(p, architecture, x)))(params))
        return np.concatenate([np.asarray(leaf).reshape(len(x), 3, -1) for leaf in leaves], axis=2)

    for other in (None, OTHERS):
        expected = np.einsum("rkp,clp->rckl", jacobian(X), jacobian(X if other is None else other))
        mine = empirical_ntk(params, architecture, X, other)
        assert mine.shape == (6, 6 if other is None else 3, 3, 3)
        np.testing.assert_allclose(mine, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_one_output_of_several_is_a_network_of_its_own(parameterization):
    """Its kernel is that of the network which keeps that output's weights; bitwise float64 sums apart."""
    params, architecture = of(3, parameterization=parameterization)
    _, single = of(1, parameterization=parameterization)
    kernel = empirical_ntk(params, architecture, X, OTHERS)
    for k in range(3):
        own = [*params[:-1], (params[-1][0][:, k : k + 1], params[-1][1][k : k + 1])]
        np.testing.assert_allclose(kernel[:, :, k, k], empirical_ntk(own, single, X, OTHERS), rtol=1e-12)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_the_diagonal(outputs, parameterization):
    params, architecture = of(outputs, parameterization=parameterization)
    kernel = np.asarray(empirical_ntk(params, architecture, X))
    points = np.arange(6)
    mine = empirical_ntk_diagonal(params, architecture, X)
    assert mine.shape == ((6,) if outputs == 1 else (6, 3, 3))
    np.testing.assert_allclose(mine, kernel[points, points], rtol=1e-12)


def test_the_diagonal_makes_no_matrix_of_points():
    params, architecture = of(1)
    compiled = empirical_ntk_diagonal.lower(params, architecture, jnp.ones((4000, 5))).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 4000 * 4000 * 8 / 10


def test_outputs_are_the_last_dimension():
    params, architecture = of(3)
    assert network.apply(params, architecture, X).shape == (6, 3)
    assert network.apply(*of(1), X).shape == (6,)
    np.testing.assert_allclose(
        network.apply(params, architecture, X),
        network.affine(params, 2, architecture, network.features(params, architecture, X)),
        rtol=1e-14,
    )


def test_the_precision():
    architecture = Architecture(2, 16, outputs=2)
    rough = network.init(jax.random.key(0), architecture, 5)
    assert empirical_ntk(rough, architecture, X).dtype == jnp.float32
    assert empirical_ntk_diagonal(rough, architecture, X).dtype == jnp.float32
    mine = float64_ntk(rough, architecture, X, OTHERS)
    precise = network.in_float64(rough)
    np.testing.assert_allclose(mine, empirical_ntk(precise, architecture, X, OTHERS), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_nngp_is_the_covariance_over_the_last_layer(parameterization):
    """Over 4000 draws of the last layer with the hidden ones kept; 5 standard errors of a covariance."""
    params, architecture = of(1, parameterization=parameterization)
    wide = Architecture(2, 16, "relu", 1.5, 0.3, parameterization, last_layer=0.3, outputs=4000)
    last = network.in_float64(network.init(jax.random.key(9), wide, 5))[-1]
    outputs = np.asarray(network.apply([*params[:-1], last], wide, X))
    mine = np.asarray(empirical_nngp(params, architecture, X))
    error = np.sqrt((np.outer(np.diag(mine), np.diag(mine)) + mine**2) / 4000)
    assert np.all(np.abs(outputs @ outputs.T / 4000 - mine) < 5 * error)
    both = np.concatenate([X, OTHERS])
    np.testing.assert_allclose(
        empirical_nngp(params, architecture, X, OTHERS),
        empirical_nngp(params, architecture, both)[:6, 6:],
        rtol=1e-12,
    )


@pytest.mark.parametrize("outputs", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_wide_networks_have_the_analytic_kernels(outputs):
    """The NTK of several outputs tends to the analytic one times the identity (Jacot et al. 2018)."""
    params, architecture = of(outputs, hidden=2, width=2000)
    nngp, ntk = kernels.nngp_ntk(architecture, X)
    mine = np.asarray(empirical_ntk(params, architecture, X))
    if outputs == 1:
        mine = mine[:, :, None, None]
    for k, other in itertools.product(range(outputs), repeat=2):
        assert np.linalg.norm(mine[:, :, k, other] - (k == other) * ntk) < 0.1 * np.linalg.norm(ntk)
    own = np.asarray(empirical_nngp(params, architecture, X))
    assert np.linalg.norm(own - nngp) < 0.1 * np.linalg.norm(nngp)
    assert np.linalg.norm(own - ntk) > 0.3 * np.linalg.norm(ntk)
