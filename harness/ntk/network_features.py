"""What enters a network's last layer, found from its function alone, and how far training moves it.

The last layer are the leaves in which the outputs are affine: those that the model names, or else those that
are so one by one, if they are so together. The derivative of the outputs' sum by such a leaf is what the leaf
multiplies: the features. Of a leaf whose derivative is the same at every point, a bias, nothing is taken.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.declare import NotCovered
from harness.ntk.model import Model, Params, cast
from harness.ntk.model_checks import CURVED, readout_leaves
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.tangent import Moving
from harness.ntk.trainable import LastInputs

Inputs = Float[np.ndarray, "points features"]


def last_layer(model: SeveralOutputs, params: Params, x: Inputs) -> Moving:
    """The leaves of the last layer. Raises `NotCovered` where they cannot be told from others."""
    if model.readout is not None:
        return readout_leaves(model, params, jnp.asarray(x))
    precise, points = cast(params, jnp.float64), jnp.asarray(x)
    leaves = jax.tree.leaves(precise)
    keys = jax.random.split(jax.random.key(0), len(leaves))
    step = [
        jax.random.normal(key, leaf.shape, jnp.float64) * (1 + jnp.sqrt(jnp.mean(leaf**2)))
        for key, leaf in zip(keys, leaves, strict=True)
    ]

    def bend(moving: np.ndarray) -> float:
        """The second difference of the outputs along these leaves, over the first."""
        taken = (jnp.asarray(times * moving) for times in range(3))
        zero, one, two = (np.asarray(_along(model, precise, step, each, points)) for each in taken)
        first = float(np.linalg.norm(one - zero))
        return float(np.linalg.norm(two - 2 * one + zero)) / first if first else float("inf")

    affine = np.array([bend(row) <= CURVED for row in np.eye(len(leaves))])
    if not affine.any() or not bend(affine.astype(np.float64)) <= CURVED:
        raise NotCovered(
            f"model {model.name}: which parameters are its last layer's cannot be told: return a "
            "`harness.ntk.model.Model` with a readout that says so"
        )
    return Moving(tuple(bool(each) for each in affine))


@partial(jax.jit, static_argnames="model")
def _along(
    model: Model,
    params: Params,
    step: list[Array],
    times: Float[Array, " leaves"],
    x: Float[Array, "points features"],
) -> Float[Array, "points outputs"]:
    """The outputs once each leaf has moved so many of its steps."""
    leaves, structure = jax.tree.flatten(params)
    moved = [leaf + t * d for leaf, t, d in zip(leaves, times, step, strict=True)]
    out: Float[Array, "points outputs"] = model(jax.tree.unflatten(structure, moved), x)
    return out


def last_inputs(model: SeveralOutputs, params: Params, x: Inputs, last: Moving) -> LastInputs:
    """The features at `x`, float64."""
    leaves = _derivatives(model, cast(params, jnp.float64), jnp.asarray(x), last)
    return [np.asarray(leaf) for leaf in leaves]


@partial(jax.jit, static_argnames=("model", "last"))
def _derivatives(
    model: SeveralOutputs, params: Params, x: Float[Array, "points features"], last: Moving
) -> list[Float[Array, "points _"]]:
    def summed(part: list[Array], row: Array) -> Array:
        return jnp.sum(model(last.whole(part, params), row[None]))

    def of_row(row: Array) -> list[Array]:
        return [leaf.reshape(-1) for leaf in jax.grad(summed)(last.part(params), row)]

    return jax.vmap(of_row)(x)
