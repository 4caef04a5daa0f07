"""Finite networks of dense layers with skip connections or layer normalisation, and their kernels (JAX).

Residual networks (He et al. 2016 arXiv:1512.03385) and layer normalisation (Ba et al. 2016 arXiv:1607.06450),
in NTK parameterization; the formulas are those of `harness.ntk.specifications.DenseBlocks`.
"""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.block_kernels import block_kernels
from harness.ntk.component_model import ComponentModel, KernelPair, as_kernel
from harness.ntk.model import Columns, Params, Rows
from harness.ntk.network import activate
from harness.ntk.scaled_layers import LayerParams, dense_layer, draw_layer, last_of_list
from harness.ntk.specifications import DenseBlocks

VARIANCE_FLOOR = 1e-12
"""Added to a layer's variance before it divides, which matters only if the variance is 0. neural-tangents
uses the same value."""


def blocks_model(net: DenseBlocks, component: str) -> ComponentModel:
    """The model of such a network. Without its `component` it is fully connected, with as many layers."""

    def kernels(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return block_kernels(net, x1, x2)

    def without(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return block_kernels(replace(net, skip=False, branch=1.0, normalised=False), x1, x2)

    return ComponentModel(
        lambda key, shape: ((-1, net.outputs), draw_blocks(key, net, shape[-1])),
        lambda params, x: apply_blocks(params, net, x),
        as_kernel(kernels),
        last_of_list,
        (component, net),
        component=component,
        without=without,
    )


def draw_blocks(key: PRNGKeyArray, net: DenseBlocks, features: int) -> list[LayerParams]:
    """Random parameters, float32, one entry for each layer."""
    sizes = [features, *[net.width] * net.hidden, net.outputs]
    keys = jax.random.split(key, net.hidden + 1)
    layers = [
        draw_layer(keys[number], (sizes[number], sizes[number + 1]), net.scales)
        for number in range(net.hidden + 1)
    ]
    if net.read_out == "ones":
        layers[-1]["weights"] = jnp.ones_like(layers[-1]["weights"])
    return layers


def apply_blocks(
    params: Params, net: DenseBlocks, x: Float[Array, "points features"]
) -> Float[Array, "points outputs"]:
    """The outputs, in the precision of `params`."""
    first, *branches, last = params
    h = dense_layer(first, x, net.scales)
    for layer in branches:
        branch = net.branch * dense_layer(layer, _entering(h, net), net.scales)
        h = h + branch if net.skip else branch
    return dense_layer(last, _entering(h, net), net.scales)


def _entering(h: Float[Array, "points width"], net: DenseBlocks) -> Float[Array, "points width"]:
    """φ(N h), computed for each row by itself."""
    if net.normalised:
        centred = h - h.mean(axis=-1, keepdims=True)
        h = centred / jnp.sqrt((centred**2).mean(axis=-1, keepdims=True) + VARIANCE_FLOOR)
    return activate(net.activation, h)
