"""Kernels of some layers only, and the numbers of these layers.

The NTK is a sum over parameters by definition (Jacot et al. 2018 arXiv:1806.07572), and so a sum over layers.
The kernel of the trained layers is a partial sum, and a wide network of which only these are trained follows
it. In NTK parameterization the output layer's term is the NNGP (Lee et al. 2019 arXiv:1902.06720).

The terms of infinite width, layer by layer, from the steps of `harness.ntk.closed_form`:

    own term   w_std² K + b_std²           of the layer itself, K the covariance of what enters it
    others     w_std² E φ'(u)φ'(v) · term  of the layers before it

`harness.ntk.empirical` has those of a finite network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.shapes import Columns, Matrix, Rows

Layers = Literal["all", "first", "hidden", "last"]
"""first: the layer that inputs enter; hidden: all except the last; last: the output layer alone."""


def numbers_of(layers: Layers, hidden: int) -> tuple[int, ...]:
    """The numbers of these layers in a network with `hidden` hidden layers.

    0 is the first layer, `hidden` the last.
    """
    every = tuple(range(hidden + 1))
    return {"all": every, "first": every[:1], "hidden": every[:-1], "last": every[-1:]}[layers]


def layer_terms(
    architecture: Architecture, x1: Rows, x2: Columns | None = None
) -> Float[np.ndarray, "layers rows columns"]:
    """The contribution of each layer's parameters to the infinitely wide NTK, float64, in layer order.

    It is computed between rows of `x1` and `x2`, or of `x1` and itself. The sum is `closed_form.nngp_ntk`'s
    NTK.
    """
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    state = closed_form.inputs_state(first, second)
    nothing, one = np.zeros_like(state.tangent), np.ones_like(state.tangent)
    terms: list[Matrix] = []
    for number in range(architecture.hidden + 1):
        fan_in = architecture.width if number else first.shape[1]
        if number:
            # A tangent kernel of one gives the factor of every earlier layer's term.
            state = closed_form.activate(replace(state, tangent=one), architecture, "formula")
            slope = state.tangent
            terms = [term * slope for term in terms]
        w_std, _ = architecture.scales(number, fan_in)
        state = closed_form.dense(replace(state, tangent=nothing), architecture, number, fan_in)
        terms = [w_std**2 * term for term in terms] + [state.tangent]
    return np.stack(terms)


def partial_ntk(architecture: Architecture, layers: Layers, x1: Rows, x2: Columns | None = None) -> Matrix:
    """The infinitely wide NTK of these layers' parameters alone, with the arguments of `layer_terms`."""
    terms = layer_terms(architecture, x1, x2)
    kernel: Matrix = terms[list(numbers_of(layers, architecture.hidden))].sum(axis=0)
    return kernel


def sum_but_the_least(terms: Float[np.ndarray, "layers rows columns"]) -> Matrix:
    """The sum of all terms except the one with the smallest trace.

    It is the nearest to the whole without one layer.
    """
    least = int(np.argmin(np.trace(terms, axis1=1, axis2=2)))
    rest: Matrix = np.delete(terms, least, axis=0).sum(axis=0)
    return rest
