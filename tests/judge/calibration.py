"""How often the rule errs and how often it decides, by simulation.

`python tests/judge/calibration.py [ROWS]` prints the tables; the tests import the functions. The
simulator restates the rule with numpy on many data sets at once; test_calibration.py checks it against
`harness.judge.decide` row by row before it trusts it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

LOOKS = (14, 21, 32, 48, 72, 108, 162, 243)
CHUNK = 20_000
"""Rows simulated at once: 243 doubles each, so 39 MB."""

Draw = Callable[[np.random.Generator, int], np.ndarray]


def _gaussian(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.standard_normal((rows, LOOKS[-1]))


def _t3(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.standard_t(3, (rows, LOOKS[-1]))


def _log_ratio(rng: np.random.Generator, rows: int) -> np.ndarray:
    """ln a/b of two lognormals that share most of their noise, as errors on the same data do."""
    shared = rng.normal(0, 0.4, (rows, LOOKS[-1]))
    a = np.exp(shared + rng.normal(0, 0.1, (rows, LOOKS[-1])))
    b = np.exp(shared + rng.normal(0, 0.1, (rows, LOOKS[-1])))
    return np.log(a) - np.log(b)


def _gamma(shape: float) -> Draw:
    """A gamma variable less its mean; its skewness is 2/√shape."""
    return lambda rng, rows: rng.gamma(shape, size=(rows, LOOKS[-1])) - shape


def _lognormal(rng: np.random.Generator, rows: int) -> np.ndarray:
    """A lognormal (σ = 0.6, skewness 2.3) less its mean: an error of which no logarithm was taken."""
    return rng.lognormal(0, 0.6, (rows, LOOKS[-1])) - np.exp(0.18)


def _lognormal_about_median(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.lognormal(0, 0.6, (rows, LOOKS[-1])) - 1


NULLS: dict[tuple[str, str], Draw] = {
    ("Gaussian", "mean"): _gaussian,
    ("log-ratio of lognormals", "mean"): _log_ratio,
    ("gamma, skewness 0.2", "mean"): _gamma(100),
    ("gamma, skewness 0.5", "mean"): _gamma(16),
    ("gamma, skewness 1", "mean"): _gamma(4),
    ("lognormal, skewness 2.3", "mean"): _lognormal,
    ("t3", "mean"): _t3,
    ("Gaussian", "pseudomedian"): _gaussian,
    ("t3", "pseudomedian"): _t3,
    ("Gaussian", "median"): _gaussian,
    ("t3", "median"): _t3,
    ("lognormal, skewness 2.3", "median"): _lognormal_about_median,
}
"""Data whose centre is 0, by name and by the centre that is asked for."""


def intervals(data: np.ndarray, n: int, center: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Both ends, for each row's first n values, at this level per side."""
    seen = data[:, :n]
    if center == "mean":
        mean, sd = seen.mean(axis=1), seen.std(axis=1, ddof=1)
        half = stats.t.isf(level, n - 1) * sd / np.sqrt(n)
        return mean - half, mean + half
    if center == "median":
        points, below = np.sort(seen, axis=1), stats.binom(n, 0.5).cdf(np.arange(n + 1))
    else:
        i, j = np.triu_indices(n)
        points, below = seen[:, i] / 2 + seen[:, j] / 2, _signed_rank_cdf(n)
    rank = int(np.searchsorted(below, level, side="right")) - 1
    if rank < 0:
        return np.full(len(data), -np.inf), np.full(len(data), np.inf)
    points = np.partition(points, (rank, points.shape[1] - 1 - rank), axis=1)
    return points[:, rank], points[:, -1 - rank]


def _signed_rank_cdf(n: int) -> np.ndarray:
    """P(W⁺ ≤ k) for all k, by convolution of the n two-point distributions."""
    mass = np.ones(1)
    for rank in range(1, n + 1):
        step = np.zeros(rank + 1)
        step[[0, rank]] = 0.5
        mass = np.convolve(mass, step)
    return np.cumsum(mass)


def _verdicts(data: np.ndarray, n: int, low: float, high: float, alpha: float, center: str) -> np.ndarray:
    """Per row, what its first n values show: 1 inside the region, −1 outside of it, 0 neither."""
    level = alpha / len(LOOKS)
    two_edged = np.isfinite(low) and np.isfinite(high)
    bottom, top = intervals(data, n, center, level)
    inside = (bottom > low) & (top < high)
    if two_edged:
        bottom, top = intervals(data, n, center, level / 2)
    return np.where(inside, 1, np.where((top <= low) | (bottom >= high), -1, 0))


def have_gaps(seen: np.ndarray) -> np.ndarray:
    """Per row, whether two neighbours are more than five median absolute deviations apart."""
    ordered = np.sort(seen, axis=1)
    deviation = np.median(np.abs(ordered - np.median(ordered, axis=1, keepdims=True)), axis=1)
    return np.diff(ordered, axis=1).max(axis=1) > 5 * deviation


def simulate(
    data: np.ndarray, low: float, high: float, alpha: float, center: str = "mean", budget: int = 108
) -> tuple[np.ndarray, np.ndarray]:
    """Per row, the verdict (1 supported, −1 refuted, 0 inconclusive) and the n at which it stopped."""
    verdict = np.zeros(len(data), dtype=int)
    stopped = np.full(len(data), budget)
    running = np.arange(len(data))
    for n in (look for look in LOOKS if look <= budget):
        found = _verdicts(data[running], n, low, high, alpha, center)
        if center == "mean":
            doubtful = np.flatnonzero((found != 0) & have_gaps(data[running, :n]))
            if len(doubtful):
                median = _verdicts(data[running[doubtful]], n, low, high, alpha, "median")
                found[doubtful[median != found[doubtful]]] = 0
        decided = running[found != 0]
        verdict[decided], stopped[decided] = found[found != 0], n
        running = running[found == 0]
    return verdict, stopped


@dataclass(frozen=True)
class Errors:
    """Rows simulated, and wrong definite verdicts in either direction; made by `errors_on_margin`."""

    rows: int
    supported: int
    refuted: int


def errors_on_margin(draw: Draw, center: str, alpha: float, rows: int, seed: int) -> Errors:
    """Wrong verdicts when the centre is exactly the edge of a region, below it and above it alike.

    The region (−∞, 0) is taken because a second edge only adds rows that stay undecided. *Supported*
    says that the centre is below 0, *refuted* that it is above.
    """
    rng = np.random.default_rng(seed)
    supported = refuted = 0
    for start in range(0, rows, CHUNK):
        data = draw(rng, min(CHUNK, rows - start))
        step = CHUNK if center == "mean" else 1000  # the Walsh averages of 1000 rows take 47 MB
        for part in range(0, len(data), step):
            verdict, _ = simulate(data[part : part + step], -np.inf, 0.0, alpha, center)
            supported += int((verdict == 1).sum())
            refuted += int((verdict == -1).sum())
    return Errors(rows, supported, refuted)


@dataclass(frozen=True)
class Power:
    """Shares of verdicts and mean seeds; made by `power`."""

    supported: float
    refuted: float
    seeds: float


def power(sd: float, truth: float, rows: int, seed: int, alpha: float = 0.001, budget: int = 108) -> Power:
    """The rule on Gaussian data of standard deviation `sd` and mean `truth`, region (−1, 1), mean."""
    rng = np.random.default_rng(seed)
    verdicts, seeds = [], []
    for start in range(0, rows, CHUNK):
        data = truth + sd * _gaussian(rng, min(CHUNK, rows - start))
        verdict, stopped = simulate(data, -1.0, 1.0, alpha, budget=budget)
        verdicts.append(verdict)
        seeds.append(stopped)
    verdict = np.concatenate(verdicts)
    return Power(
        float((verdict == 1).mean()), float((verdict == -1).mean()), float(np.concatenate(seeds).mean())
    )


SPREADS = (0.5, 1.0, 2.0)
TRUTHS = (0.0, 0.5, 0.9, 1.0, 1.1, 2.0)


def main(rows: int) -> None:
    print(f"Gaussian, mean, alpha 0.001, budget 108, {rows} rows a cell: supported / refuted, mean n")
    print("| σ/m | " + " | ".join(f"truth {truth:g} m" for truth in TRUTHS) + " |")
    print("|---" * (len(TRUTHS) + 1) + "|")
    for sd in SPREADS:
        cells = [power(sd, truth, rows, seed=1) for truth in TRUTHS]
        shown = " | ".join(f"{c.supported:.4f} / {c.refuted:.4f}, {c.seeds:.1f}" for c in cells)
        print(f"| {sd:g} | {shown} |", flush=True)
    print("\nTruth exactly on the margin: wrong verdicts, in units of alpha (± one standard error)")
    print("| data | centre | alpha | rows | supported | refuted |\n|---|---|---|---|---|---|")
    for (name, center), draw in NULLS.items():
        for alpha in (0.001, 0.05):
            count = rows if center == "mean" else rows // (20 if center == "pseudomedian" else 4)
            got = errors_on_margin(draw, center, alpha, count, seed=2)
            wrong = [
                f"{k / count / alpha:.2f} ± {max(k, 1) ** 0.5 / count / alpha:.2f}"
                for k in (got.supported, got.refuted)
            ]
            print(f"| {name} | {center} | {alpha} | {count} | {wrong[0]} | {wrong[1]} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
