"""The probability that a run on entirely fresh seeds reaches the same verdict.

A check is flaky if its verdict lies near the edge of its region. From the n seeds of a ruling with mean x̄
and standard deviation s, the mean of N fresh seeds is about x̄ + s·√(1/n + 1/N)·t, t Student's with n − 1
degrees of freedom: a frequentist prediction interval for normal numbers. The fresh run ends at its budget N
with an interval of half-width h = c_N·s, and is *supported* if that lies inside the region. Stopping earlier
is left out: it can only decide more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.judge.interval import half_width_factor, mean_and_sd
from harness.judge.law import bend_as, exponent_of
from harness.judge.levels import level_of
from harness.judge.rule import Ruling, too_few_distinct
from harness.questions import Closeness, Question

FRAGILE = 0.99
"""A verdict that is less reproducible than this is called fragile: one fresh run in a hundred differs."""

LEAST_SHOWN = 21
"""The least number of seeds for which a figure is shown. With fewer it would depend on an uncertain standard
deviation."""


def reproducibility(ruling: Ruling, question: Question) -> float | None:
    """The probability of the ruling's definite verdict in a run on fresh seeds with this budget.

    It decides whether a verdict is fragile; reports show a lower figure (`shown_reproducibility`). It assumes
    normal values, and knows nothing about events that these seeds missed.

    None if nothing was decided, or if the effect has no mean's interval: other centres, exact questions, too
    few distinct values, and values that no seed changes.
    """
    if question.deterministic or ruling.verdict not in ("supported", "refuted"):
        return None
    if isinstance(question.effect, Closeness):
        return None
    if question.straight is not None and ruling.bend is not None:
        return _of_a_law(ruling, question)
    if question.centre != "mean" or too_few_distinct(ruling.values, question.effect.floor):
        return None
    from scipy.special import stdtr

    n, budget = ruling.n, max(question.budget, ruling.n)
    mean, sd = mean_and_sd(ruling.values)
    sd = max(sd, question.effect.floor)
    spread = sd * math.sqrt(1 / n + 1 / budget)
    half = half_width_factor(budget, level_of(ruling.verdict, question)) * sd

    def below(x: float) -> float:
        """The probability that the fresh mean is below x."""
        if math.isinf(x) or spread == 0:
            return float(x > mean)
        return float(stdtr(n - 1, (x - mean) / spread))

    low, high = question.region.low, question.region.high
    inside = (ruling.verdict == "supported") != question.exchanged
    chance = below(high - half) - below(low + half) if inside else 1 - below(high + half) + below(low - half)
    return min(1.0, max(0.0, chance))


def _of_a_law(ruling: Ruling, question: Question) -> float | None:
    """For a power law with straightness: Bonferroni's bounds on what exponent and bend must both do."""
    assert question.straight is not None
    exponent = reproducibility(*exponent_of(ruling, question))
    curved = reproducibility(*bend_as("refuted", ruling, question))
    if ruling.verdict == "refuted":
        return max((chance for chance in (exponent, curved) if chance is not None), default=None)
    if question.straight.shown is not None:
        return all_reproduce([exponent, reproducibility(*bend_as("supported", ruling, question))])
    return None if exponent is None else max(0.0, exponent - (curved or 0.0))


def all_reproduce(chances: Sequence[float | None]) -> float | None:
    """A lower bound on the probability that all of several verdicts repeat; None if one is unknown.

    It uses Bonferroni's inequality, because the parts of a conjunction share their seeds.
    """
    missing = 0.0
    for chance in chances:
        if chance is None:
            return None
        missing += 1 - chance
    return max(0.0, 1 - missing)


def shown_reproducibility(chance: float | None, n: int) -> float | None:
    """The shown part of a probability from n seeds: at most n/(n + 1); None for fewer than `LEAST_SHOWN`.

    n seeds cannot show more, because they cannot tell that the next n + 1 are all like them.
    """
    if chance is None or n < LEAST_SHOWN:
        return None
    return min(chance, n / (n + 1))
