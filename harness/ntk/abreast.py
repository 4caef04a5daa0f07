"""Networks of several seeds in one program each: what `train` does, vmapped over seeds and networks.

Every array has two axes before its own, [seeds, networks]; points have [seeds] alone. For accelerators: one
program is compiled where there would be hundreds of small ones to start, and a device is filled by many
networks at once. On a CPU this is slower (three times at width 512), as each loop runs to its slowest network
and the weights of all leave the cache.

A network that has stopped stays as it is while others go on, and no network's numbers depend on another's.

Against each network by itself, outputs differ by at most 4e-7 of their size (on a CPU, 13 set-ups): XLA adds
up in another order where it multiplies stacks of matrices, so that float32 rounds otherwise, and learning
rates differ by 2e-7. Training keeps this size where the activation is smooth. With ReLU one network in 32
comes further apart, by up to 1.3e-5 (Adam: 2.8e-5), for a unit of which one sum lies on the other side of
the kink; its tangent kernel then jumps by the unit's share, 3e-2 at width 64. Steps are equal, but where a
held-out error is all but level: two networks of 24 were returned a step earlier or later (step 121 for 120);
their outputs differ by what a step moves, 6e-4.
"""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from harness.ntk import train as training
from harness.ntk.empirical import empirical_ntk
from harness.ntk.fully_connected import FullyConnected
from harness.ntk.model import Model, Params, cast
from harness.ntk.optimizers import Optimizer

BlockKeys = PRNGKeyArray
"""A key for each network: [seeds, networks]."""


@partial(jax.jit, static_argnames=("networks", "batches"))
def block_keys(seeds: Int[Array, " seeds"], networks: int, *, batches: bool = False) -> BlockKeys:
    """`network_key` of each network, or its `batch_key`."""
    make = training.batch_key if batches else training.network_key
    numbers = jax.numpy.arange(networks)
    return jax.vmap(lambda seed: jax.vmap(lambda number: make(seed, number))(numbers))(seeds)


@partial(jax.jit, static_argnames="model")
def initialise_block(
    keys: BlockKeys,
    model: Model,
    x_train: Float[Array, "seeds train inputs"],
    x_test: Float[Array, "seeds test inputs"],
) -> training.Initial:
    """`train.initialise` of each network."""

    def one(key: Array, x: Array, x_test: Array) -> training.Initial:
        initial: training.Initial = training.initialise(key, model, x, x_test)
        return initial

    found: training.Initial = jax.vmap(jax.vmap(one, in_axes=(0, None, None)))(keys, x_train, x_test)
    return found


@partial(jax.jit, static_argnames="model")
def block_largest_eigenvalues(
    params: Params, model: Model, x: Float[Array, "seeds points inputs"]
) -> Float[Array, "seeds nets"]:
    """`train.largest_eigenvalue` of each network."""

    def one(params: Params, x: Array) -> Array:
        largest: Array = training.largest_eigenvalue(params, model, x)
        return largest

    found: Array = jax.vmap(jax.vmap(one, in_axes=(0, None)))(params, x)
    return found


@partial(jax.jit, static_argnames="model")
def block_outputs(
    params: Params, model: Model, x: Float[Array, "seeds points inputs"]
) -> Float[Array, "seeds nets points"]:
    """Each network's outputs at the points of its seed."""
    found: Array = jax.vmap(jax.vmap(model, in_axes=(0, None)))(params, x)
    return found


@partial(jax.jit, static_argnames=("model", "optimizer"))
def descend_block(
    params: Params,
    model: Model,
    optimizer: Optimizer,
    x_train: Float[Array, "seeds train inputs"],
    y_train: Float[Array, "seeds nets train"],
    x_test: Float[Array, "seeds test inputs"],
    learning_rates: Float[Array, "seeds nets"],
    target_losses: Float[Array, " seeds"],
    max_steps: Int[Array, ""],
    keys: BlockKeys | None = None,
    held_out: training.HeldOut | None = None,
) -> training.Final:
    """`train.descend` of each network. `held_out` has x [seeds, points, inputs], y [seeds, nets, points]."""

    def one(
        params: Params,
        x: Array,
        y: Array,
        x_test: Array,
        rate: Array,
        target: Array,
        key: Array | None,
        held_out: training.HeldOut | None,
    ) -> training.Final:
        settings = (rate, target, max_steps, key, held_out)
        final: training.Final = training.descend(params, model, optimizer, x, y, x_test, *settings)
        return final

    own = None if keys is None else 0
    at_points, at_seeds = None, None
    if held_out is not None:
        at_points = training.HeldOut(None, 0, None)  # type: ignore[arg-type]  # axes in place of arrays
        at_seeds = training.HeldOut(0, 0, None)  # type: ignore[arg-type]
    over_networks = jax.vmap(one, in_axes=(0, None, 0, None, 0, None, own, at_points))
    over_seeds = jax.vmap(over_networks, in_axes=(0, 0, 0, 0, 0, 0, own, at_seeds))
    final: training.Final = over_seeds(
        params, x_train, y_train, x_test, learning_rates, target_losses, keys, held_out
    )
    return final


def tangent_kernels(
    params: Params,
    model: Model,
    x1: Float[np.ndarray, "seeds rows inputs"],
    x2: Float[np.ndarray, "seeds columns inputs"] | None = None,
) -> Float[np.ndarray, "seeds nets rows columns"]:
    """`Model.tangent_kernel` of each network, float64: one program for fully connected networks; for others
    one network after another, as the Jacobians of all would fill a device's memory."""
    if isinstance(model, FullyConnected):
        return np.asarray(_tangent_kernels(params, model, x1, x2))
    leaf = jax.tree.leaves(params)[0]
    return np.stack([
        np.stack([
            model.tangent_kernel(
                jax.tree.map(lambda leaf: leaf[seed, net], params),  # noqa: B023 (used at once)
                x1[seed],
                None if x2 is None else x2[seed],
            )
            for net in range(leaf.shape[1])
        ])
        for seed in range(leaf.shape[0])
    ])  # fmt: skip


@partial(jax.jit, static_argnames="model")
def _tangent_kernels(params: Params, model: FullyConnected, x1: Array, x2: Array | None) -> Array:
    def one(params: Params, x1: Array, x2: Array | None) -> Array:
        return empirical_ntk(cast(params, jax.numpy.float64), model.architecture, x1, x2)

    other = None if x2 is None else 0
    kernels: Array = jax.vmap(jax.vmap(one, in_axes=(0, None, None)), in_axes=(0, 0, other))(params, x1, x2)
    return kernels
