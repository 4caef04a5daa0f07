"""Layers in NTK parameterization, from which the models of this package are made (JAX).

Weights and biases are standard Gaussian numbers, float32; their scales stand beside them:

    h = w_std/√fan_in · a W + b_std · b

A layer is a dictionary of `weights` [..., fan_in, fan_out] and, if b_std is not 0, `biases`.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from harness.ntk.specifications import Scales

LayerParams = dict[str, Array]


def draw_layer(
    key: PRNGKeyArray, shape: tuple[int, ...], scales: Scales, places: tuple[int, ...] = ()
) -> LayerParams:
    """A layer with weights of this shape, whose last axis is outputs; one bias for each output and place."""
    of_weights, of_biases = jax.random.split(key)
    layer = {"weights": jax.random.normal(of_weights, shape, dtype=jnp.float32)}
    if scales.b_std:
        layer["biases"] = jax.random.normal(of_biases, (*places, shape[-1]), dtype=jnp.float32)
    return layer


def dense_layer(layer: LayerParams, a: Array, scales: Scales) -> Array:
    """The layer applied to each row of the last axis of `a`."""
    weights = layer["weights"]
    return add_biases(layer, a @ weights * (scales.w_std / math.sqrt(weights.shape[0])), scales)


def add_biases(layer: LayerParams, h: Array, scales: Scales) -> Array:
    """`h` plus the layer's biases, if it has any."""
    return h + scales.b_std * layer["biases"] if "biases" in layer else h


def last_of_list(layers: list[LayerParams]) -> list[dict[str, bool]]:
    """The `readout` of a model whose parameters are a list of layers: true for the last layer."""
    number = len(layers) - 1
    return [dict.fromkeys(layer, place == number) for place, layer in enumerate(layers)]
