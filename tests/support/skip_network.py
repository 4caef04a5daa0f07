"""A network with skip connections, as `(init, apply)`: no analytic kernel is known of it here."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def skip(width: int = 64, blocks: int = 2):
    """x → dense → `blocks` times h + dense(relu(h)) → dense, NTK parameterization, without biases."""

    def init(key, input_shape):
        sizes = [(input_shape[-1], width), *[(width, width)] * blocks, (width, 1)]
        keys = jax.random.split(key, len(sizes))
        names = ["first", *(f"block {number}" for number in range(blocks)), "last"]
        drawn = zip(names, keys, sizes, strict=True)
        return (-1, 1), {name: jax.random.normal(key, size) for name, key, size in drawn}

    def dense(weights, a):
        return a @ weights * (1.5 / weights.shape[0] ** 0.5)

    def apply(params, x):
        h = dense(params["first"], x)
        for number in range(blocks):
            h = h + dense(params[f"block {number}"], jax.nn.relu(h))
        return dense(params["last"], jax.nn.relu(h))

    return init, apply


def skip_with_readout(width: int = 64, blocks: int = 2):
    """The same, and which of its parameters are the last layer's."""
    from harness.ntk.model import Model

    init, apply = skip(width, blocks)
    return Model(init, apply, readout=lambda params: {name: name == "last" for name in params})


def stax_skip(width: int = 64):
    """A skip connection by neural-tangents: `(init, apply, kernel)`."""
    from harness.ntk import compat

    compat.load()
    from neural_tangents import stax

    block = stax.serial(stax.Relu(), stax.Dense(width, 1.5, 0.1))
    return stax.serial(
        stax.Dense(width, 1.5, 0.1), stax.FanOut(2), stax.parallel(stax.Identity(), block), stax.FanInSum(),
        stax.Relu(), stax.Dense(1, 1.5, 0.1),
    )  # fmt: skip


def mixing(params, x):
    """A network that subtracts the mean over rows, as batch normalisation does."""
    return jnp.tanh(x - x.mean(axis=0)) @ params["w"]
