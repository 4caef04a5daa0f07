"""Finite fully connected networks with one output, in float32.

A layer maps the activations a (fan_in of them) to pre-activations:

    ntk:       h = w_std/√fan_in · a W + b_std · b,   W, b ~ N(0, 1)
    standard:  h = a W + b,                           W ~ N(0, w_std²/fan_in),  b ~ N(0, b_std²)

Both have the same distribution of functions at initialisation; they differ in how gradient descent moves
them (arXiv:2001.07301). The activation stands between layers, none after the last.
"""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.architecture import Activation, Architecture

# Networks say float32 themselves; kernels and solves need float64. JAX leaves its configuration untyped.
jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

Layer = tuple[Float[Array, "fan_in fan_out"], Float[Array, " fan_out"]]
Params = list[Layer]


def init(key: PRNGKeyArray, architecture: Architecture, inputs: int) -> Params:
    """Random parameters for `inputs` input features: one (weights, biases) pair a layer, float32."""
    sizes = [inputs] + [architecture.width] * architecture.hidden + [1]
    shapes = list(itertools.pairwise(sizes))
    # One draw for all layers compiles in a third of the time of one draw for each.
    total = sum((fan_in + 1) * fan_out for fan_in, fan_out in shapes)
    numbers = jax.random.normal(key, (total,), dtype=jnp.float32)
    params, start = [], 0
    for fan_in, fan_out in shapes:
        layer = numbers[start : start + (fan_in + 1) * fan_out].reshape(fan_in + 1, fan_out)
        start += layer.size
        weights, biases = layer[:-1], layer[-1]
        if architecture.parameterization == "standard":
            weights, biases = weights * (architecture.w_std / math.sqrt(fan_in)), biases * architecture.b_std
        params.append((weights, biases))
    return params


def apply(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> Float[Array, " points"]:
    """The network's outputs at `x`, in the precision of `params`."""
    hidden = x.astype(params[0][0].dtype)
    for layer in params[:-1]:
        hidden = activate(architecture.activation, affine(layer, architecture, hidden))
    return affine(params[-1], architecture, hidden)[:, 0]


def affine(
    layer: Layer, architecture: Architecture, a: Float[Array, "points fan_in"]
) -> Float[Array, "points fan_out"]:
    """Pre-activations of one layer (the module's formulas)."""
    weights, biases = layer
    if architecture.parameterization == "standard":
        return a @ weights + biases
    return (a @ weights) * (architecture.w_std / math.sqrt(weights.shape[0])) + architecture.b_std * biases


def activate(name: Activation, h: Float[Array, "points width"]) -> Float[Array, "points width"]:
    """The activation as neural-tangents defines it: max(h, 0), erf(h) without a scale, or h."""
    if name == "relu":
        return jax.nn.relu(h)
    if name == "erf":
        return jax.scipy.special.erf(h)
    return h
