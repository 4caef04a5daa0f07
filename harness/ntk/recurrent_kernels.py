"""NNGP and NTK of infinitely wide recurrent networks (NumPy, float64).

Sources: Alemohammad et al. 2021 arXiv:2006.10246; with average pooling arXiv:2012.04859. Steps t of one input
and t' of another are units, as pixels are (`spatial_kernels`): what enters at (t, t') is the sum of what left
(t − 1, t' − 1) and of the inputs' own product. If each step has its own weights, t ≠ t' have nothing in
common.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.ntk.component_model import KernelPair
from harness.ntk.recursion import PairState, activated, weighted
from harness.ntk.shapes import Columns, Rows
from harness.ntk.specifications import Recurrent


def recurrent_kernels(net: Recurrent, x1: Rows, x2: Columns | None = None) -> KernelPair:
    """The NNGP and the NTK between rows of `x1` and `x2` (or of `x1` itself)."""
    first, second = (
        np.asarray(x, dtype=np.float64).reshape(len(x), net.steps, -1) for x in (x1, x1 if x2 is None else x2)
    )
    entering = _inputs(first, second)
    state = weighted(entering, net.scales)
    for _ in range(net.steps - 1):
        # The state at (t, t') is final once min(t, t') steps have been taken.
        state = weighted(_sum(entering, _passed(activated(_apart(state, net), net.activation))), net.scales)
    left = activated(_apart(state, net), net.activation)
    w, b = net.scales.w_std**2, net.scales.b_std**2
    covariance, tangent = (
        each[:, -1, :, -1] if net.read_out == "last" else each.mean(axis=(1, 3))
        for each in (left.covariance, left.tangent)
    )
    nngp = w * covariance + b
    return nngp, w * tangent + nngp


def _inputs(first: np.ndarray, second: np.ndarray) -> PairState:
    """Inputs at each pair of steps [rows, t, columns, t'], as means over a step's features."""
    gap = np.stack([((second[None] - row[:, None, None]) ** 2).mean(axis=-1) for row in first])
    u, v = ((x**2).mean(axis=-1) for x in (first, second))
    return PairState(u[:, :, None, None], v[None, None], gap, np.zeros_like(gap))


def _sum(a: PairState, b: PairState) -> PairState:
    """The state of a sum of terms that are multiplied by independent weights."""
    return PairState(a.first + b.first, a.second + b.second, a.gap + b.gap, a.tangent + b.tangent)


def _passed(state: PairState) -> PairState:
    """For each pair of steps, the state at (t − 1, t' − 1). Before the first step it is empty.

    If one of the two is empty, the gap is the other's variance.
    """
    shape = state.gap.shape
    first, second = np.zeros_like(state.first), np.zeros_like(state.second)
    first[:, 1:], second[..., 1:] = state.first[:, :-1], state.second[..., :-1]
    gap = np.array(np.broadcast_to(first + second, shape))
    tangent = np.zeros(shape)
    gap[:, 1:, :, 1:], tangent[:, 1:, :, 1:] = state.gap[:, :-1, :, :-1], state.tangent[:, :-1, :, :-1]
    return PairState(first, second, gap, tangent)


def _apart(state: PairState, net: Recurrent) -> PairState:
    """Remove what two different steps have in common, if each step has its own weights."""
    if net.sharing == "shared":
        return state
    same = np.eye(net.steps, dtype=bool)[None, :, None, :]
    return replace(
        state,
        gap=np.where(same, state.gap, state.first + state.second),
        tangent=np.where(same, state.tangent, 0.0),
    )
