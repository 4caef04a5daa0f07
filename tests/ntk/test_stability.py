"""λ₀ of a loss, beside its Gauss–Newton matrix; and what gradient descent does above and below 2/λ₀."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk.jax_network import JaxNetwork
from harness.ntk.model import Model, cast
from harness.ntk.several_outputs import several_outputs
from harness.ntk.stability import sharpness
from harness.ntk.trainable import Course, Recipe

X = np.random.default_rng(0).standard_normal((5, 3))
Y = np.random.default_rng(1).standard_normal((5, 3))


def init(key, shape):
    first, last = jax.random.split(key)
    return (-1, 3), [jax.random.normal(first, (shape[-1], 6)), jax.random.normal(last, (6, 3))]


def apply(params, x):
    return jnp.tanh(x @ params[0]) @ params[1]


MODEL = several_outputs(Model(init, apply))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_it_is_the_largest_eigenvalue_of_the_gauss_newton_matrix(loss):
    params = cast(MODEL.draw(jax.random.key(0), 3), jnp.float64)
    leaves, structure = jax.tree.flatten(params)
    sizes = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def f(flat):
        parts = [p.reshape(leaf.shape) for p, leaf in zip(jnp.split(flat, sizes), leaves, strict=True)]
        return apply(jax.tree.unflatten(structure, parts), X).ravel()

    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    jacobian = np.asarray(jax.jacobian(f)(flat))

    def of_outputs(out):
        out = out.reshape(5, 3)
        if loss == "squared":
            return jnp.mean((out - Y) ** 2)
        return -jnp.mean(jnp.sum(jax.nn.softmax(jnp.asarray(Y)) * jax.nn.log_softmax(out), axis=1))

    hessian = np.asarray(jax.hessian(of_outputs)(f(flat)))
    expected = np.linalg.eigvalsh(jacobian.T @ hessian @ jacobian)[-1]
    found = sharpness(MODEL, loss, MODEL.draw(jax.random.key(0), 3), jnp.asarray(X))
    assert found == pytest.approx(expected, rel=1e-4)  # power iteration stops at 1e-6, its params are float32


@pytest.mark.slow
def test_the_linearised_network_is_stable_below_2_over_it_alone():
    network = JaxNetwork(Model(init, apply), 0, 3)
    stable = 2 / network.sharpness(0, X, "squared")
    losses = [
        network.train_linearised(Course(Recipe(), X, Y, times * stable, -1.0, [400], 0), X)[0].loss
        for times in (0.95, 1.05)
    ]
    assert losses[0] < 1 < losses[1]
