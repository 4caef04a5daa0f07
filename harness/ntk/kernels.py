"""Kernels in closed form, float64: NNGP and NTK of infinitely wide networks, and four that know no network.

NNGP: covariance of a network's outputs at initialisation (Lee et al. 2018 arXiv:1711.00165). NTK: inner
product of its gradients (Jacot et al. 2018 arXiv:1806.07572). RBF, Matérn-3/2, Laplace (which is Matérn-1/2)
and the linear kernel are alternatives to them, and the rivals of controls. The three radial ones share one
length, the median distance between training points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.distance import cdist, pdist

from harness.declare import StageError
from harness.ntk import blocked, closed_form, compat
from harness.ntk.architecture import Architecture
from harness.ntk.shapes import Columns, Matrix, Points, Rows

PAIRS_HELD = 4096
"""Points (67 MB of distances) up to which the distance of every pair is held at once."""
ROWS, BINS = 256, 2**16
"""Of `_binned_distances`: rows in a block, and bins into which distances are sorted."""

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # JAX leaves it untyped


def nngp_ntk(architecture: Architecture, x1: Rows, x2: Columns | None = None) -> tuple[Matrix, Matrix]:
    """The NNGP and the NTK between rows of `x1` and `x2` (of `x1` and itself when left out), float64.

    They are those of `network`'s parameterizations. Under `standard` the NTK keeps the width: each layer
    contributes (fan_in · covariance of its activations + 1), fan_in being the input features or `width`
    (arXiv:2001.07301), so it grows in proportion to the width; the NNGP is that of `ntk`.

    All are closed forms; GELU's (Tsuchida et al. 2021 arXiv:2002.08517) agrees with a quadrature of 160 × 160
    points to 2e-11 for 1 to 4 hidden layers and inputs of norm √d. By neural-tangents, but for what it does
    not have (`lacking`): that is our own closed form's.

    Pass `x2=None` for a Gram matrix: only then is the diagonal known to be one. Many points are evaluated
    tile by tile (`blocked`). Raises `ImportError` where neural-tangents is missing.
    """
    evaluate = partial(_at_once, architecture)
    nngp, ntk = (
        blocked.gram(evaluate, x1, (0, 1)) if x2 is None else blocked.between(evaluate, x1, x2, (0, 1))
    )
    return nngp, ntk


def _at_once(architecture: Architecture, x1: Rows, x2: Columns | None) -> tuple[Matrix, Matrix]:
    if lacking(architecture):
        return closed_form.nngp_ntk(architecture, x1, x2)
    first = jnp.asarray(x1, dtype=jnp.float64)
    second = None if x2 is None else jnp.asarray(x2, dtype=jnp.float64)
    nngp, ntk = _compiled(architecture, first.shape[1])(first, second)
    return np.asarray(nngp), np.asarray(ntk)


def lacking(architecture: Architecture) -> str:
    """What neural-tangents lacks of an architecture, or ""."""
    if architecture.hidden and architecture.activation == "tanh":
        return "no closed form of tanh"
    if architecture.hidden and architecture.activation in ("step", "squared-relu"):
        return "its rectified monomials are NaN where two points are parallel"
    zeros = architecture.bias_init == "zeros" and architecture.b_std > 0
    if zeros and architecture.biases != "none" and architecture.parameterization == "ntk":
        return "biases that start at 0 have scale 0 under its NTK parameterization"
    return ""


@lru_cache(maxsize=64)  # bounded, for a worker that lives long; a suite has a few dozen architectures
def _compiled(architecture: Architecture, inputs: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    compat.load()
    from neural_tangents import stax

    activations: dict[str, Callable[[], Any]] = {
        "relu": stax.Relu, "erf": stax.Erf, "gelu": stax.Gelu, "identity": stax.Identity,
        "sin": stax.Sin, "cos": stax.Cos, "leaky-relu": lambda: stax.LeakyRelu(architecture.negative_slope),
    }  # fmt: skip

    def dense(number: int, out: int) -> Any:
        w_std, b_std = architecture.scales(number, architecture.width if number else inputs)
        biases = b_std if architecture.has_bias(number) else None
        return stax.Dense(out, w_std, biases, parameterization=architecture.parameterization)

    activation = activations[architecture.activation] if architecture.hidden else stax.Identity
    hidden = [(dense(number, architecture.width), activation()) for number in range(architecture.hidden)]
    kernel = stax.serial(*(layer for pair in hidden for layer in pair), dense(architecture.hidden, 1))[2]

    def both(x1: Any, x2: Any) -> tuple[Any, Any]:
        result = kernel(x1, x2, ("nngp", "ntk"))
        return result.nngp, result.ntk

    # Compiled, a call takes 0.3 ms at 64 points; evaluated operation by operation, 30 ms.
    return jax.jit(both)


def median_distance(x: Points) -> float:
    """The median Euclidean distance between two different rows: the usual length for a radial kernel.

    It puts the bulk of pairs where the kernel is neither 0 nor 1 (the median heuristic; Garreau et al. 2017
    arXiv:1707.07269). Raises `StageError` when it is 0, or not finite, or there is no pair.
    """
    x = np.asarray(x, dtype=np.float64)
    length = _median_of_many(x) if len(x) > PAIRS_HELD else float(np.median(pdist(x))) if len(x) > 1 else 0.0
    if not 0 < length < np.inf:
        raise StageError(f"median distance: expected two different points, found {len(x)} points, {length=}")
    return length


def _median_of_many(x: Points) -> float:
    """The median distance, in two passes over blocks of rows: its bin, then its place among those there.
    Infinity where points are not finite."""
    bound = 2 * float(np.max(np.linalg.norm(x - x.mean(axis=0), axis=1)))
    if not 0 < bound < np.inf:
        return 0.0 if bound == 0 else np.inf
    counts = np.zeros(BINS, dtype=np.int64)
    for _, bins in _binned_distances(x, bound):
        counts += np.bincount(bins, minlength=BINS)
    ends, pairs = np.cumsum(counts), len(x) * (len(x) - 1) // 2
    middle = [(pairs - 1) // 2, pairs // 2]  # one number where the count is odd
    first, last = np.searchsorted(ends, middle, side="right")
    near = np.concatenate(
        [distances[(first <= bins) & (bins <= last)] for distances, bins in _binned_distances(x, bound)]
    )
    below = int(ends[first] - counts[first])
    return float(np.sort(near)[[place - below for place in middle]].mean())


def _binned_distances(x: Points, bound: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The distances of each pair, below `bound`, block by block, and the bin of each."""
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
