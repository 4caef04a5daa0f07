"""Closed-form kernels, float64: NNGP and NTK of infinitely wide networks, and four kernels without a network.

It imports no JAX. NNGP: covariance of a network's outputs at initialisation (Lee et al. 2018
arXiv:1711.00165). NTK: inner product of its gradients (Jacot et al. 2018 arXiv:1806.07572). RBF, Matérn-3/2,
Laplace (which is Matérn-1/2) and the linear kernel are alternatives to them, and controls of claims. The
three radial ones share one length, the median distance between training points.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist, pdist

from harness.declare import StageError
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.shapes import Columns, Matrix, Points, Rows

PAIRS_HELD = 4096
"""The number of points (67 MB of distances) up to which the distances of all pairs are held at once."""
ROWS, BINS = 256, 2**16
"""Constants of `_binned_distances`: rows in a block, and bins into which distances are sorted."""


def nngp_ntk(architecture: Architecture, x1: Rows, x2: Columns | None = None) -> tuple[Matrix, Matrix]:
    """The NNGP and the NTK between rows of `x1` and `x2` (of `x1` and itself when left out), float64.

    They are those of `network`'s parameterizations. Under `standard` the NTK keeps the width: each layer
    contributes (fan_in · covariance of its activations + 1), where fan_in is the number of input features or
    `width` (arXiv:2001.07301), so it grows in proportion to the width. The NNGP is that of `ntk`.

    They are computed by `harness.ntk.closed_form`. Pass `x2=None` for a Gram matrix: it takes half of the
    time, and is symmetric.
    """
    return closed_form.nngp_ntk(architecture, x1, x2)


def median_distance(x: Points) -> float:
    """The median Euclidean distance between two different rows: the usual length for a radial kernel.

    At this length the kernel of most pairs is neither 0 nor 1 (the median heuristic; Garreau et al. 2017
    arXiv:1707.07269). Raises `StageError` if the median is 0 or not finite, or if there is no pair.
    """
    x = np.asarray(x, dtype=np.float64)
    length = _median_of_many(x) if len(x) > PAIRS_HELD else float(np.median(pdist(x))) if len(x) > 1 else 0.0
    if not 0 < length < np.inf:
        raise StageError(f"median distance: expected two different points, found {len(x)} points, {length=}")
    return length


def _median_of_many(x: Points) -> float:
    """The median distance, in two passes over blocks of rows: its bin, then its place in that bin.

    It is infinity if points are not finite.
    """
    bound = 2 * float(np.max(np.linalg.norm(x - x.mean(axis=0), axis=1)))
    if not 0 < bound < np.inf:
        return 0.0 if bound == 0 else np.inf
    counts = np.zeros(BINS, dtype=np.int64)
    for _, bins in _binned_distances(x, bound):
        counts += np.bincount(bins, minlength=BINS)
    ends, pairs = np.cumsum(counts), len(x) * (len(x) - 1) // 2
    middle = [(pairs - 1) // 2, pairs // 2]  # one number if the count is odd
    first, last = np.searchsorted(ends, middle, side="right")
    near = np.concatenate(
        [distances[(first <= bins) & (bins <= last)] for distances, bins in _binned_distances(x, bound)]
    )
    below = int(ends[first] - counts[first])
    return float(np.sort(near)[[place - below for place in middle]].mean())


def _binned_distances(x: Points, bound: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The distances of all pairs and their bins, block by block, for distances below `bound`."""
    for start in range(0, len(x), ROWS):
        block = cdist(x[start : start + ROWS], x[start:])
        distances = block[np.triu(np.ones(block.shape, dtype=bool), 1)]
        yield distances, np.minimum(distances * (BINS / bound), BINS - 1).astype(np.int64)


def rbf(x1: Rows, x2: Columns, length: float) -> Matrix:
    """exp(−‖x−y‖² / (2 length²)) between rows of `x1` and `x2`."""
    kernel: Matrix = np.exp(-cdist(x1, x2, "sqeuclidean") / (2 * length**2))
    return kernel


def laplace(x1: Rows, x2: Columns, length: float) -> Matrix:
    """exp(−‖x−y‖ / length) between rows of `x1` and `x2`: Matérn-1/2 (Rasmussen & Williams 2006, 4.2.1)."""
    kernel: Matrix = np.exp(-cdist(x1, x2) / length)
    return kernel


def matern32(x1: Rows, x2: Columns, length: float) -> Matrix:
    """(1 + √3 r) exp(−√3 r), r = ‖x−y‖ / length: Matérn-3/2 (Rasmussen & Williams 2006, eq. 4.17)."""
    scaled = np.sqrt(3.0) * cdist(x1, x2) / length
    kernel: Matrix = (1 + scaled) * np.exp(-scaled)
    return kernel


def linear(x1: Rows, x2: Columns) -> Matrix:
    """x·y / inputs + 1 between rows of `x1` and `x2`: a linear model with an intercept."""
    kernel: Matrix = x1 @ x2.T / x1.shape[1] + 1.0
    return kernel
