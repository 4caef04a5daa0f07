"""The Flax module among `six_networks`."""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp


class Classifier(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(nn.relu(nn.Dense(self.width)(x)))


def classifier(width: int = 64):
    module = Classifier(width)

    def init(key, input_shape):
        return (-1, 2), module.init(key, jnp.zeros((1, input_shape[-1]), jnp.float32))["params"]

    def apply(params, x):
        return module.apply({"params": params}, x)

    return init, apply
