"""Networks of several seeds in one program each: the functions of `train`, vmapped over seeds and networks.

Every array has two axes before its own, [seeds, networks]; points have [seeds] alone. This is for
accelerators: one program is compiled instead of hundreds of small ones, and many networks at once fill a
device. On a CPU it is slower (three times at width 512), because each loop runs as long as its slowest
network, and all weights together do not fit into the cache.

A network that has stopped does not change while others go on, and no network's numbers depend on another's.

Compared with networks trained one by one, outputs differ by at most 4e-7 of their size (on a CPU, 13
set-ups), because XLA adds up in another order when it multiplies stacks of matrices, so that float32 rounds
differently. Learning rates differ by 2e-7. Training keeps differences at this size if the activation is
smooth. With ReLU, one network in 32 differs by more, up to 1.3e-5 (Adam: 2.8e-5), because one sum of a unit
lies on the other side of the kink. Its tangent kernel then jumps by the unit's share, 3e-2 at width 64.
Numbers of steps are equal, except if a held-out error is almost level: two networks of 24 stopped a step
earlier or later (step 121 for 120). Their outputs differ by what a step changes, 6e-4.
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
    """The `network_key` of each network, or its `batch_key`."""
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
    """`train.initialise` for each network."""

    def one(key: Array, x: Array, x_test: Array) -> training.Initial:
        initial: training.Initial = training.initialise(key, model, x, x_test)
        return initial

    found: training.Initial = jax.vmap(jax.vmap(one, in_axes=(0, None, None)))(keys, x_train, x_test)
    return found


@partial(jax.jit, static_argnames="model")
def block_largest_eigenvalues(
    params: Params, model: Model, x: Float[Array, "seeds points inputs"]
) -> Float[Array, "seeds nets"]:
    """`train.largest_eigenvalue` for each network."""

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
    """`train.descend` for each network.

    `held_out` has x [seeds, points, inputs] and y [seeds, nets, points].
    """

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
    """`Model.tangent_kernel` for each network, in float64.

    Fully connected networks take one program. Other networks are computed one after another, because the
    Jacobians of all of them would fill a device's memory.
    """
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
