"""Finite recurrent networks (JAX; Elman's, in NTK parameterization).

    h_t = w_std/√width a_(t−1) W + w_std/√features x_t U + b_std b,   a_t = φ(h_t),   a_(−1) = 0

All steps share weights, or each step has its own (`local`): a deep network which inputs enter at each layer.
Inputs are flat: all steps side by side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.component_model import ComponentModel, KernelPair, as_kernel
from harness.ntk.model import Columns, Params, Rows
from harness.ntk.network import activate
from harness.ntk.recurrent_kernels import recurrent_kernels
from harness.ntk.scaled_layers import LayerParams, dense_layer, draw_layer
from harness.ntk.specifications import Recurrent, Scales


class RecurrentParams(TypedDict):
    """The layers of states and inputs, one for all steps or one for each step, and the output layer."""

    states: list[LayerParams]
    inputs: list[LayerParams]
    last: LayerParams


def recurrent_model(net: Recurrent) -> ComponentModel:
    """The model of such a network.

    If it averages over steps, its alternative has other weights at each step. If it reads the last step, both
    have one kernel, and there is no alternative.
    """

    def kernels(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return recurrent_kernels(net, x1, x2)

    def without(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return recurrent_kernels(replace(net, sharing="local"), x1, x2)

    seen = net.read_out == "average" and net.sharing == "shared"
    return ComponentModel(
        lambda key, shape: ((-1, net.outputs), draw_recurrent(key, net, shape[-1])),
        lambda params, x: apply_recurrent(params, net, x),
        as_kernel(kernels),
        _readout,
        ("recurrent", net),
        component="weights shared by all steps" if seen else "",
        without=without if seen else None,
    )


def _readout(params: Params) -> Params:
    return {name: jax.tree.map(lambda _, of=name: of == "last", part) for name, part in params.items()}


def draw_recurrent(key: PRNGKeyArray, net: Recurrent, features: int) -> RecurrentParams:
    """Random parameters, float32. Raises `ValueError` if steps do not divide the features."""
    if features % net.steps:
        raise ValueError(f"expected features in {net.steps} steps of one length, found {features} features")
    own = net.steps if net.sharing == "local" else 1
    of_states, of_inputs, of_last = jax.random.split(key, 3)
    without_biases = Scales(net.scales.w_std, 0.0)  # a step has one bias, in its inputs' layer
    return {
        "states": [draw_layer(each, (net.width, net.width), without_biases)
                   for each in jax.random.split(of_states, own)],
        "inputs": [draw_layer(each, (features // net.steps, net.width), net.scales)
                   for each in jax.random.split(of_inputs, own)],
        "last": draw_layer(of_last, (net.width, net.outputs), net.scales),
    }  # fmt: skip


def apply_recurrent(
    params: Params, net: Recurrent, x: Float[Array, "points features"]
) -> Float[Array, "points outputs"]:
    """The outputs at flat inputs, in the precision of `params`."""
    steps = x.reshape(len(x), net.steps, -1)
    left: list[Array] = []
    for number in range(net.steps):
        layer = number if net.sharing == "local" else 0
        h = dense_layer(params["inputs"][layer], steps[:, number], net.scales)
        if left:
            h = h + dense_layer(params["states"][layer], left[-1], net.scales)
        left.append(activate(net.activation, h))
    read = left[-1] if net.read_out == "last" else jnp.stack(left).mean(axis=0)
    return dense_layer(params["last"], read, net.scales)
