"""What an activation makes of a Gaussian: two expectations, in closed form and by quadrature, float64.

For jointly Gaussian pre-activations u, v with standard deviations a, b and correlation cos θ, an activation
φ has the *duals* (Daniely et al. 2016 arXiv:1602.05897)

    E φ(u)φ(v)      the covariance of what leaves the layer
    E φ'(u)φ'(v)    the factor by which the layer multiplies a tangent kernel

The angle θ is carried, not the covariance ab cos θ: near θ = 0 the cosine keeps only half of the digits of
the angle, and ReLU's second dual, linear in θ, would lose the other half.

NumPy and SciPy only: nothing here imports JAX.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import special

from harness.ntk.architecture import Activation

Deviations = Float[np.ndarray, "#rows #columns"]
Matrix = Float[np.ndarray, "rows columns"]
Values = Float[np.ndarray, "*shape"]
Way = Literal["formula", "quadrature"]

NODES = 160
"""Gauss–Hermite nodes in each of two dimensions. Against the formulas they are good to 1e-13 for deviations
up to 1.5 (erf) and 2 (GELU), to 1e-8 at 2 and 2.5, and to 1e-4 at 3 and 4: as deviations grow, the
integrand's growth off the real axis comes nearer."""


@dataclass(frozen=True)
class Dual:
    """What leaves an activation; made by `dual`.

    `first`, `second`: deviations √E φ(u)² and √E φ(v)²; `angle`: the angle between the two, in radians;
    `slope`: E φ'(u)φ'(v).
    """

    first: Deviations
    second: Deviations
    angle: Matrix
    slope: Matrix


def dual(activation: Activation, a: Deviations, b: Deviations, angle: Matrix, way: Way = "formula") -> Dual:
    """The duals of `activation` at deviations `a` [rows, 1] and `b` [1, columns] and angles [rows, columns].

    `way` "quadrature" takes `NODES`² Gauss–Hermite nodes instead of a formula, for smooth activations: a
    check, and slow. Raises `ValueError` for ReLU by quadrature, whose kink it cannot integrate.
    """
    if way == "quadrature":
        if activation == "relu":
            raise ValueError("quadrature: expected a smooth activation, found 'relu'")
        return _by_quadrature(activation, a, b, angle)
    if activation == "relu":
        return _relu(a, b, angle)
    if activation == "identity":
        return Dual(a, b, angle, np.ones_like(angle))
    formula = _erf if activation == "erf" else gelu
    covariance, slope = formula(a, b, angle)
    first, second = (np.sqrt(formula(x, x, np.zeros_like(x))[0]) for x in (a, b))
    return Dual(first, second, _angle(covariance, first, second), slope)


def _relu(a: Deviations, b: Deviations, angle: Matrix) -> Dual:
    """Cho & Saul 2009 ("Kernel Methods for Deep Learning", NeurIPS), J₁ and J₀, as a map of angles:

    E φ(u)φ(v) = ab/2π · (sin θ + (π − θ) cos θ) =: ab/2 · cos θ',   E φ'(u)φ'(v) = (π − θ)/2π.

    1 − cos θ' = (2π sin²(θ/2) − (sin θ − θ cos θ))/π, without a difference of numbers near 1.
    """
    chord = np.sin(angle / 2) ** 2 - (np.sin(angle) - angle * np.cos(angle)) / (2 * np.pi)  # sin²(θ'/2)
    after = 2 * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return Dual(a / np.sqrt(2), b / np.sqrt(2), after, (np.pi - angle) / (2 * np.pi))


def _erf(a: Deviations, b: Deviations, angle: Matrix) -> tuple[Matrix, Matrix]:
    """Williams 1997 ("Computing with Infinite Networks", NeurIPS), eq. 11, and its derivative by q:

    E φ(u)φ(v) = 2/π · arcsin(2q / √((1+2a²)(1+2b²))) and E φ'(u)φ'(v) = 4/πR, q = ab cos θ,
    R² = (1+2a²)(1+2b²) − 4q² = 1 + 2a² + 2b² + (2ab sin θ)²: a sum of positive terms.
    """
    root = np.hypot(np.sqrt(1 + 2 * a**2 + 2 * b**2), 2 * a * b * np.sin(angle))
    return 2 / np.pi * np.arctan2(2 * a * b * np.cos(angle), root), 4 / (np.pi * root)


def gelu(a: Deviations, b: Deviations, angle: Matrix, other: Matrix | None = None) -> tuple[Matrix, Matrix]:
    """GELU, x Φ(x) (Tsuchida et al. 2021 arXiv:2002.08517). By Stein's lemma, with q = ab cos θ and
    Δ = (1+a²)(1+b²) − q² = 1 + a² + b² + (ab sin θ)²,

    F           = E Φ(u)Φ(v)   = 1/4 + arcsin(q / √((1+a²)(1+b²))) / 2π
    E φ(u)φ(v)   = qF + (q² + a²b²Δ) / (2π (1+a²)(1+b²) √Δ)
    E φ'(u)φ'(v) = F + q (1/(1+a²) + 1/(1+b²) + 1/Δ) / (2π √Δ)

    F is here 1/4 + arctan(q/√Δ) / 2π. `other` is the angle that Δ has in there, when it is to be seen what
    becomes of the two if Δ is rounded otherwise in its several places (`harness.ntk.rounding`).
    """
    q, one, two = a * b * np.cos(angle), 1 + a**2, 1 + b**2
    root = np.hypot(np.sqrt(1 + a**2 + b**2), a * b * np.sin(angle))
    there = root if other is None else np.hypot(np.sqrt(1 + a**2 + b**2), a * b * np.sin(other))
    both = 1 / 4 + np.arctan2(q, there) / (2 * np.pi)
    rest = (q / one) * (q / two) / root + (a**2 / one) * (b**2 / two) * root
    slope = both + q / (2 * np.pi * root) * (1 / one + 1 / two + 1 / root**2)
    return q * both + rest / (2 * np.pi), slope


def _by_quadrature(activation: Activation, a: Deviations, b: Deviations, angle: Matrix) -> Dual:
    """u = a x, v = b (x cos θ + y sin θ), over the nodes x, y of a product rule."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    covariance, slope = np.empty(angle.shape), np.empty(angle.shape)
    firsts, seconds = np.broadcast_to(a, angle.shape), np.broadcast_to(b, angle.shape)
    for at in np.ndindex(*angle.shape):
        u = firsts[at] * nodes[:, None]
        v = seconds[at] * (np.cos(angle[at]) * nodes[:, None] + np.sin(angle[at]) * nodes)
        (f, df), (g, dg) = evaluate(activation, u), evaluate(activation, v)
        covariance[at] = weights @ (f * g) @ weights
        slope[at] = weights @ (df * dg) @ weights
    first, second = (np.sqrt(evaluate(activation, x[..., None] * nodes)[0] ** 2 @ weights) for x in (a, b))
    return Dual(first, second, _angle(covariance, first, second), slope)


def evaluate(activation: Activation, h: Values) -> tuple[Values, Values]:
    """The activation and its derivative, elementwise, as `harness.ntk.network.activate` defines them."""
    if activation == "identity":
        return h, np.ones_like(h)
    if activation == "erf":
        return special.erf(h), 2 / np.sqrt(np.pi) * np.exp(-(h**2))
    if activation == "gelu":
        return h * special.ndtr(h), special.ndtr(h) + h * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)
    return np.maximum(h, 0), (h > 0).astype(np.float64)


def _angle(covariance: Matrix, first: Deviations, second: Deviations) -> Matrix:
    """The angle of a covariance; π/2, which no result depends on, where a deviation is 0.

    It has half of the digits near 0. Smooth duals depend on θ² there, so that they have all of them.
    """
    product = first * second
    zero = product == 0
    cosine = np.clip(covariance / np.where(zero, 1, product), -1, 1)
    return np.where(zero, np.pi / 2, np.arccos(cosine))
