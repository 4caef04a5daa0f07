"""Sequential p-values: the smallest alpha at which the seeds that were read would still give a verdict.

At a look the rule asks whether an interval at the level alpha/8 lies where the verdict needs it. The least
alpha for which it does is 8·p, where p is the one-sided p-value of the nearest edge; twice that for a verdict
outside of a region with two edges. The *sequential p-value* is the least of these over the looks so far. By
Bonferroni's inequality it is at most u with probability at most u if the verdict is wrong, at whichever look
one stops. It is at most alpha exactly if the rule has given the verdict at alpha.

The p-values invert the intervals of this package: Student's t, the exact signed-rank test, the sign test.
What keeps the rule from deciding keeps the p-value at 1: few distinct values. If values fall apart, the
median's p-value counts if it is larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from harness.judge.gaps import has_gap
from harness.judge.interval import mean_and_sd, signed_rank_counts, walsh_averages
from harness.judge.levels import Definite, shows_outside
from harness.judge.part import PartAssessment
from harness.judge.rule import too_few_distinct
from harness.questions import LOOKS, Centre, Linear, Question, Region


def sequential_p(
    values: Sequence[float], question: Question, verdict: Definite, bends: Sequence[float] = ()
) -> float:
    """The sequential p-value of this verdict on the question, from all complete looks at the values.

    `bends` are those of a power law. A question without statistics has 0 or 1.
    """
    looks = [n for n in LOOKS if question.least <= n <= len(values)]
    each = (p_at_look(values[:n], question, verdict, bends[:n]) for n in looks)
    return min(1.0, *(len(LOOKS) * p for p in each)) if looks else 1.0


def p_at_look(
    seen: Sequence[float], question: Question, verdict: Definite, bends: Sequence[float] = ()
) -> float:
    """The p-value of one look, which the rule compares with alpha/8."""
    assert isinstance(question.effect, Linear)
    outside = shows_outside(verdict, question)
    own = _p_of(seen, question.region, question.centre, question.effect.floor, outside=outside)
    straight = question.straight
    if straight is None:
        return own
    floor = straight.effect.floor
    within = Region(-straight.margin, straight.margin)
    if verdict == "refuted":
        return min(own, _p_of(bends, within, question.centre, floor, outside=True))
    if straight.shown is None:
        return own
    shown = Region(-straight.shown, straight.shown)
    return max(own, _p_of(bends, shown, question.centre, floor, outside=False))


def p_of_part(part: PartAssessment, verdict: Definite) -> float:
    """The sequential p-value of a verdict on one question, as it was judged."""
    if part.verdict not in ("supported", "refuted", "inconclusive"):
        return 1.0
    question = part.question
    if not question.has_statistics or part.ruling.same in ("identical", "rounding"):
        return float(part.verdict != verdict)
    if part.ruling.same == "constant":
        question = replace(question, centre="median")
    return sequential_p(part.ruling.values, question, verdict, part.bend.values if part.bend else ())


def p_of_parts(parts: Iterable[PartAssessment], verdict: Definite) -> float:
    """For a conjunction: all parts must be supported; to refute it one of k is enough, at α/k."""
    every = list(parts)
    each = [p_of_part(part, verdict) for part in every]
    if verdict == "supported":
        return max(each)
    return min(1.0, *(p * _share(part.question) for p, part in zip(each, every, strict=True)))


def _share(question: Question) -> float:
    """The factor by which the level at which a part refutes is smaller."""
    return question.alpha / question.alpha_refute if question.alpha_refute else 1.0


def _p_of(seen: Sequence[float], region: Region, centre: Centre, floor: float, *, outside: bool) -> float:
    """The p-value of the centre's lying inside the region, or outside of it."""
    if centre == "mean" and too_few_distinct(seen, floor):
        return 1.0
    found = _at_edges(seen, region, centre, floor, outside=outside)
    if centre == "mean" and has_gap(seen, floor):
        found = max(found, _at_edges(seen, region, "median", floor, outside=outside))
    return found


def _at_edges(seen: Sequence[float], region: Region, centre: Centre, floor: float, *, outside: bool) -> float:
    """The p-value at the edges. An interval that touches an edge is outside of the region, which is open."""
    turned = [-x for x in seen]
    edges = [edge for edge in (region.low, region.high) if math.isfinite(edge)]
    if not outside:
        above_low = _beyond(seen, region.low, centre, floor) if region.low in edges else 0.0
        below_high = _beyond(turned, -region.high, centre, floor) if region.high in edges else 0.0
        return max(above_low, below_high)
    below_low = _beyond(turned, -region.low, centre, floor, touching=True) if region.low in edges else 1.0
    above_high = _beyond(seen, region.high, centre, floor, touching=True) if region.high in edges else 1.0
    return min(1.0, len(edges) * min(below_low, above_high))


def _beyond(
    seen: Sequence[float], edge: float, centre: Centre, floor: float, *, touching: bool = False
) -> float:
    """The one-sided p-value of a centre above the edge: the least level at which its interval is above it.

    With `touching`, an interval that touches the edge counts too.
    """
    n = len(seen)

    def short(x: float) -> bool:
        return x < edge or (x == edge and not touching)

    if centre == "mean":
        from scipy.special import stdtr

        mean, sd = mean_and_sd(seen)
        deviation = max(sd, floor)
        if deviation == 0:
            return float(short(mean))
        return float(stdtr(n - 1, -(mean - edge) * math.sqrt(n) / deviation))
    if centre == "pseudomedian":
        return _tail(signed_rank_counts(n), n, sum(map(short, walsh_averages(seen))))
    return _tail(tuple(math.comb(n, k) for k in range(n + 1)), n, sum(map(short, seen)))


@lru_cache(maxsize=4096)
def _tail(counts: tuple[int, ...], n: int, k: int) -> float:
    """P(S ≤ k) for a statistic whose values 0, 1, … have these counts among 2ⁿ."""
    return float(Fraction(sum(counts[: k + 1]), 2**n))
