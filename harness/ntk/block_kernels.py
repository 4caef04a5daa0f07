"""NNGP and NTK of infinitely wide networks with skip connections or layer normalisation (NumPy, float64).

A branch's weights are independent of the path to which it is added, so kernels add (Huang et al. 2020
arXiv:2002.06262). How the read-out starts makes no difference here: these are the usual formulas, which
assume that it is Gaussian.
"""

from __future__ import annotations

import numpy as np

from harness.ntk.component_model import KernelPair
from harness.ntk.recursion import PairState, activated, normalised, weighted, with_branch
from harness.ntk.shapes import Columns, Rows
from harness.ntk.spatial_kernels import points_state
from harness.ntk.specifications import DenseBlocks


def block_kernels(net: DenseBlocks, x1: Rows, x2: Columns | None = None) -> KernelPair:
    """The NNGP and the NTK between rows of `x1` and `x2` (or of `x1` itself)."""
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    state = weighted(points_state(first, second), net.scales)
    nothing = PairState(*(np.zeros_like(part) for part in (state.first, state.second, state.gap, state.gap)))
    for _ in range(net.hidden - 1):
        branch = weighted(_through(state, net), net.scales)
        state = with_branch(state if net.skip else nothing, branch, net.branch)
    state = weighted(_through(state, net), net.scales)
    return state.covariance, state.tangent


def _through(state: PairState, net: DenseBlocks) -> PairState:
    return activated(normalised(state) if net.normalised else state, net.activation)
