"""Laws of the numbers that claims are judged on, each with its mean, median and pseudomedian at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import integrate, optimize, stats

Sample = Callable[[np.random.Generator, int, int], np.ndarray]
NOISE = 0.01
"""Deviation of what is added to laws of a few values."""


@dataclass(frozen=True)
class Law:
    """How values are drawn, and where their centres are; a symmetric law has all at 0."""

    sample: Sample
    mean: float = 0.0
    median: float = 0.0
    pseudomedian: float = 0.0

    def draw(self, centre: str, share: float = 0.0) -> Sample:
        """The values less their centre, less `share`."""
        middle = float(getattr(self, centre)) + share
        return lambda rng, rows, seeds: self.sample(rng, rows, seeds) - middle


def _of(law: stats.rv_continuous, sample: Sample) -> Law:
    """A continuous law. Its pseudomedian is the median of the mean of two draws."""

    def below(middle: float) -> float:
        low, high = law.support()
        edge = min(high, law.ppf(1 - 1e-13))
        return integrate.quad(lambda x: law.pdf(x) * law.cdf(2 * middle - x), low, edge, limit=500)[0] - 0.5

    middle = optimize.brentq(below, law.ppf(0.3), law.ppf(0.9), xtol=1e-12)
    return Law(sample, law.mean(), law.median(), middle)


def _gamma(shape: float) -> Law:
    """Its skewness is 2/√shape; the mean of two draws is a gamma variable, too."""
    law, two = stats.gamma(shape), stats.gamma(2 * shape, scale=0.5)
    return Law(lambda r, m, n: r.gamma(shape, size=(m, n)), law.mean(), law.median(), two.median())


def _rare(chance: float, noise: float = NOISE) -> Law:
    """0, and 1 with this chance, and noise. Where even two draws are mostly at 0, the medians are there."""
    one, both = 1 - chance, (1 - chance) ** 2
    median = stats.norm.ppf(0.5 / one) * noise
    if both > 0.5:
        pseudomedian = stats.norm.ppf(0.5 / both) * noise / np.sqrt(2)
    else:  # at the lower end of those means of two of which one is 1
        pseudomedian = 0.5 + stats.norm.ppf((0.5 - both) / (2 * chance * one)) * noise / np.sqrt(2)

    def sample(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
        return (rng.random((rows, seeds)) < chance) + noise * rng.standard_normal((rows, seeds))

    return Law(sample, chance, median, pseudomedian)


def _two_modes(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (rows, seeds)) + NOISE * rng.standard_normal((rows, seeds))


def neighbours(correlation: float) -> Sample:
    """Gaussian numbers of which neighbours are correlated (an autoregression)."""

    def sample(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
        new = rng.standard_normal((rows, seeds))
        values = new.copy()
        for i in range(1, seeds):
            values[:, i] = correlation * values[:, i - 1] + np.sqrt(1 - correlation**2) * new[:, i]
        return values

    return sample


def pairs(shared: float) -> Sample:
    """Gaussian numbers, two and two of which share this part of their variance."""

    def sample(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
        common = np.repeat(rng.standard_normal((rows, (seeds + 1) // 2)), 2, axis=1)[:, :seeds]
        return np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.standard_normal((rows, seeds))

    return sample


def gaussian(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
    """Mean 0, deviation 1."""
    return rng.standard_normal((rows, seeds))


def minus_log_square(rng: np.random.Generator, rows: int, seeds: int) -> np.ndarray:
    """Minus the logarithm of a squared Gaussian number, less its mean: a logarithm protects from nothing."""
    return -np.log(rng.standard_normal((rows, seeds)) ** 2) - np.euler_gamma - np.log(2)


@cache
def laws() -> dict[str, Law]:
    """All, by the names that docs/verdicts.md gives them."""
    return {
        "Gaussian": Law(gaussian),
        "t, 3 degrees of freedom": Law(lambda r, m, n: r.standard_t(3, (m, n))),
        "uniform": Law(lambda r, m, n: r.uniform(-1, 1, (m, n))),
        "two modes ±1, noise 0.01": Law(_two_modes),
        "skewness 0.5 (gamma 16)": _gamma(16),
        "skewness 1 (gamma 4)": _gamma(4),
        "lognormal, σ 0.5": _of(stats.lognorm(0.5), lambda r, m, n: r.lognormal(0, 0.5, (m, n))),
        "exponential": _gamma(1),
        "30% of seeds at +1, noise 0.01": _rare(0.3),
        "5% of seeds at +1, noise 0.01": _rare(0.05),
        "neighbours correlated by 0.3": Law(neighbours(0.3)),
        "pairs of seeds share half": Law(pairs(0.5)),
    }
