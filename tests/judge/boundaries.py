"""Searches for boundaries on synthetic laws, many at once; `test_boundaries.py` states what they give.

    python tests/judge/boundaries.py        # the table of docs/statistics.md

A *world* is a mean along an axis, and the law of the numbers of a seed around it. The numbers of a seed at
different points are correlated, as those of one split of the data at different widths are.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.judge import Verdict, locate_boundary
from harness.questions import MOST_POINTS, BoundarySearch

sys.path.insert(0, str(Path(__file__).parent))
import simulator

sys.path.pop(0)

GRID = tuple(16.0 * 2 ** (k / 4) for k in range(37))  # 16 to 8,192 in quarter octaves
SHARED = 0.9
"""The correlation of the numbers of a seed at two points."""
_VERDICTS: dict[int, Verdict] = {1: "supported", -1: "refuted", 0: "inconclusive"}

Mean = Callable[[np.ndarray], np.ndarray]
"""Logarithms of the axis → means; past the boundary they are below 0."""


def falling(crossing: float) -> Mean:
    """As the inverse square root."""
    return lambda u: -0.5 * (u - math.log(crossing))


def flat(crossing: float) -> Mean:
    """It falls far from the crossing; within a factor of 4 on either side it is near the bound."""
    return lambda u: -0.02 * (u - math.log(crossing)) ** 3


def level(crossing: float) -> Mean:
    """Nearly on the bound everywhere: what is decided is as often wrong as it can be."""
    return lambda u: -1e-4 * (u - math.log(crossing))


def step(crossing: float) -> Mean:
    """It jumps, from as far above the bound as below."""
    return lambda u: np.where(u < math.log(crossing), 0.3, -0.3)


def dipping(crossing: float) -> Mean:
    """It falls, rises above the bound once more, and falls: it crosses the bound three times."""
    return lambda u: -0.5 * (u - math.log(crossing)) + 0.9 * np.sin(2.2 * (u - math.log(crossing)))


MEANS: dict[str, Callable[[float], Mean]] = {
    "falling": falling,
    "flat": flat,
    "level": level,
    "step": step,
    "not monotone": dipping,
}


def gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def t3(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Of deviation 1."""
    return rng.standard_t(3, shape) / math.sqrt(3)


NOISES = {"Gaussian": gaussian, "t3": t3}


@dataclass(frozen=True)
class Searches:
    """What many searches gave: of each the interval, its verdict, whether an end of it is decided wrongly,
    how many points it visited and how many trials it took."""

    verdicts: list[Verdict]
    ratios: np.ndarray
    wrong: np.ndarray
    points: np.ndarray
    trials: np.ndarray
    reasons: list[str]

    def share(self, verdict: str) -> float:
        return sum(each == verdict for each in self.verdicts) / len(self.verdicts)


def searches(
    mean: Callable[[float], Mean],
    noise: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray],
    *,
    deviation: float,
    budget: int,
    alpha: float,
    runs: int,
    seed: int,
    ratio: float = 2 ** (1 / 4) + 1e-9,
    crossings: tuple[float, float] = (30.0, 4000.0),
) -> Searches:
    """`runs` searches; each has a crossing of its own, anywhere (of logarithms) between two values."""
    rng = np.random.default_rng(seed)
    u = np.log(GRID)
    at = np.exp(rng.uniform(*np.log(crossings), runs))
    means = np.stack([mean(float(each))(u) for each in at])  # [runs, points]
    common = noise(rng, (runs, budget))
    verdicts = np.empty((runs, len(GRID)), dtype=int)
    stopped = np.empty((runs, len(GRID)), dtype=int)
    for place in range(len(GRID)):
        own = noise(rng, (runs, budget))
        mixed = math.sqrt(SHARED) * common + math.sqrt(1 - SHARED) * own
        values = means[:, place, None] + deviation * mixed
        found = simulator.judge(values, -np.inf, 0.0, alpha=alpha / MOST_POINTS)
        verdicts[:, place], stopped[:, place] = found.verdict, np.minimum(found.stopped, budget)
    search = BoundarySearch("width", GRID, ratio)
    places = {value: place for place, value in enumerate(GRID)}
    kinds: list[Verdict] = []
    reasons: list[str] = []
    ratios, wrong, points, trials = (np.full(runs, np.nan) for _ in range(4))
    for run in range(runs):
        row = verdicts[run]
        location = locate_boundary(search, lambda place, row=row: _VERDICTS[int(row[place])])  # type: ignore[misc]
        kinds.append(location.verdict)
        reasons.append(location.reason)
        low, high = (None if side is None else places[side] for side in (location.low, location.high))
        bad = (low is not None and means[run, low] < 0) or (high is not None and means[run, high] >= 0)
        wrong[run] = bad
        if low is not None and high is not None:
            ratios[run] = GRID[high] / GRID[low]
        points[run] = len(location.visited)
        trials[run] = stopped[run, list(location.visited)].sum()
    return Searches(kinds, ratios, wrong, points, trials, reasons)


def table(runs: int = 3000, alpha: float = 0.01) -> str:
    """A row for each law, deviation and budget."""
    rows = [
        "| mean | noise | deviation | budget | wrong, in α | ratio, median | 90% | points | trials | grid |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, mean in MEANS.items():
        for kind, noise in NOISES.items():
            for deviation, budget in ((0.15, 48), (0.15, 108), (0.3, 48), (0.3, 108)):
                found = searches(
                    mean, noise, deviation=deviation, budget=budget, alpha=alpha, runs=runs, seed=11
                )
                cells = (
                    name, kind, f"{deviation:g}", str(budget), f"{found.wrong.mean() / alpha:.2f}",
                    f"{np.nanmedian(found.ratios):.2f}", f"{np.nanquantile(found.ratios, 0.9):.2f}",
                    f"{found.points.mean():.1f}", f"{found.trials.mean():.0f}", str(len(GRID) * budget),
                )  # fmt: skip
                rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
