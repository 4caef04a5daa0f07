"""Finite convolutional networks, written as sums of shifted products (JAX).

    h[s] = w_std/√(taps · channels) Σ_δ a[s + δ] W_δ + b_std b        a layer, at each pixel s

All pixels share filters, or each pixel has its own (`local`: a locally connected network, Novak et al. 2019
arXiv:1810.05148). XLA's convolutions for the CPU are slow inside vectorised and differentiated programs; one
matrix product for each tap is as fast as any matrix product. Inputs are flat: one channel of pixels.
"""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.component_model import ComponentModel, KernelPair, as_kernel
from harness.ntk.model import Columns, Params, Rows
from harness.ntk.network import activate
from harness.ntk.places import grid_of, offsets
from harness.ntk.scaled_layers import LayerParams, add_biases, dense_layer, draw_layer, last_of_list
from harness.ntk.spatial_kernels import fully_connected_kernels, spatial_kernels
from harness.ntk.specifications import Convolutional, Padding

Channels = Float[Array, "points *space channels"]


def convolutional_model(net: Convolutional) -> ComponentModel:
    """The model of such a network, with its kernels and those of the network without its component.

    The component is pooling if there is pooling. Otherwise it is convolution, with shared weights or not.
    """

    def kernels(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return spatial_kernels(net, x1, x2)

    def without(x1: Rows, x2: Columns | None = None) -> KernelPair:
        if net.read_out == "average":
            return spatial_kernels(replace(net, read_out="flatten"), x1, x2)
        return fully_connected_kernels(net, x1, x2)

    return ComponentModel(
        lambda key, shape: ((-1, net.outputs), draw_convolutional(key, net, shape[-1])),
        lambda params, x: apply_convolutional(params, net, x),
        as_kernel(kernels),
        last_of_list,
        ("convolutional", net),
        component="pooling" if net.read_out == "average" else "convolution",
        without=without,
    )


def draw_convolutional(key: PRNGKeyArray, net: Convolutional, features: int) -> list[LayerParams]:
    """Random parameters, float32.

    A layer's weights are [taps, channels, width], with an axis of pixels first if `local`.
    """
    grid = grid_of(features, net.dimensions)
    places = (grid.pixels,) if net.sharing == "local" else ()
    taps = net.taps**net.dimensions
    keys = jax.random.split(key, net.hidden + 1)
    sizes = [1, *[net.width] * net.hidden]
    layers = [
        draw_layer(keys[number], (*places, taps, sizes[number], net.width), net.scales, places)
        for number in range(net.hidden)
    ]
    enter = net.width * (grid.pixels if net.read_out == "flatten" else 1)
    return [*layers, draw_layer(keys[-1], (enter, net.outputs), net.scales)]


def apply_convolutional(
    params: Params, net: Convolutional, x: Float[Array, "points features"]
) -> Float[Array, "points outputs"]:
    """The outputs at flat inputs, in the precision of `params`."""
    grid = grid_of(x.shape[1], net.dimensions)
    a = x.reshape(len(x), *grid.shape, 1)
    for layer in params[:-1]:
        a = activate(net.activation, convolve(layer, a, net))
    a = a.reshape(len(x), grid.pixels, -1)
    read = a.reshape(len(x), -1) if net.read_out == "flatten" else a.mean(axis=1)
    return dense_layer(params[-1], read, net.last_scales)


def convolve(layer: LayerParams, a: Channels, net: Convolutional) -> Channels:
    """One convolutional layer, before its activation."""
    weights, space = layer["weights"], a.shape[1:-1]
    channels = a.shape[-1]
    total = jnp.zeros((), a.dtype)
    for tap, offset in enumerate(offsets(net.taps, net.dimensions)):
        under = _shifted(a, offset, net.padding)
        if net.sharing == "shared":
            total = total + under @ weights[tap]
        else:
            flat = under.reshape(len(a), -1, channels)
            product = jnp.einsum("psc,scd->psd", flat, weights[:, tap])
            total = total + product.reshape(len(a), *space, -1)
    scaled = total * (net.scales.w_std / math.sqrt(net.taps**net.dimensions * channels))
    if net.sharing == "local" and "biases" in layer:
        layer = {**layer, "biases": layer["biases"].reshape(*space, -1)}
    return add_biases(layer, scaled, net.scales)


def _shifted(a: Channels, offset: tuple[int, ...], padding: Padding) -> Channels:
    """The values at s + offset, for each pixel s."""
    axes = tuple(range(1, 1 + len(offset)))
    if padding == "circular":
        return jnp.roll(a, tuple(-step for step in offset), axes)
    for axis, step in zip(axes, offset, strict=True):
        widths = [(0, 0)] * a.ndim
        widths[axis] = (max(-step, 0), max(step, 0))
        start = max(step, 0)
        a = jax.lax.slice_in_dim(jnp.pad(a, widths), start, start + a.shape[axis], axis=axis)
    return a
