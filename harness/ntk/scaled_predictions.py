"""What tangent kernels predict before, during and after training, and how kernels moved. NumPy, float64.

Kernel regression is K(x, X) K(X, X)⁻¹ y, by eigenvalues. Modes below `NEGLIGIBLE` of the largest are left
out, since a linear network with few inputs has no others.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from harness.ntk.solve import AtTest, Cross, Gram, Vector

KernelPath = Float[np.ndarray, "looks train train"]

NEGLIGIBLE = 1e-10
"""A share of the largest eigenvalue. Networks are float32, but their kernels are computed from them in
float64."""

NODES = 2001
"""Nodes of the trapezoidal rule over ln 2 of a smooth integrand: its error is below 1e-7."""


def regression_on_modes(gram: Gram, cross: Cross, y: Vector) -> AtTest:
    """Regression with a kernel, without a ridge."""
    values, vectors = np.linalg.eigh(gram)
    kept = values > NEGLIGIBLE * values[-1]
    weights = vectors[:, kept] @ ((vectors[:, kept].T @ y) / values[kept])
    predicted: AtTest = cross @ weights
    return predicted


def linearised_predictions(
    gram: Gram, cross: Cross, y: Vector, f_0: Vector, f_test_0: AtTest, rate: float, steps: int
) -> AtTest:
    """The linearised network after `steps` steps of gradient descent on ½Σr², from its initial function.

    It is computed mode by mode, (1 − (1 − ηλ)^k)/λ (Lee et al. 2019 arXiv:1902.06720). Every mode must have
    ηλ < 2.
    """
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    left = (1 - rate * values) ** steps
    # In a mode that has hardly begun, rounding loses 1 − (1 − ηλ)^k but not its ratio to λ.
    begun = values * rate * steps > 1e-9
    done = np.where(begun, (1 - left) / np.where(begun, values, 1.0), rate * steps)
    predicted: AtTest = f_test_0 + cross @ (vectors @ (done * (vectors.T @ (y - f_0))))
    return predicted


def relative_change(kernel: Gram, start: Gram) -> float:
    """‖Θ − Θ₀‖ / ‖Θ₀‖, Frobenius norms."""
    return float(np.linalg.norm(kernel - start) / np.linalg.norm(start))


def cosine(a: Gram, b: Gram) -> float:
    """⟨A, B⟩ / (‖A‖ ‖B‖)."""
    return float(np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def turned(a: Gram, b: Gram) -> float:
    """1 − cos(A, B), computed as ½‖A/‖A‖ − B/‖B‖‖², which loses no digits near one."""
    difference = a / np.linalg.norm(a) - b / np.linalg.norm(b)
    return float(0.5 * np.sum(difference**2))


def centred(kernel: Gram) -> Gram:
    """The kernel of features minus their mean over the points."""
    rows = kernel.mean(axis=0, keepdims=True)
    left: Gram = kernel - rows - rows.T + kernel.mean()
    return left


def target_alignment(kernel: Gram, y: Vector) -> float:
    """y'Ky / (‖K‖ |y|²)."""
    return float(y @ kernel @ y / (np.linalg.norm(kernel) * (y @ y)))


def path_length(kernels: KernelPath) -> Float[np.ndarray, " intervals"]:
    """‖Θ_{i+1} − Θ_i‖ between looks, over ‖Θ₀‖."""
    steps = np.linalg.norm(np.diff(kernels, axis=0), axis=(1, 2))
    relative: Float[np.ndarray, " intervals"] = steps / np.linalg.norm(kernels[0])
    return relative


def along_targets(kernel: Gram, y: Vector) -> float:
    """y'Ky / |y|²."""
    return float(y @ kernel @ y / (y @ y))


def beside_targets(kernel: Gram, start: Gram, y: Vector) -> float:
    """‖P(K − K₀)P‖ / ‖P K₀ P‖, where P projects onto what is orthogonal to y."""
    away = np.eye(len(y)) - np.outer(y, y) / (y @ y)
    return relative_change(away @ kernel @ away, away @ start @ away)


def spike(richness: float, y: Vector) -> float:
    """√(1 + γ₀²|y|²): the final hidden kernel along the targets, which starts at 1.

    Source: Bordelon & Pehlevan 2022 arXiv:2205.09653, section 4.1, for two linear layers of variance one and
    orthogonal inputs of norm √d.
    """
    return math.sqrt(1 + richness**2 * float(y @ y))


def spike_half_time(richness: float, y: Vector) -> float:
    """The time at which the residual's norm Δ is half of |y| = Δ(0), if dΔ/dt = −2 √(1 + γ₀²(|y| − Δ)²) Δ.

    This is the flow of both layers together, each of which has the kernel √(…) along y; their sum is 2√(…).
    """
    size = float(np.linalg.norm(y))
    u = np.linspace(math.log(size / 2), math.log(size), NODES)
    slowness = 1 / (2 * np.sqrt(1 + richness**2 * (size - np.exp(u)) ** 2))
    return float(np.sum((slowness[1:] + slowness[:-1]) / 2 * np.diff(u)))


def crossing(times: Float[np.ndarray, " looks"], values: Float[np.ndarray, " looks"], level: float) -> float:
    """The time at which positive `values` first fall to `level`; the last of `times` if they never do.

    The logarithm of `values` is taken as linear between looks.
    """
    below = np.flatnonzero(values <= level)
    if not below.size:
        return float(times[-1])
    after = int(below[0])
    if after == 0:
        return float(times[0])
    high, low = math.log(values[after - 1]), math.log(max(float(values[after]), 1e-300))
    share = (high - math.log(level)) / (high - low)
    return float(times[after - 1] + share * (times[after] - times[after - 1]))
