"""Confidence intervals for the centre of n numbers, at a one-sided level per side.

There are three centres. The *mean* assumes that means of n are near Gaussian: take logarithms of positive
quantities first. The *pseudomedian* (the median of the mean of two draws) assumes symmetry and withstands
outliers. The *median* assumes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from harness.judge.alike import Alike
from harness.questions import Centre


@dataclass(frozen=True, eq=False)
class Interval(Alike):
    """A closed interval [low, high] around an estimate. Infinite ends say nothing. `interval` makes it."""

    estimate: float
    low: float
    high: float


def interval(values: Sequence[float], centre: Centre, level: float, floor: float = 0.0) -> Interval:
    """The interval that lies wholly above the centre, or wholly below it, with probability `level` each.

    `floor` is the least standard deviation that the mean's interval may assume (the resolution of the
    numbers); the other centres do not use it. The result does not depend on the order of `values`. Raises
    `ValueError` for fewer than 2 values, a value that is not finite, or a level outside (0, 1/2).
    """
    if len(values) < 2:
        raise ValueError(f"expected at least 2 values, found {len(values)}")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"expected finite values, found {value!r}")
    if not 0 < level < 0.5:
        raise ValueError(f"expected a level between 0 and 1/2, found {level!r}")
    if centre == "mean":
        return _mean(values, level, floor)
    if centre == "pseudomedian":
        return _between(walsh_averages(values), signed_rank_rank(len(values), level))
    return _between(sorted(values), sign_rank(len(values), level))


@lru_cache(maxsize=4096)
def half_width_factor(n: int, level: float) -> float:
    """c_n/√n: half the width of the mean's interval, in standard deviations of the sample.

    Student's t ("The probable error of a mean", Biometrika 1908). The lower quantile is negated because
    1 − level loses digits that `stdtrit(n − 1, level)` keeps.
    """
    from scipy.special import stdtrit

    return -float(stdtrit(n - 1, level)) / math.sqrt(n)


def load_quantiles() -> None:
    """Import SciPy before `half_width_factor` needs it: this takes a third of a second."""
    half_width_factor(2, 0.25)


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (divisor n − 1), from sums that neither depend on order nor overflow.

    The deviation is infinite if a difference from the mean is.
    """
    n = len(values)
    room = 2.0 ** n.bit_length()  # dividing by a power of two is exact, and keeps the sum in range
    mean = math.fsum(v / room for v in values) / n * room
    peak = max(abs(v - mean) for v in values)
    if peak == 0 or math.isinf(peak):
        return mean, peak
    return mean, peak * math.sqrt(math.fsum(((v - mean) / peak) ** 2 for v in values) / (n - 1))


def walsh_averages(values: Sequence[float]) -> list[float]:
    """The n(n+1)/2 means of two values (each also with itself), sorted."""
    halves = [v / 2 for v in values]
    return sorted(a + b for i, a in enumerate(halves) for b in halves[i:])


@lru_cache(maxsize=256)
def signed_rank_rank(n: int, level: float) -> int | None:
    """max{k: P(W⁺ ≤ k) ≤ level}, W⁺ Wilcoxon's signed-rank statistic of n; None if there is no such k.

    The interval between the Walsh averages of this rank from either end holds those centres that the exact
    signed-rank test does not reject: Hodges & Lehmann, "Estimates of location based on rank tests", Ann.
    Math. Statist. 34 (1963). With ties it errs less often than `level`, never more.
    """
    half = n * (n + 1) // 4  # P(W⁺ ≤ half) ≥ 1/2 > level, so larger sums are never needed
    return _largest(signed_rank_counts(n, half), n, level)


@lru_cache(maxsize=256)
def signed_rank_counts(n: int, most: int | None = None) -> tuple[int, ...]:
    """How many of the 2ⁿ sets of the ranks 1 … n have each sum, from 0 to `most` (None: to the largest)."""
    most = n * (n + 1) // 2 if most is None else most
    subsets = [1] + [0] * most
    for rank in range(1, n + 1):
        for total in range(most, rank - 1, -1):
            subsets[total] += subsets[total - rank]
    return tuple(subsets)


@lru_cache(maxsize=256)
def sign_rank(n: int, level: float) -> int | None:
    """max{k: P(B ≤ k) ≤ level}, B Binomial(n, ½); None if there is no such k. Inverts the sign test."""
    return _largest((math.comb(n, k) for k in range(n + 1)), n, level)


def _largest(counts: Iterable[int], n: int, level: float) -> int | None:
    """The last k whose counts 0..k sum to at most level·2ⁿ; in integers, so that equality is exact."""
    allowed = math.floor(Fraction(level) * 2**n)
    total = 0
    for k, count in enumerate(counts):
        total += count
        if total > allowed:
            return k - 1 if k > 0 else None
    raise AssertionError("a level below 1/2 is always exceeded")


def _mean(values: Sequence[float], level: float, floor: float) -> Interval:
    mean, sd = mean_and_sd(values)
    half_width = half_width_factor(len(values), level) * max(sd, floor)
    return Interval(mean, mean - half_width, mean + half_width)


def _between(ordered: list[float], rank: int | None) -> Interval:
    """The interval from the rank-th smallest to the rank-th largest (counted from 0), around the median."""
    count = len(ordered)
    estimate = ordered[(count - 1) // 2] / 2 + ordered[count // 2] / 2
    if rank is None:
        return Interval(estimate, -math.inf, math.inf)
    return Interval(estimate, ordered[rank], ordered[-1 - rank])
