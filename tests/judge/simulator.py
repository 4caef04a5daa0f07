"""The rule on many data sets at once; `test_error_rates.py` holds it against `harness.judge.decide`.

A verdict needs no interval: that of the mean lies above an edge where a t statistic says so, that of a rank
statistic where few enough values, or means of two, lie below the edge. Counting is a hundred times cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.judge import LOOKS
from harness.judge.interval import half_width_factor, sign_rank, signed_rank_rank

OLD_LOOKS = (6, 9, 14, 21, 32, 48, 72, 108)
"""Those of version 0.1."""
CHUNK = 20_000
"""Rows at once: 243 doubles each, so 39 MB."""

Draw = Callable[[np.random.Generator, int, int], np.ndarray]
"""(generator, rows, seeds) → values, a row for each claim."""


@dataclass(frozen=True)
class Rule:
    """How claims are judged; the default is how they are.

    `share` is the part of alpha that one look may spend. `halved`: outside a region with two edges, half of
    it. `gap` says whether a mean whose values fall apart needs the median's word.
    """

    looks: tuple[int, ...] = LOOKS
    share: float = 1 / len(LOOKS)
    halved: bool = True
    gap: bool = True


@dataclass(frozen=True)
class Judged:
    """Of each row the verdict (1 supported, −1 refuted, 0 none) and the look at which it stopped."""

    verdict: np.ndarray
    stopped: np.ndarray

    def count(self, verdict: int, budget: int = LOOKS[-1]) -> int:
        """How many rows have this verdict by this budget: a larger budget changes no verdict."""
        return int(((self.verdict == verdict) & (self.stopped <= budget)).sum())

    def mean_n(self, budget: int) -> float:
        """The mean number of seeds."""
        return float(np.minimum(self.stopped, budget).mean())


def chunks(draw: Draw, rows: int, seed: int, seeds: int = LOOKS[-1]) -> Iterator[np.ndarray]:
    """The data sets of a law, some thousands at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, rows, CHUNK):
        yield draw(rng, min(CHUNK, rows - start), seeds)


def judge_law(
    draw: Draw, rows: int, seed: int, low: float, high: float, *, alpha: float = 0.001,
    centre: str = "mean", rule: Rule = Rule(),
) -> Judged:  # fmt: skip
    """`judge` on rows of a law."""
    found = [
        judge(data, low, high, alpha=alpha, centre=centre, rule=rule)
        for data in chunks(draw, rows, seed, rule.looks[-1])
    ]
    return Judged(np.concatenate([f.verdict for f in found]), np.concatenate([f.stopped for f in found]))


def judge(
    data: np.ndarray, low: float, high: float, *, alpha: float = 0.001, centre: str = "mean",
    rule: Rule = Rule(),
) -> Judged:  # fmt: skip
    """The verdict on each row: does its centre lie in (low, high)?"""
    verdict = np.zeros(len(data), dtype=int)
    stopped = np.full(len(data), rule.looks[-1])
    running = np.arange(len(data))
    for n in rule.looks:
        if n > data.shape[1]:
            break
        seen = data[running, :n]
        found = look(seen, low, high, alpha, centre, rule)
        if rule.gap and centre == "mean":
            doubtful = np.flatnonzero(found)
            doubtful = doubtful[have_gaps(seen[doubtful])]
            if len(doubtful):
                agreed = look(seen[doubtful], low, high, alpha, "median", rule) == found[doubtful]
                found[doubtful[~agreed]] = 0
        verdict[running[found != 0]] = found[found != 0]
        stopped[running[found != 0]] = n
        running = running[found == 0]
    return Judged(verdict, stopped)


def look(seen: np.ndarray, low: float, high: float, alpha: float, centre: str, rule: Rule) -> np.ndarray:
    """Per row, what these values show: 1 inside the region, −1 outside of it, 0 neither."""
    level = alpha * rule.share
    outside = level / 2 if rule.halved and np.isfinite([low, high]).all() else level
    lower, upper = _edges(seen, low, centre), _edges(seen, high, centre)
    inside = lower.above(level) & upper.below(level)
    return np.where(inside, 1, np.where(lower.below(outside) | upper.above(outside), -1, 0))


@dataclass(frozen=True)
class _Side:
    """Whether each row's interval lies above, or below, one edge, at a level."""

    above: Callable[[float], np.ndarray]
    below: Callable[[float], np.ndarray]


def _edges(seen: np.ndarray, edge: float, centre: str) -> _Side:
    rows, n = seen.shape
    if np.isinf(edge):
        yes, no = np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool)
        return _Side(lambda level: no if edge > 0 else yes, lambda level: yes if edge > 0 else no)
    if centre == "mean":
        mean, sd = seen.mean(axis=1) - edge, seen.std(axis=1, ddof=1)
        return _Side(
            lambda level: mean > half_width_factor(n, level) * sd,
            lambda level: mean < -half_width_factor(n, level) * sd,
        )
    far = seen - edge
    if centre == "median":
        above = (far > 0).sum(axis=1)
        rank, most = sign_rank, n
    else:  # of n(n + 1)/2 means of two, the signed-rank statistic counts those above the edge
        order = np.argsort(np.abs(far), axis=1)
        positive = np.take_along_axis(far, order, axis=1) > 0
        above = positive @ np.arange(1, n + 1)
        rank, most = signed_rank_rank, n * (n + 1) // 2

    def few(count: np.ndarray, level: float) -> np.ndarray:
        limit = rank(n, level)
        return np.zeros(rows, dtype=bool) if limit is None else count <= limit

    return _Side(lambda level: few(most - above, level), lambda level: few(above, level))


def have_gaps(seen: np.ndarray) -> np.ndarray:
    """Per row, whether two neighbours are more than five median absolute deviations apart."""
    if not len(seen):
        return np.zeros(0, dtype=bool)
    ordered = np.sort(seen, axis=1)
    deviation = np.median(np.abs(ordered - np.median(ordered, axis=1, keepdims=True)), axis=1)
    return np.diff(ordered, axis=1).max(axis=1) > 5 * deviation


def every_seed(data: np.ndarray, alpha: float, first: int) -> np.ndarray:
    """Per row, whether a t test at level alpha after every seed from the first on rejects a mean of 0 (from
    below) at least once."""
    n = np.arange(1, data.shape[1] + 1)
    total, squares = np.cumsum(data, axis=1), np.cumsum(data**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        variance = (squares - n * mean**2) / (n - 1)
        t = mean / np.sqrt(variance / n)
    limits = stats.t.ppf(alpha, n[first - 1 :] - 1)
    return np.any(t[:, first - 1 :] < limits, axis=1)
