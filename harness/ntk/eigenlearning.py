"""The risk of ridge regression from the eigenvalues of its kernel alone, mode by mode.

For a kernel of eigenvalues λ_i (of its integral operator) and eigenfunctions φ_i, n training points and a
ridge δ added to the Gram matrix, Simon et al. 2021 (arXiv:2110.03922, "the eigenlearning equations"; the same
estimates are in Bordelon et al. 2020 arXiv:2002.02561, Canatar et al. 2021 arXiv:2006.13198 and Jacot et al.
2020 arXiv:2006.09796):

    n = Σ_i λ_i/(λ_i + κ) + δ/κ          the effective regularisation κ
    L_i = λ_i/(λ_i + κ)                  the learnability of mode i: the share of φ_i that is kept, on average
    E₀ = n / (n − Σ_i L_i²)              the overfitting coefficient
    risk = E₀ (Σ_i (1 − L_i)² v_i² + σ²)      mean squared error on noisy labels of a target Σ_i v_i φ_i +
    noise
    training risk = (δ/nκ)² · risk

The risk is that on *noisy* labels; over the clean function it is less by σ². The equations assume that the
eigenfunctions behave as independent Gaussian variables. A target of pure noise has the risk E₀σ², and
eigenvalues λ_i ~ i^(−α) give E₀ → α as n grows (Mallinar et al. 2022, arXiv:2207.06569).

NumPy and SciPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from harness.declare import StageError

Levels = Float[np.ndarray, " levels"]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues, how many modes share each, and the sum of those that are left out.

    `tail` is Σ λ_i over the modes that are not listed. They are far below κ, so that each adds λ_i/κ to Σ L_i
    and nothing to Σ L_i²: together they act as a ridge of their sum.
    """

    values: Levels
    counts: Levels
    tail: float = 0.0

    @property
    def total(self) -> float:
        """The trace. It is one for a kernel with k(x,x) = 1."""
        return float(self.values @ self.counts) + self.tail


@dataclass(frozen=True)
class Prediction:
    """The theory at one spectrum, number of points and ridge. `predict` makes it."""

    points: int
    ridge: float
    regularisation: float
    """κ"""
    learnability: Levels
    """L of each level."""
    overfitting: float
    """E₀"""

    def risk(self, power: Levels, noise: float = 0.0) -> float:
        """The risk on noisy labels. `power` holds the target's squared coefficients, summed in each level."""
        bias = float(((1 - self.learnability) ** 2) @ power)
        return self.overfitting * float(bias + noise**2)

    def training_risk(self, power: Levels, noise: float = 0.0) -> float:
        """The mean squared training residual."""
        kept = self.ridge / (self.points * self.regularisation)
        return float(kept**2) * self.risk(power, noise)


def predict(spectrum: Spectrum, points: int, ridge: float = 0.0) -> Prediction:
    """The theory for `points` training points.

    Raises `StageError` if there is no ridge and there are no more modes than points.
    """
    kappa = regularisation(spectrum, points, ridge)
    learnability = spectrum.values / (spectrum.values + kappa)
    left = points - float(spectrum.counts @ learnability**2)
    return Prediction(points, ridge, kappa, learnability, points / left)


def regularisation(spectrum: Spectrum, points: int, ridge: float = 0.0) -> float:
    """The κ that solves n = Σ λ/(λ + κ) + δ/κ, to a relative 1e-13.

    It is at most (Σλ + δ)/n, as λ/(λ + κ) < λ/κ. Raises `StageError` if n modes or fewer are left and δ is 0.
    """
    added = ridge + spectrum.tail

    def missing(logarithm: float) -> float:
        kappa = float(np.exp(logarithm))
        return float(spectrum.counts @ (spectrum.values / (spectrum.values + kappa))) + added / kappa - points

    modes = float(spectrum.counts[spectrum.values > 0].sum())
    if added <= 0 and modes <= points:
        raise StageError(f"theory: expected more than {points} modes or a ridge, found {modes:g} modes")
    highest = np.log((spectrum.total + ridge) / points) + 1e-9
    lowest = highest - 1
    while missing(lowest) <= 0:
        lowest -= 2 * (highest - lowest)
        if lowest < -700:
            raise StageError("theory: expected an effective regularisation above 1e-304, found none")
    solution: float = brentq(missing, lowest, highest, xtol=1e-14, rtol=1e-14)
    return float(np.exp(solution))
