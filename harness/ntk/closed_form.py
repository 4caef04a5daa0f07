"""NNGP and NTK of infinitely wide fully connected networks, our own, in NumPy float64 (it imports no JAX).

A reference to hold other implementations against. Layer by layer (Lee et al. 2018 arXiv:1711.00165; Jacot et
al. 2018 arXiv:1806.07572, theorem 1):

    K¹ = w_std²/inputs · x·x' + b_std²          Θ¹ = K¹
    Kˡ⁺¹ = w_std² E φ(u)φ(v) + b_std²           Θˡ⁺¹ = w_std² Θˡ E φ'(u)φ'(v) + Kˡ⁺¹       (u, v) ~ N(0, Kˡ)

Under `standard`, what a layer adds to Θ is fan_in · (covariance of what enters it) + 1 (Sohl-Dickstein et al.
2020 arXiv:2001.07301), so that Θ grows in proportion to the width. Biases that start at 0 are left out of Kˡ
and not of what a layer adds to Θ, where a bias counts by how the output depends on it: b_std², or 1. Layers
without biases lack both terms.

Kˡ is kept as two deviations and an angle, computed from the points themselves (`duals` says why): relative to
√(K(x,x) K(x',x')) every entry, of near duplicates and on the diagonal too, is good to about 1e-15 a layer.
The NTKs of erf and GELU lose digits as inputs grow, for near duplicates: measured 4e-13 at inputs of 1e3 and
3e-10 at 1e6. Each error is below a fifth of what the entry's condition allows (`rounding`, whose test holds
this module against 60 digits at inputs from 1e-3 to 1e3). Lengths of inputs may be 0, and 1e-150 to 1e150.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.distance import cdist

from harness.ntk.architecture import Architecture
from harness.ntk.duals import Deviations, Way, dual
from harness.ntk.shapes import Columns, Matrix, Rows


def nngp_ntk(
    architecture: Architecture, x1: Rows, x2: Columns | None = None, *, way: Way = "formula"
) -> tuple[Matrix, Matrix]:
    """The NNGP and the NTK between rows of `x1` and `x2` (of `x1` and itself when left out), float64.

    They mean what those of `harness.ntk.kernels.nngp_ntk` do. `way` "quadrature" is for smooth activations
    (`duals.dual`). ReLU's derivative at 0 counts as 1/2; it matters only for zero inputs without biases
    under `standard`, or whose biases start at 0. Raises `ValueError` for ReLU by quadrature.
    """
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    state = inputs_state(first, second)
    for number in range(architecture.hidden + 1):
        fan_in = architecture.width if number else first.shape[1]
        if number:
            state = activate(state, architecture, way)
        state = dense(state, architecture, number, fan_in)
    return state.covariance(), state.tangent


def deepen(architecture: Architecture, nngp: Matrix, ntk: Matrix) -> tuple[Matrix, Matrix]:
    """Gram matrices of a network with one hidden layer more than `architecture`, from those of the latter.

    One step of the recursion alone: it takes whatever `nngp` and `ntk` are. The angles come from the
    covariances, so that nearly parallel points keep half of their digits. Raises `ValueError` for an
    architecture whose output layer is scaled unlike the others.
    """
    if not layers_scaled_alike(architecture):
        raise ValueError(
            "expected layers of one scale, found `last_layer`, uniform initialisation or biases = 'hidden'"
        )
    a = np.sqrt(np.diag(nngp))[:, None]
    product = a * a.T
    cosine = np.clip(nngp / np.where(product == 0, 1, product), -1, 1)
    angle = np.where(product == 0, np.pi / 2, np.arccos(cosine))
    np.fill_diagonal(angle, np.where(a[:, 0] == 0, np.pi / 2, 0))
    deeper = replace(architecture, hidden=architecture.hidden + 1)
    state = activate(LayerState(a, a.T, angle, ntk), deeper, "formula")
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

    Made by `inputs_state`, `activate` and `dense`, of which `nngp_ntk` is a chain.
    """

    a: Deviations
    b: Deviations
    angle: Matrix
    tangent: Matrix

    def covariance(self) -> Matrix:
        covariance: Matrix = self.a * self.b * np.cos(self.angle)
        return covariance


def inputs_state(first: Rows, second: Columns) -> LayerState:
    """Angles by Kahan's formula, 2 atan2(‖û−v̂‖, ‖û+v̂‖), accurate at 0 and at π ("How futile are mindless
    assessments of roundoff in floating-point computation?", 2006, "Mangled angles"). At a zero point: π/2."""
    a, b = (np.linalg.norm(points, axis=1) for points in (first, second))
    u, v = (x / np.where(norm == 0, 1, norm)[:, None] for x, norm in ((first, a), (second, b)))
    angle = 2 * np.arctan2(cdist(u, v), cdist(u, -v))
    a, b = a[:, None] / np.sqrt(first.shape[1]), b[None, :] / np.sqrt(first.shape[1])
    angle = np.where(a * b == 0, np.pi / 2, angle)
    return LayerState(a, b, angle, np.zeros_like(angle))


def activate(state: LayerState, architecture: Architecture, way: Way) -> LayerState:
    after = dual(architecture.activation, state.a, state.b, state.angle, way, architecture.negative_slope)
    angle = np.where(after.first * after.second == 0, np.pi / 2, after.angle)
    return LayerState(after.first, after.second, angle, state.tangent * after.slope)


def dense(state: LayerState, architecture: Architecture, number: int, fan_in: int) -> LayerState:
    """w_std² K + b_std², and what the layer's own parameters add to the tangent kernel.

    The determinant of [[a², q], [q, b²]] becomes w⁴ a²b² sin²θ + w² b_std² ‖u − v‖², a sum of positive terms,
    with ‖u − v‖² = (a − b)² + 4ab sin²(θ/2): no angle is lost to a difference.
    """
    w_std, b_std = architecture.scales(number, fan_in)
    a, b, angle = state.a, state.b, state.angle
    of_weights = fan_in if architecture.parameterization == "standard" else w_std**2
    own = of_weights * state.covariance() + architecture.bias_slope(number) ** 2
    tangent = w_std**2 * state.tangent + own
    if b_std == 0:
        return LayerState(w_std * a, w_std * b, angle, tangent)
    after_a, after_b = np.hypot(w_std * a, b_std), np.hypot(w_std * b, b_std)
    shrink = (w_std * a / after_a) * (w_std * b / after_b)
    apart = np.hypot(a - b, 2 * np.sqrt(a) * np.sqrt(b) * np.sin(angle / 2))
    sine = np.hypot(shrink * np.sin(angle), (w_std * apart / after_a) * (b_std / after_b))
    cosine = shrink * np.cos(angle) + (b_std / after_a) * (b_std / after_b)
    return replace(state, a=after_a, b=after_b, angle=np.arctan2(sine, cosine), tangent=tangent)
