"""NNGP and NTK of infinitely wide convolutional networks: the harness's own, in NumPy float64, without JAX.

A layer averages over its filter (Novak et al. 2019 arXiv:1810.05148; Arora et al. 2019 arXiv:1904.11955):

    K'[x,s; x',s'] = w_std²/taps Σ_δ K[x,s+δ; x',s'+δ] + b_std²

A read-out that flattens needs only pairs of one place, s = s'. One that averages needs all pairs of places,
and takes the square of the pixels in time and memory. If each place has its own filters (`local`), outputs at
two places have nothing in common, and every average of s ≠ s' is 0. Near duplicates keep their digits
(`harness.ntk.recursion`); neural-tangents' kernels agree to 1e-7 (`tests/ntk/test_convolution.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.ntk.component_model import KernelPair
from harness.ntk.places import PixelGrid, grid_of, neighbours
from harness.ntk.recursion import PairState, PairValues, Variances, activated, weighted
from harness.ntk.shapes import Columns, Rows
from harness.ntk.specifications import Convolutional

HELD = 2**21
"""Pairs of pixels in a block of rows: with the dozen arrays of a recursion, 200 MB."""


def spatial_kernels(
    net: Convolutional, x1: Rows, x2: Columns | None = None, *, every_pair: bool = False
) -> KernelPair:
    """The NNGP and the NTK between flat images, rows of `x1` and of `x2` (or of `x1` itself), block by block.

    every_pair: compute all pairs of places even if a read-out that flattens needs only those of one place.
        Kernels are the same; they are computed as for pooling.
    """
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    grid = grid_of(first.shape[1], net.dimensions)
    across = every_pair or net.read_out == "average"
    pairs = len(second) * grid.pixels ** (2 if across else 1)
    rows = max(1, HELD // pairs)
    blocks = [
        _block(net, grid, first[start : start + rows], second, across) for start in range(0, len(first), rows)
    ]
    nngp, ntk = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return nngp, ntk


def fully_connected_kernels(net: Convolutional, x1: Rows, x2: Columns | None = None) -> KernelPair:
    """The NNGP and the NTK of the network with dense layers instead of convolutional ones."""
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    scales = [net.scales] * net.hidden + [net.last_scales]
    state = weighted(points_state(first, second), scales[0])
    for of_layer in scales[1:]:
        state = weighted(activated(state, net.activation), of_layer)
    return state.covariance, state.tangent


def points_state(first: Rows, second: Columns) -> PairState:
    """Whole points as units, as means over their features, [rows, columns]."""
    a, b = ((points**2).mean(axis=1) for points in (first, second))
    gap = np.stack([((second - row) ** 2).mean(axis=1) for row in first])
    return PairState(a[:, None], b[None, :], gap, np.zeros_like(gap))


def _block(net: Convolutional, grid: PixelGrid, first: Rows, second: Columns, across: bool) -> KernelPair:
    """Both kernels of a block, over all pairs of places if `across`, else over pairs of one place.

    States are [rows, s, columns, s'] or [rows, s, columns].
    """
    if across:
        u, v = first[:, :, None, None], second[None, None]
    else:
        u, v = first[:, :, None], second.T[None]
    gap = (u - v) ** 2
    state = PairState(u**2, v**2, gap, np.zeros_like(gap))
    for _ in range(net.hidden):
        state = _filtered(state, net, grid, across)
        state = activated(weighted(state, net.scales) if not _apart(net, across) else _own_places(state, net),
                          net.activation)  # fmt: skip
    state = weighted(_read(state, net, across), net.last_scales)
    return state.covariance, state.tangent


def _apart(net: Convolutional, across: bool) -> bool:
    return across and net.sharing == "local"


def _own_places(state: PairState, net: Convolutional) -> PairState:
    """`weighted`, with what two different places have in common removed."""
    after = weighted(state, net.scales)
    same = np.eye(state.gap.shape[1], dtype=bool)[None, :, None, :]
    return replace(
        after,
        gap=np.where(same, after.gap, after.first + after.second),
        tangent=np.where(same, after.tangent, 0.0),
    )


def _filtered(state: PairState, net: Convolutional, grid: PixelGrid, across: bool) -> PairState:
    """The mean of a state over the taps of a filter."""
    under, inside = neighbours(grid, net.taps, net.padding)
    first, second, gap, tangent = 0.0, 0.0, 0.0, 0.0
    for at, there in zip(under, inside.astype(np.float64), strict=True):
        if across:
            u, v = there[None, :, None, None], there[None, None, None, :]
            a, b = state.first[:, at] * u, state.second[..., at] * v
            pairs, slopes = (each[:, at][..., at] for each in (state.gap, state.tangent))
        else:
            u = v = there[None, :, None]
            a, b = state.first[:, at] * u, state.second[:, at] * v
            pairs, slopes = state.gap[:, at], state.tangent[:, at]
        first, second, tangent = first + a, second + b, tangent + u * v * slopes
        # If one of the two lies beyond the edge, the gap is the other's variance.
        gap = gap + u * v * pairs + (1 - v) * a + (1 - u) * b
    share = 1 / len(under)
    return PairState(*(share * _array(each) for each in (first, second, gap, tangent)))


def _array(values: float | PairValues | Variances) -> PairValues:
    return np.asarray(values)


def _read(state: PairState, net: Convolutional, across: bool) -> PairState:
    """The inputs of the output layer: means over places, or over pairs of them."""
    if not across:
        covariance, tangent = state.covariance.mean(axis=1), state.tangent.mean(axis=1)
    elif net.read_out == "flatten":
        covariance, tangent = (
            np.diagonal(each, axis1=1, axis2=3).mean(axis=2) for each in (state.covariance, state.tangent)
        )
    else:
        covariance, tangent = (each.mean(axis=(1, 3)) for each in (state.covariance, state.tangent))
    # No later step needs variances or a gap.
    zero = np.zeros(())
    return PairState(zero, zero, -2 * covariance, tangent)
