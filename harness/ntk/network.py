"""Finite fully connected networks. Parameters are drawn in float32.

A layer maps the activations a (fan_in of them) to pre-activations:

    ntk:       h = w_std/√fan_in · a W + b_std · b,   W, b ~ N(0, 1)
    standard:  h = a W + b,                           W ~ N(0, w_std²/fan_in),  b ~ N(0, b_std²)

with w_std and b_std those of the layer (`Architecture.scales`). For the uniform initialisation, N is a
uniform distribution of the same variance. Biases may start at 0 instead, and layers may lack them
(`Architecture.biases`): their b is then 0, and neither read nor trained. Both parameterizations have the same
distribution of functions at initialisation; they differ in how gradient descent moves them
(arXiv:2001.07301). The activation stands between layers. There is none after the last layer.
"""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.architecture import Activation, Architecture

# Networks specify float32 themselves; kernels and solves need float64. JAX leaves its configuration untyped.
jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

Layer = tuple[Float[Array, "_ _"], Float[Array, " _"]]
"""Weights [fan_in, fan_out] and biases [fan_out]. Sizes differ from layer to layer."""
Params = list[Layer]
Outputs = Float[Array, "points *outputs"]
"""[points] for a network with one output."""


def init(key: PRNGKeyArray, architecture: Architecture, inputs: int) -> Params:
    """Random parameters for `inputs` input features: one (weights, biases) pair per layer, float32."""
    sizes = [inputs] + [architecture.width] * architecture.hidden + [architecture.outputs]
    shapes = list(itertools.pairwise(sizes))
    # One draw for all layers compiles in a third of the time of one draw for each.
    total = sum((fan_in + 1) * fan_out for fan_in, fan_out in shapes)
    if architecture.initialisation == "uniform":
        edge = math.sqrt(3)  # gives variance one, like the others
        numbers = jax.random.uniform(key, (total,), dtype=jnp.float32, minval=-edge, maxval=edge)
    else:
        numbers = jax.random.normal(key, (total,), dtype=jnp.float32)
    params, start = [], 0
    for number, (fan_in, fan_out) in enumerate(shapes):
        layer = numbers[start : start + (fan_in + 1) * fan_out].reshape(fan_in + 1, fan_out)
        start += layer.size
        weights, biases = layer[:-1], layer[-1]
        if architecture.bias_init == "zeros" or not architecture.has_bias(number):
            biases = jnp.zeros_like(biases)
        if architecture.parameterization == "standard":
            w_std, b_std = architecture.scales(number, fan_in)
            weights, biases = weights * (w_std / math.sqrt(fan_in)), biases * b_std
        params.append((weights, biases))
    return params


def apply(params: Params, architecture: Architecture, x: Float[Array, "points inputs"]) -> Outputs:
    """The network's outputs at `x`, in the precision of `params`."""
    out = affine(params, len(params) - 1, architecture, features(params, architecture, x))
    return out[:, 0] if architecture.outputs == 1 else out


def features(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> Float[Array, "points fan_in"]:
    """The inputs of the output layer: the last hidden activations, or `x` itself without hidden layers."""
    hidden = x.astype(params[0][0].dtype)
    for number in range(len(params) - 1):
        hidden = affine(params, number, architecture, hidden)
        hidden = activate(architecture.activation, hidden, architecture.negative_slope)
    return hidden


def onward(
    params: Params, architecture: Architecture, h: Float[Array, "points width"]
) -> Float[Array, " points"]:
    """The outputs of a network with one output, given its first hidden layer's pre-activations `h`.

    The first layer's own parameters are not read.
    """
    a = activate(architecture.activation, h, architecture.negative_slope)
    for number in range(1, architecture.hidden):
        h = affine(params, number, architecture, a)
        a = activate(architecture.activation, h, architecture.negative_slope)
    return affine(params, architecture.hidden, architecture, a)[:, 0]


def slopes(architecture: Architecture, number: int, fan_in: int) -> tuple[float, float]:
    """s and β in h = s a W + β b: the factors of layer `number` on its products a W and on its biases."""
    s = 1.0
    if architecture.parameterization == "ntk":
        s = architecture.scales(number, fan_in)[0] / math.sqrt(fan_in)
    return s, architecture.bias_slope(number)


def in_float64(params: Params) -> Params:
    """The same parameters in float64, so that everything computed from them is in float64."""
    return jax.tree.map(lambda numbers: numbers.astype(jnp.float64), params)  # type: ignore[no-any-return]


def affine(
    params: Params, number: int, architecture: Architecture, a: Float[Array, "points fan_in"]
) -> Float[Array, "points fan_out"]:
    """Pre-activations of layer `number`, the first being 0 (the module's formulas)."""
    weights, biases = params[number]
    if architecture.parameterization == "standard":
        return a @ weights + biases if architecture.has_bias(number) else a @ weights
    w_std, _ = architecture.scales(number, weights.shape[0])
    scaled = (a @ weights) * (w_std / math.sqrt(weights.shape[0]))
    return scaled + architecture.bias_slope(number) * biases


def activate(
    name: Activation, h: Float[Array, "points width"], negative_slope: float = 0.01
) -> Float[Array, "points width"]:
    """The activation as neural-tangents defines it: erf(h) without a scale, h Φ(h), and so on.

    Φ is the normal distribution function itself, not its approximation by tanh (Hendrycks & Gimpel 2016
    arXiv:1606.08415). `step` is 1 above 0, and its derivative is 0.
    """
    match name:
        case "relu":
            return jax.nn.relu(h)
        case "erf":
            return jax.scipy.special.erf(h)
        case "gelu":
            return jax.nn.gelu(h, approximate=False)
        case "tanh":
            return jnp.tanh(h)
        case "sin":
            return jnp.sin(h)
        case "cos":
            return jnp.cos(h)
        case "leaky-relu":
            return jax.nn.leaky_relu(h, negative_slope)
        case "step":
            return (h > 0).astype(h.dtype)
        case "squared-relu":
            return jax.nn.relu(h) ** 2
        case "identity":
            return h
