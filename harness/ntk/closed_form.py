"""NNGP and NTK of infinitely wide fully connected networks: the harness's own reference implementation.

It uses NumPy in float64 and imports no JAX. Layer by layer (Lee et al. 2018 arXiv:1711.00165; Jacot et al.
2018 arXiv:1806.07572, theorem 1):

    K¹ = w_std²/inputs · x·x' + b_std²          Θ¹ = K¹
    Kˡ⁺¹ = w_std² E φ(u)φ(v) + b_std²           Θˡ⁺¹ = w_std² Θˡ E φ'(u)φ'(v) + Kˡ⁺¹       (u, v) ~ N(0, Kˡ)

Under `standard`, a layer adds fan_in · (covariance of what enters it) + 1 to Θ (Sohl-Dickstein et al. 2020
arXiv:2001.07301), so that Θ grows in proportion to the width. Biases that start at 0 do not contribute to Kˡ.
They do contribute to what a layer adds to Θ, where a bias counts by how the output depends on it: b_std², or
1. Layers without biases lack both terms.

Kˡ is kept as two deviations and an angle, computed from the points themselves (`duals` says why). Relative to
√(K(x,x) K(x',x')), every entry is good to about 1e-15 a layer, near duplicates and the diagonal included.
Entries are computed in tiles that fit into a core's cache, each through all layers. In a Gram matrix, tiles
below the diagonal mirror those above it.

The NTKs of erf and GELU lose digits for near duplicates as inputs grow: measured 4e-13 at inputs of 1e3 and
3e-10 at 1e6. Each error is below a fifth of what the entry's condition allows (`rounding`, whose test
compares this module with 60 digits at inputs from 1e-3 to 1e3). Lengths of inputs may be 0, and 1e-150 to
1e150.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from harness.ntk.architecture import Architecture
from harness.ntk.duals import Deviations, Way, dual
from harness.ntk.half_angles import HalfAngles, of_cosine, of_directions
from harness.ntk.shapes import Columns, Matrix, Points, Rows

Norms = Float[np.ndarray, " points"]
RowNorms = Float[np.ndarray, " rows"]
ColumnNorms = Float[np.ndarray, " columns"]

SIDE = 96
"""The most rows and columns of a tile. An array then has 74 kB, and a layer uses some eight of them, which
fit into an L2 cache of 512 kB to 1 MB. What is computed once for each row takes a tenth of the time, and a
sixth with 64."""


def nngp_ntk(
    architecture: Architecture, x1: Rows, x2: Columns | None = None, *, way: Way = "formula"
) -> tuple[Matrix, Matrix]:
    """The NNGP and the NTK between rows of `x1` and `x2` (of `x1` and itself when left out), float64.

    They mean what those of `harness.ntk.kernels.nngp_ntk` mean. `way` "quadrature" is for smooth activations
    (`duals.dual`). ReLU's derivative at 0 counts as 1/2. This matters only for zero inputs without biases
    under `standard`, or with biases that start at 0. Raises `ValueError` for ReLU by quadrature.
    """
    first = np.asarray(x1, dtype=np.float64)
    a, u = _norms_and_directions(first)
    b, v = (a, u) if x2 is None else _norms_and_directions(np.asarray(x2, dtype=np.float64))
    nngp = u @ v.T  # holds cosines; each tile is then overwritten by the kernel's
    ntk = np.empty_like(nngp)
    for rows, columns in _tiles(len(u), len(v), half=x2 is None):
        angle = of_directions(u[rows], v[columns], nngp[rows, columns])
        state = _entering(a[rows], b[columns], angle, first.shape[1])
        tiles = _through(architecture, state, first.shape[1], way)
        for matrix, tile in zip((nngp, ntk), tiles, strict=True):
            matrix[rows, columns] = tile
            if x2 is None and rows != columns:
                matrix[columns, rows] = tile.T
    return nngp, ntk


def _tiles(rows: int, columns: int, *, half: bool) -> Iterator[tuple[slice, slice]]:
    """The places of tiles of up to `SIDE`² entries; with `half`, those on and above the diagonal."""
    if rows == 0 or columns == 0:
        return
    width = min(columns, max(SIDE, SIDE**2 // rows))
    height = min(rows, SIDE**2 // width)
    for top in _pieces(rows, height):
        for left in _pieces(columns, width):
            if not half or left.start >= top.start:
                yield top, left


def _pieces(length: int, at_most: int) -> list[slice]:
    """Split a length into parts of nearly equal length, each at most `at_most`."""
    number = -(-length // at_most)
    ends = [length * end // number for end in range(number + 1)]
    return list(itertools.starmap(slice, itertools.pairwise(ends)))


def _through(architecture: Architecture, state: LayerState, inputs: int, way: Way) -> tuple[Matrix, Matrix]:
    """Both kernels of the output, computed from the state that enters the first layer."""
    fan_in = inputs
    for number in range(architecture.hidden):
        state = activate(dense(state, architecture, number, fan_in), architecture, way)
        fan_in = architecture.width
    w_std, b_std = architecture.scales(architecture.hidden, fan_in)
    nngp = state.covariance()
    tangent = _tangent(state.tangent, nngp, architecture, architecture.hidden, fan_in)
    nngp *= w_std**2
    nngp += b_std**2
    return nngp, tangent


def deepen(architecture: Architecture, nngp: Matrix, ntk: Matrix) -> tuple[Matrix, Matrix]:
    """Gram matrices of a network with one hidden layer more than `architecture`, from those of the latter.

    This is one step of the recursion, applied to any `nngp` and `ntk`. Angles come from the covariances, so
    that nearly parallel points keep half of their digits. Raises `ValueError` if the output layer is scaled
    differently from the others.
    """
    if not layers_scaled_alike(architecture):
        raise ValueError(
            "expected layers of one scale, found `last_layer`, uniform initialisation or biases = 'hidden'"
        )
    a = np.sqrt(np.diag(nngp))[:, None]
    product = a * a.T
    cosine = np.clip(nngp / np.where(product == 0, 1, product), -1, 1)
    np.fill_diagonal(cosine, np.where(a[:, 0] == 0, 0, 1))
    deeper = replace(architecture, hidden=architecture.hidden + 1)
    state = activate(LayerState(a, a.T, of_cosine(cosine), ntk), deeper, "formula")
    state = dense(state, deeper, deeper.hidden, deeper.width)
    return state.covariance(), state.tangent


def layers_scaled_alike(architecture: Architecture) -> bool:
    """Whether the output layer is scaled as a hidden layer in its place would be."""
    return (
        architecture.last_layer == 1
        and architecture.initialisation == "gaussian"
        and architecture.biases != "hidden"
    )


@dataclass(frozen=True)
class LayerState:
    """A layer's covariance, as deviations a [rows, 1], b [1, columns] and angles, and its tangent kernel.

    `inputs_state`, `activate` and `dense` make it. `nngp_ntk` chains them.
    """

    a: Deviations
    b: Deviations
    angle: HalfAngles
    tangent: Matrix

    def covariance(self) -> Matrix:
        covariance: Matrix = self.angle.cosine()
        covariance *= self.a * self.b
        return covariance


def inputs_state(first: Rows, second: Columns) -> LayerState:
    """The state that enters the first layer. The angle at a zero point is π/2."""
    (a, u), (b, v) = (_norms_and_directions(points) for points in (first, second))
    return _entering(a, b, of_directions(u, v, u @ v.T), first.shape[1])


def _norms_and_directions(points: Points) -> tuple[Norms, Points]:
    norms = np.linalg.norm(points, axis=1)
    return norms, points / np.where(norms == 0, 1, norms)[:, None]


def _entering(a: RowNorms, b: ColumnNorms, angle: HalfAngles, inputs: int) -> LayerState:
    """The state of points with these norms."""
    nothing = np.zeros_like(angle.sines)
    return LayerState(a[:, None] / np.sqrt(inputs), b[None, :] / np.sqrt(inputs), angle, nothing)


def activate(state: LayerState, architecture: Architecture, way: Way) -> LayerState:
    after = dual(architecture.activation, state.a, state.b, state.angle, way, architecture.negative_slope)
    angle = after.angle
    if not (np.all(after.first) and np.all(after.second)):  # ReLU's derivative at 0 counts as 1/2
        zero = after.first * after.second == 0
        angle = HalfAngles(*(np.where(zero, 0.5, squares) for squares in (angle.sines, angle.cosines)))
    return LayerState(after.first, after.second, angle, state.tangent * after.slope)


def dense(state: LayerState, architecture: Architecture, number: int, fan_in: int) -> LayerState:
    """The state after a dense layer: w_std² K + b_std², and the tangent kernel.

    The layer's own parameters contribute to the tangent kernel. `_with_bias` says what biases do to angles.
    """
    w_std, b_std = architecture.scales(number, fan_in)
    tangent = _tangent(state.tangent, state.covariance(), architecture, number, fan_in)
    a, b, angle = w_std * state.a, w_std * state.b, state.angle
    if b_std:
        a, b, angle = _with_bias(a, b, angle, b_std)
    return LayerState(a, b, angle, tangent)


def _tangent(
    before: Matrix, covariance: Matrix, architecture: Architecture, number: int, fan_in: int
) -> Matrix:
    """The tangent kernel after a layer, from the one before it and the covariance of what enters it."""
    w_std, _ = architecture.scales(number, fan_in)
    tangent = (fan_in if architecture.parameterization == "standard" else w_std**2) * covariance
    tangent += architecture.bias_slope(number) ** 2
    tangent += w_std**2 * before
    return tangent


def _with_bias(
    a: Deviations, b: Deviations, angle: HalfAngles, b_std: float
) -> tuple[Deviations, Deviations, HalfAngles]:
    """Deviations and angles after a bias, which acts as one more coordinate, b_std, of both points.

    With a = a' cos α and b_std = a' sin α, and so b = b' cos β, cos θ' = cos α cos β cos θ + sin α sin β, and

        sin²(θ'/2) = cos α cos β sin²(θ/2) + sin²((α − β)/2)
        cos²(θ'/2) = cos α cos β cos²(θ/2) + sin²((α + β)/2),

    sums of positive terms: no angle is lost to a difference. sin(α − β) is b_std (b − a)/a'b', which keeps
    the digits of b − a where both are far below b_std; sin²((α − β)/2) is its square over 2 (1 + cos(α − β)).
    """
    after_a, after_b = np.hypot(a, b_std), np.hypot(b, b_std)
    product = (a / after_a) * (b / after_b)
    biased = (b_std / after_a) * (b_std / after_b)
    sine_a, cosine_a = _halved(a / after_a, b_std / after_a)
    sine_b, cosine_b = _halved(b / after_b, b_std / after_b)
    cosines = sine_a * cosine_b
    cosines += cosine_a * sine_b
    cosines *= cosines
    sines = (b - a) / b_std
    sines *= biased
    sines *= sines
    biased += product
    biased += 1
    biased *= 2
    sines /= biased
    sines += product * angle.sines
    product *= angle.cosines
    cosines += product
    return after_a, after_b, HalfAngles(sines, cosines)


def _halved(cosine: Deviations, sine: Deviations) -> tuple[Deviations, Deviations]:
    """sin(α/2) and cos(α/2) of angles from 0 to π/2."""
    half = np.sqrt((1 + cosine) / 2)
    return sine / (2 * half), half
