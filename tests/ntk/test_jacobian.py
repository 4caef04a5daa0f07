"""Tangent kernels from Jacobians in blocks: by hand, against layers' Gram matrices, within their budget."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk import empirical, jacobian, network
from harness.ntk.architecture import Architecture
from harness.ntk.jacobian import jacobian_ntk, jacobian_ntk_diagonal

empirical_ntk, empirical_ntk_diagonal = (
    jax.jit(f, static_argnums=1) for f in (empirical.empirical_ntk, empirical.empirical_ntk_diagonal)
)
X = np.random.default_rng([4, 100]).standard_normal((7, 5))
OTHERS = np.random.default_rng([5, 100]).standard_normal((4, 5))
ONE, SEVERAL = (Architecture(2, 12, "erf", 1.5, 0.3, outputs=outputs) for outputs in (1, 3))


@cache
def params_of(architecture):
    return network.in_float64(network.init(jax.random.key(0), architecture, 5))


@cache
def function(architecture):
    return lambda params, x: network.apply(params, architecture, x)


def bytes_of(architecture, points):
    size = sum(leaf.size for leaf in jax.tree.leaves(params_of(architecture)))
    return 8 * points * architecture.outputs * size


def polynomial(params, x):
    """f = (u·x)² + v, with derivatives 2(u·x)x and 1."""
    return (x @ params["u"]) ** 2 + params["v"]


def test_by_hand():
    params = {"u": np.array([1.0, -2.0, 0.5, 0.0, 3.0]), "v": np.array(7.0)}
    gradients = np.concatenate([2 * (X @ params["u"])[:, None] * X, np.ones((7, 1))], axis=1)
    expected = gradients @ gradients.T
    np.testing.assert_allclose(jacobian_ntk(polynomial, params, X), expected, rtol=1e-12)
    np.testing.assert_allclose(jacobian_ntk(polynomial, params, X, memory=2 * 48 * 2), expected, rtol=1e-12)
    np.testing.assert_allclose(jacobian_ntk_diagonal(polynomial, params, X), np.diag(expected), rtol=1e-12)


def test_parameters_may_be_one_array():
    """Of f = p·x the kernel is that of the points."""
    params = np.arange(1.0, 6.0)
    for other in (None, OTHERS):
        expected = X @ (X if other is None else other).T
        np.testing.assert_allclose(jacobian_ntk(lambda p, x: x @ p, params, X, other), expected, rtol=1e-12)
    np.testing.assert_allclose(
        jacobian_ntk_diagonal(lambda p, x: x @ p, params, X), np.sum(X**2, axis=1), rtol=1e-12
    )


@pytest.mark.parametrize(
    "architecture",
    [pytest.param(ONE, marks=pytest.mark.slow), SEVERAL],
    ids=["one output", "three outputs"],
)
@pytest.mark.parametrize("points", [pytest.param(1, marks=pytest.mark.slow), 3, 100])
def test_blocks_of_any_size_give_the_layers_kernel(architecture, points):
    """Blocks that divide the points, that do not, and one that holds them all."""
    params, f = params_of(architecture), function(architecture)
    memory = bytes_of(architecture, 2 * points)
    for other in (None, OTHERS):
        mine = jacobian_ntk(f, params, X, other, memory=memory)
        np.testing.assert_allclose(
            mine, empirical_ntk(params, architecture, X, other), rtol=1e-10, atol=1e-10 * np.abs(mine).max()
        )
    mine = jacobian_ntk_diagonal(f, params, X, memory=memory // 2)
    expected = empirical_ntk_diagonal(params, architecture, X)
    np.testing.assert_allclose(mine, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_no_more_jacobians_are_held_than_the_budget_allows(monkeypatch):
    """Live arrays of a Jacobian's size, seen each time that another is made."""
    made, real = [], jacobian.split_jacobian
    budget = bytes_of(SEVERAL, 4) + 10  # two points at a time

    def counted(f, params, x):
        parts = real(f, params, x)
        jax.block_until_ready(parts)
        live = sum(a.nbytes for a in jax.live_arrays() if a.ndim == 3 and a.shape[:2] == (len(x), 3))
        made.append((len(x), live))
        return parts

    monkeypatch.setattr(jacobian, "split_jacobian", counted)
    jacobian_ntk(function(SEVERAL), params_of(SEVERAL), X, memory=budget)
    jacobian_ntk(function(SEVERAL), params_of(SEVERAL), X, OTHERS, memory=budget)
    assert {points for points, _ in made} == {2}
    assert max(live for _, live in made) == bytes_of(SEVERAL, 4)
    made.clear()
    jacobian_ntk_diagonal(function(SEVERAL), params_of(SEVERAL), X, memory=budget)
    assert {points for points, _ in made} == {4}
    assert max(live for _, live in made) <= 2 * bytes_of(SEVERAL, 4)  # the last, until it is replaced


def test_the_work_space_of_a_jacobian_is_of_its_own_size():
    """No points × points: with ten times the points, ten times the memory, give or take what is constant."""
    params, f = params_of(SEVERAL), function(SEVERAL)

    def work(points):
        x = jnp.zeros((points, 5))
        return jacobian.split_jacobian.lower(f, params, x).compile().memory_analysis().temp_size_in_bytes

    assert work(400) <= 15 * work(40)
    assert work(400) <= 2 * bytes_of(SEVERAL, 400)


def test_the_precision_is_that_of_the_parameters():
    rough = network.init(jax.random.key(0), ONE, 5)
    assert jacobian_ntk(function(ONE), rough, X).dtype == np.float32
    assert jacobian_ntk(function(ONE), params_of(ONE), X).dtype == np.float64


def test_a_budget_below_one_point():
    params, f, size = params_of(SEVERAL), function(SEVERAL), bytes_of(SEVERAL, 1)
    with pytest.raises(ValueError, match=rf"takes {size} bytes.*{2 * size} bytes, found {2 * size - 1}"):
        jacobian_ntk(f, params, X, memory=2 * size - 1)
    with pytest.raises(ValueError, match=f"at least {size} bytes, found {size - 1}"):
        jacobian_ntk_diagonal(f, params, X, memory=size - 1)
    jacobian_ntk(f, params, X, memory=2 * size)
    jacobian_ntk_diagonal(f, params, X, memory=size)


def test_a_function_of_another_shape():
    with pytest.raises(ValueError, match=r"expected \[points\] or \[points, outputs\], found shape \(\)"):
        jacobian_ntk(lambda p, x: jnp.sum(p * x), np.ones(5), X)
