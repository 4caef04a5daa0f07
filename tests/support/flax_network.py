"""A Flax module as a model: `params` alone, drawn from an example of the inputs."""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp


class MLP(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        x = nn.gelu(nn.Dense(self.width)(x))
        return nn.Dense(1)(x)


def mlp(width: int = 64):
    module = MLP(width)

    def init(key, input_shape):
        return (-1, 1), module.init(key, jnp.zeros((1, input_shape[-1]), jnp.float32))["params"]

    def apply(params, x):
        return module.apply({"params": params}, x)

    return init, apply
