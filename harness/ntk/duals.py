"""The two expectations of an activation at Gaussian inputs, in closed form and by quadrature, float64.

For jointly Gaussian pre-activations u, v with standard deviations a, b and correlation cos θ, an activation φ
has the *duals* (Daniely et al. 2016 arXiv:1602.05897)

    E φ(u)φ(v)      the covariance of what leaves the layer
    E φ'(u)φ'(v)    the factor by which the layer multiplies a tangent kernel

Functions here take the angle θ, as sin²(θ/2) and cos²(θ/2) (`harness.ntk.half_angles`), not the covariance ab
cos θ: near θ = 0 the cosine keeps only half of the digits of the angle, and ReLU's second dual, linear in θ,
would lose the other half. Formulas are arranged so that an entry costs one arctangent, some square roots and
products, and what depends on one point is computed once for a row or column.

NumPy and SciPy only: nothing here imports JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import special

from harness.ntk.architecture import Activation
from harness.ntk.half_angles import HalfAngles, coincident, of_cosine
from harness.ntk.shapes import Matrix

Deviations = Float[np.ndarray, "#rows #columns"]
Stack = Float[np.ndarray, "*stack #rows #columns"]
Matrices = Float[np.ndarray, "*stack rows columns"]
Values = Float[np.ndarray, "*shape"]
Way = Literal["formula", "quadrature"]

NODES = 160
"""Gauss–Hermite nodes in each of two dimensions. Compared with the formulas they are good to 1e-13 for
deviations up to 1.5 (erf) and 2 (GELU), to 1e-8 at 2 and 2.5, and to 1e-4 at 3 and 4: as deviations grow, the
integrand's growth off the real axis comes nearer."""


@dataclass(frozen=True)
class Dual:
    """The duals of an activation. `dual` makes it.

    first, second: the deviations √E φ(u)² and √E φ(v)²
    angle: the angle between φ(u) and φ(v)
    slope: E φ'(u)φ'(v)
    """

    first: Deviations
    second: Deviations
    angle: HalfAngles
    slope: Matrix


def dual(
    activation: Activation,
    a: Deviations,
    b: Deviations,
    angle: HalfAngles,
    way: Way = "formula",
    negative_slope: float = 0.01,
) -> Dual:
    """The duals of `activation` at deviations `a` [rows, 1] and `b` [1, columns] and angles [rows, columns].

    `way` "quadrature" takes `NODES`² Gauss–Hermite nodes instead of a formula, for smooth activations. It is
    slow, and serves as a check. Raises `ValueError` by quadrature for an activation with a kink, which it
    cannot integrate. `negative_slope` is that of leaky ReLU.
    """
    if way == "quadrature":
        if activation in KINKED:
            raise ValueError(f"quadrature: expected a smooth activation, found {activation!r}")
        return _by_quadrature(activation, a, b, angle)
    if activation == "identity":
        return Dual(a, b, angle, np.ones_like(angle.sines))
    if activation == "leaky-relu":
        return _leaky_relu(a, b, angle, negative_slope)
    if activation in _BY_ANGLE:
        return _BY_ANGLE[activation](a, b, angle)
    formula = _BY_COVARIANCE[activation]
    covariance, slope = formula(a, b, angle)
    each = np.concatenate([a.ravel(), b.ravel()])[
        None
    ]  # in one call: it costs as much as one row of the matrix
    deviations = np.sqrt(formula(each, each, coincident(each))[0][0])
    first, second = deviations[: a.size].reshape(a.shape), deviations[a.size :].reshape(b.shape)
    return Dual(first, second, _angle(covariance, first, second), slope)


def _relu(a: Deviations, b: Deviations, angle: HalfAngles) -> Dual:
    """ReLU's duals (Cho & Saul 2009, "Kernel Methods for Deep Learning", NeurIPS, J₁ and J₀), by angles.

        E φ(u)φ(v) = ab/2π · (sin θ + (π − θ) cos θ) =: ab/2 · cos θ',   E φ'(u)φ'(v) = (π − θ)/2π.

    sin²(θ'/2) = sin²(θ/2) − (sin θ − θ cos θ)/2π, without a difference of numbers near 1. It is at most 1/2.
    """
    half_sine, sines = np.sqrt(angle.sines * angle.cosines), 0.5 - angle.sines  # sin θ / 2, cos θ / 2
    theta = np.arctan2(half_sine, sines)
    sines *= theta
    sines -= half_sine
    sines *= 1 / np.pi
    sines += angle.sines
    np.maximum(sines, 0, out=sines)
    slope = theta
    slope *= -1 / (2 * np.pi)
    slope += 0.5
    return Dual(a / np.sqrt(2), b / np.sqrt(2), HalfAngles(sines, 1 - sines), slope)


def _leaky_relu(a: Deviations, b: Deviations, angle: HalfAngles, slope: float) -> Dual:
    """Leaky ReLU's duals, of φ(x) = αx + (1 − α) max(x, 0).

    With E u max(v, 0) = q/2 (Stein's lemma) and ReLU's duals F and F' they are

        αq + (1 − α)² F and α + (1 − α)² F'    (the ABReLU of Tsuchida et al. 2018 arXiv:1711.09090)

    and sin²(θ'/2) is the mean of the identity's and ReLU's, by their shares in E φ(u)²: a sum of positive
    terms. So is cos²(θ'/2).
    """
    relu = _relu(a, b, angle)
    own, share = slope, (1 - slope) ** 2 / 2  # shares in E φ(u)² / a², of the identity and of ReLU
    size = own + share
    after = HalfAngles(
        own / size * angle.sines + share / size * relu.angle.sines,
        own / size * angle.cosines + share / size * relu.angle.cosines,
    )
    return Dual(np.sqrt(size) * a, np.sqrt(size) * b, after, slope + 2 * share * relu.slope)


def _step(a: Deviations, b: Deviations, angle: HalfAngles) -> Dual:
    """The step's duals: Cho & Saul 2009, J₀.

    E φ(u)φ(v) = (π − θ)/2π =: cos θ' / 2, so that sin²(θ'/2) = θ/2π. The derivative is 0 wherever there is
    one, as in automatic differentiation: nothing is passed back, and only the output layer's own part of the
    NTK is left. φ(0) = 0, for points at the origin without biases.
    """
    first, second = (np.where(x == 0, 0.0, np.sqrt(0.5)) for x in (a, b))
    sines = angle.radians() / (2 * np.pi)
    return Dual(first, second, HalfAngles(sines, 1 - sines), np.zeros_like(sines))


def _squared_relu(a: Deviations, b: Deviations, angle: HalfAngles) -> Dual:
    """Squared ReLU's duals: Cho & Saul 2009, J₂, and for the derivative 2 max(x, 0) four times ReLU's.

        E φ(u)φ(v) = a²b²/2π · (3 sin θ cos θ + (π − θ)(1 + 2 cos² θ)) =: 3a²b²/2 · cos θ',
        E φ'(u)φ'(v) = 2ab/π · (sin θ + (π − θ) cos θ).

    1 − cos θ' = (3(θ − sin θ cos θ) + 2(π − θ) sin² θ)/3π, without a difference of numbers near 1.
    """
    theta, cosine, squared = angle.radians(), angle.cosine(), angle.squared_sine()
    sines = (3 * (theta - np.sqrt(squared) * cosine) + 2 * (np.pi - theta) * squared) / (6 * np.pi)
    np.maximum(sines, 0, out=sines)
    relu = _relu(a, b, angle)
    return Dual(
        np.sqrt(1.5) * a**2,
        np.sqrt(1.5) * b**2,
        HalfAngles(sines, 1 - sines),
        4 * (relu.first * relu.second) * relu.angle.cosine(),
    )


def _erf(a: Deviations, b: Deviations, angle: HalfAngles) -> tuple[Matrix, Matrix]:
    return _erf_of(a, b, angle.cosine(), angle.squared_sine())


def _erf_of(a: Deviations, b: Stack, cosine: Matrix, squared_sine: Matrix) -> tuple[Matrices, Matrices]:
    """erf's duals (Williams 1997, "Computing with Infinite Networks", NeurIPS, eq. 11).

        E φ(u)φ(v) = 2/π · arcsin(2q / √((1+2a²)(1+2b²))) and E φ'(u)φ'(v) = 4/π / √((1+2a²)(1+2b²) − 4q²),

    q = ab cos θ; the second is the derivative of the first by q. With s = 1/(1+2a²), t = 1/(1+2b²) and P =
    √((1−s)(1−t)), this sine is P cos θ. Its cosine is the root of 1 − P² cos² θ = s + t − st + P² sin² θ,
    which loses no digits and does not overflow.
    """
    s, t = 1 / (1 + 2 * a**2), 1 / (1 + 2 * b**2)
    p = (a * np.sqrt(2 * s)) * (b * np.sqrt(2 * t))
    root = p * p
    root *= squared_sine
    root += _either(s, t)
    np.sqrt(root, out=root)
    p *= cosine
    covariance = np.arctan2(p, root, out=p)
    covariance *= 2 / np.pi
    return covariance, np.sqrt(4 / np.pi * s) * np.sqrt(4 / np.pi * t) / root


def _either(s: Deviations, t: Stack) -> Matrices:
    """s + t − st = 1 − (1−s)(1−t), for two shares s and t of 1."""
    either: Matrices = s + t
    either -= s * t
    return either


def _sin(a: Deviations, b: Deviations, angle: HalfAngles) -> tuple[Matrix, Matrix]:
    """E sin u sin v and E cos u cos v, from E cos(u ∓ v) = exp(−E(u ∓ v)²/2), the characteristic function.

        (e⁻ − e⁺)/2 and (e⁻ + e⁺)/2 with −ln e⁻ = (a−b)²/2 + 2ab sin²(θ/2), −ln e⁺ = (a−b)²/2 + 2ab cos²(θ/2)

    (Pearce et al. 2019 arXiv:1905.06076, for periodic activations). The difference is taken by expm1.
    """
    product = a * b
    q = product * angle.cosine()
    larger = np.minimum(angle.sines, angle.cosines)
    larger *= product
    larger *= -2
    larger -= (a - b) ** 2 / 2
    np.exp(larger, out=larger)
    larger /= 2
    less = np.abs(q)
    less *= -2
    np.expm1(less, out=less)  # the smaller exponential, relative to the larger, less 1
    less *= larger
    return -np.sign(q) * less, 2 * larger + less


def _cos(a: Deviations, b: Deviations, angle: HalfAngles) -> tuple[Matrix, Matrix]:
    """The results of `_sin`, exchanged, because the derivative is −sin."""
    slope, covariance = _sin(a, b, angle)
    return covariance, slope


def _tanh(a: Deviations, b: Deviations, angle: HalfAngles) -> tuple[Matrix, Matrix]:
    """tanh's duals, as a mean of erf's duals.

    tanh x = E erf(√2 x/S): the logistic distribution is a Gaussian whose deviation S is twice a variable of
    Kolmogorov's distribution (Andrews & Mallows 1974, "Scale Mixtures of Normal Distributions", Journal of
    the Royal Statistical Society B 36; Stefanski 1991, "A normal scale mixture representation of the logistic
    distribution", Statistics & Probability Letters 11). So, with S and S' independent,

        E φ(u)φ(v) = E F(√2 a/S, √2 b/S', θ),   E φ'(u)φ'(v) = E 2/(SS') F'(√2 a/S, √2 b/S', θ),

    where F and F' are erf's. Over ln S and ln S' the integrand is analytic in a strip that is the same for
    all deviations and angles, ±π/4, where the trapezoidal rule converges as exp(−π²/2h) (Trefethen & Weideman
    2014, "The Exponentially Convergent Trapezoidal Rule", SIAM Review 56): `MIXTURE` is good to 1e-14.
    """
    cosine, squared_sine = angle.cosine(), angle.squared_sine()
    covariance, slope = np.zeros_like(cosine), np.zeros_like(cosine)
    nodes, weights = (np.array(each)[:, None, None] for each in zip(*MIXTURE, strict=True))
    together = max(1, STACKED // cosine.size)
    for s, w in MIXTURE:
        for start in range(0, len(nodes), together):
            t, v = (each[start : start + together] for each in (nodes, weights))
            ahead, factor = _erf_of(a * s, b * t, cosine, squared_sine)
            covariance += np.sum((w * v) * ahead, axis=0)
            slope += np.sum((w * s) * (v * t) * factor, axis=0)
    return covariance, slope


def _mixture(step: float = 0.125) -> list[tuple[float, float]]:
    """Values of √2/S, S = 2K, and their weights: nodes of the trapezoidal rule over ln K.

    Kolmogorov's density is √(2π)/k · d/dk Σ exp(−(2j−1)²π²/8k²) and, for larger k, 8k Σ (−1)^(j−1) j²
    exp(−2j²k²). Both are exact, and on its side of 1 each is positive and without cancellation. Beyond the
    ends the density is below 1e-17.
    """
    k = np.exp(np.arange(-16, 13) * step)
    j = np.arange(1, 12)[:, None]
    odd = ((2 * j - 1) * np.pi) ** 2 / 8
    low = np.sqrt(2 * np.pi) * np.sum((2 * odd / k**4 - 1 / k**2) * np.exp(-odd / k**2), axis=0)
    high = 8 * k * np.sum((-1.0) ** (j - 1) * j**2 * np.exp(-2 * (j * k) ** 2), axis=0)
    weights = step * k * np.where(k < 1, low, high)
    return [(float(node), float(weight)) for node, weight in zip(1 / (np.sqrt(2) * k), weights, strict=True)]


def gelu(
    a: Deviations, b: Deviations, angle: HalfAngles, other: HalfAngles | None = None
) -> tuple[Matrix, Matrix]:
    """GELU's duals, of φ(x) = x Φ(x) (Tsuchida et al. 2021 arXiv:2002.08517).

    By Stein's lemma, with q = ab cos θ and Δ = (1+a²)(1+b²) − q² = 1 + a² + b² + (ab sin θ)²,

        F           = E Φ(u)Φ(v)   = 1/4 + arcsin(q / √((1+a²)(1+b²))) / 2π
        E φ(u)φ(v)   = qF + (q² + a²b²Δ) / (2π (1+a²)(1+b²) √Δ)
        E φ'(u)φ'(v) = F + q (1/(1+a²) + 1/(1+b²) + 1/Δ) / (2π √Δ)

    With s = 1/(1+a²), t = 1/(1+b²), P = √((1−s)(1−t)) and r² = Δst = s + t − st + P² sin² θ, q/√Δ is P cos θ
    / r and F is 1/4 + arctan(P cos θ / r) / 2π. `other` is the angle inside Δ. It shows how the two change if
    Δ is rounded differently in its several places (`harness.ntk.rounding`).
    """
    s, t = 1 / (1 + a**2), 1 / (1 + b**2)
    p = (a * np.sqrt(s)) * (b * np.sqrt(t))
    squared, cosine = p * p, angle.cosine()
    either = _either(s, t)
    root = np.sqrt(squared * angle.squared_sine() + either)
    there = root if other is None else np.sqrt(squared * other.squared_sine() + either)
    both = np.arctan2(p * cosine, there)
    both *= 1 / (2 * np.pi)
    both += 0.25
    share = np.sqrt(s) * np.sqrt(t) / root  # 1/√Δ
    slope = s + t
    slope += share * share
    slope *= p * cosine
    slope /= 2 * np.pi * root
    slope += both
    rest = cosine * cosine
    rest *= share
    rest += root / (np.sqrt(s) * np.sqrt(t))
    rest *= squared
    rest /= 2 * np.pi
    both *= (a * b) * cosine
    both += rest
    return both, slope


MIXTURE = _mixture()
"""The pairs (√2/S, weight) for `_tanh`."""

STACKED = 2**14
"""The least number of values that `_tanh` computes at once: 128 kB for each array, which stays in a cache."""

KINKED: tuple[Activation, ...] = ("relu", "leaky-relu", "step", "squared-relu")
_BY_ANGLE: dict[str, Callable[[Deviations, Deviations, HalfAngles], Dual]] = {
    "relu": _relu, "step": _step, "squared-relu": _squared_relu
}  # fmt: skip
_BY_COVARIANCE: dict[str, Callable[[Deviations, Deviations, HalfAngles], tuple[Matrix, Matrix]]] = {
    "erf": _erf, "gelu": gelu, "tanh": _tanh, "sin": _sin, "cos": _cos
}  # fmt: skip


def _by_quadrature(activation: Activation, a: Deviations, b: Deviations, angle: HalfAngles) -> Dual:
    """Duals from u = a x, v = b (x cos θ + y sin θ), over the nodes x, y of a product rule."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    cosine, sine = angle.cosine(), np.sqrt(angle.squared_sine())
    covariance, slope = np.empty(cosine.shape), np.empty(cosine.shape)
    firsts, seconds = np.broadcast_to(a, cosine.shape), np.broadcast_to(b, cosine.shape)
    for at in np.ndindex(*cosine.shape):
        u = firsts[at] * nodes[:, None]
        v = seconds[at] * (cosine[at] * nodes[:, None] + sine[at] * nodes)
        (f, df), (g, dg) = evaluate(activation, u), evaluate(activation, v)
        covariance[at] = weights @ (f * g) @ weights
        slope[at] = weights @ (df * dg) @ weights
    first, second = (np.sqrt(evaluate(activation, x[..., None] * nodes)[0] ** 2 @ weights) for x in (a, b))
    return Dual(first, second, _angle(covariance, first, second), slope)


def evaluate(activation: Activation, h: Values, negative_slope: float = 0.01) -> tuple[Values, Values]:
    """The activation and its derivative, elementwise, as `harness.ntk.network.activate` defines them."""
    match activation:
        case "identity":
            return h, np.ones_like(h)
        case "erf":
            return special.erf(h), 2 / np.sqrt(np.pi) * np.exp(-(h**2))
        case "gelu":
            return h * special.ndtr(h), special.ndtr(h) + h * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)
        case "tanh":
            return np.tanh(h), 1 / np.cosh(np.clip(h, -350, 350)) ** 2
        case "sin":
            return np.sin(h), np.cos(h)
        case "cos":
            return np.cos(h), -np.sin(h)
        case "leaky-relu":
            return np.where(h > 0, h, negative_slope * h), np.where(h > 0, 1.0, negative_slope)
        case "step":
            return (h > 0).astype(np.float64), np.zeros_like(h)
        case "squared-relu":
            return np.maximum(h, 0) ** 2, 2 * np.maximum(h, 0)
        case "relu":
            return np.maximum(h, 0), (h > 0).astype(np.float64)


def _angle(covariance: Matrix, first: Deviations, second: Deviations) -> HalfAngles:
    """The angle of a covariance. If a deviation is 0, it is π/2, and no result depends on it.

    Near 0 it has half of the digits. Smooth duals depend on θ² there, so that they keep all of theirs.
    """
    first, second = (np.where(x == 0, 1, x) for x in (first, second))
    return of_cosine(covariance / (first * second))
