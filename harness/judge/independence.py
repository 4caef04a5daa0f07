"""Whether the values of neighbouring seeds are alike: a test of what every interval assumes.

Intervals assume that seeds are independent. If an experiment lets neighbouring seeds share data or a state,
they are too narrow, and verdicts err several times as often as alpha (docs/verdicts.md). The *lag-one
correlation* of a claim's values shows the larger of such dependences. It leads to a note and never to a
verdict, because it misses other dependences.

The ranks of the values are correlated. Two outliers that happen to be neighbours correlate values by up to
1/2; ranks of independent seeds have one distribution, whatever that of the values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

LEAST_SEEDS = 21
"""The least number of seeds. With fewer, the normal approximation is off, and only a correlation of 0.7 would
be seen."""

NOTE_LEVEL = 0.001
"""The two-sided level. At most one of a thousand claims on independent seeds is noted: 0.3 on 21 seeds, 0.6
on 48, 1.0 on 243, as measured (tests/judge/error_rates.py)."""


def lag_one(values: Sequence[float]) -> float | None:
    """The correlation between the ranks of a seed's value and of the next seed's.

    None for fewer than `LEAST_SEEDS` values, and if ties leave fewer than half of them distinct, because
    ranks then have another distribution.
    """
    n = len(values)
    if n < LEAST_SEEDS or 2 * len(set(values)) < n:
        return None
    ranks = _centred_ranks(values)
    return sum(a * b for a, b in pairwise(ranks)) / sum(a * a for a in ranks)


def neighbours_alike(values: Sequence[float]) -> bool:
    """Whether the lag-one correlation is larger than independent seeds give.

    At most a share `NOTE_LEVEL` of claims on independent seeds exceeds it.
    """
    found = lag_one(values)
    if found is None:
        return False
    mean, sd = null_moments(_centred_ranks(values))
    return abs(found - mean) > NormalDist().inv_cdf(1 - NOTE_LEVEL / 2) * sd


def null_moments(centred: Sequence[float]) -> tuple[float, float]:
    """Mean and deviation of the lag-one correlation over all orders of at least four numbers of mean 0.

    Exact, as in Wald & Wolfowitz, "An exact test for randomness in the non-parametric case based on serial
    correlation", Ann. Math. Statist. 14 (1943): products of two, three and four different numbers have means
    that follow from the sums of squares and of fourth powers.
    """
    n = len(centred)
    square = math.fsum(x * x for x in centred)
    fourth = math.fsum(x**4 for x in centred) / square**2
    two = (1 - fourth) / (n * (n - 1))
    three = (2 * fourth - 1) / (n * (n - 1) * (n - 2))
    four = (3 - 6 * fourth) / (n * (n - 1) * (n - 2) * (n - 3))
    second = (n - 1) * two + 2 * (n - 2) * three + (n - 2) * (n - 3) * four
    return -1 / n, math.sqrt(second - 1 / n**2)


def _centred_ranks(values: Sequence[float]) -> list[float]:
    """Ranks minus their mean; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end - 1) / 2 - (len(values) - 1) / 2
        start = end
    return ranks
