"""What it would take to decide an inconclusive question."""

from __future__ import annotations

import math

from harness.judge.gaps import has_gap
from harness.judge.interval import half_width_factor, interval, mean_and_sd
from harness.judge.law import bend_as, exponent_of
from harness.judge.levels import level_of
from harness.judge.rule import Ruling, too_few_distinct
from harness.judge.straightness import holds
from harness.questions import LOOKS, Closeness, Linear, Question

MOST_SEEDS = 1_000_000
"""The most seeds that advice names, because nobody would follow advice to use more."""


def smallest_margin(ruling: Ruling, question: Question) -> float | None:
    """The edge of the tightest region of the question's shape that the interval supports, in units of x.

    For a region around a midpoint, it is the largest distance of the interval from it; for a one-sided region
    it is the bound itself. The region is open: any margin beyond this number is supported. For a mean whose
    values fall apart, the median's interval counts, too. None if the interval supports nothing: it is
    infinite, comes from too few distinct values, or the question is exact, exchanged (`differ` is not
    supported by an interval inside) or has no edge; or if a power law is curved, or is not shown to be as
    straight as it states.
    """
    straight = question.straight
    if straight is not None and ruling.bend is not None and not holds(ruling.bend, straight):
        return None
    effect = _effect(ruling, question)
    if question.exchanged or effect is None:
        return None
    bottom, top = ruling.low, ruling.high
    if question.centre == "mean" and has_gap(ruling.values, effect.floor):
        median = interval(ruling.values, "median", level_of("supported", question))
        bottom, top = min(bottom, median.low), max(top, median.high)
    low, high = question.region.low, question.region.high
    if low == -math.inf:
        margin = top if high < math.inf else math.nan
    elif high == math.inf:
        margin = bottom
    else:
        middle = low / 2 + high / 2
        margin = max(abs(bottom - middle), abs(top - middle))
    return margin if math.isfinite(margin) else None


def seeds_to_decision(ruling: Ruling, question: Question) -> int | None:
    """About how many seeds in all would decide, if estimate and spread stay as they are.

    For a mean, this is the smallest N with c_N·s/√N below the distance from the estimate to the nearest edge.
    If estimate and spread are the true ones, a look there decides every second time. If one noisy run among
    several was picked because its advice was cheap, the number is too low. For the other centres it is the
    approximation N = n·(h/d)², where d is that distance and h the interval's reach towards that edge: they
    too shrink as 1/√N. The level is that of the verdict to which the estimate points.

    None if it cannot be known: the estimate is on an edge, the interval is infinite or comes from too few
    distinct values, mean and median differ, the question is exact, or more than `MOST_SEEDS` are needed. For
    a decided question it is its own n.
    """
    if ruling.verdict in ("supported", "refuted"):
        return ruling.n
    if question.straight is not None and question.straight.shown is not None and ruling.bend is not None:
        return _of_a_straight_law(ruling, question)
    effect = _effect(ruling, question)
    if effect is None:
        return None
    region = question.region
    distance = min(abs(ruling.estimate - region.low), abs(ruling.estimate - region.high))
    if not 0 < distance < math.inf:
        return None
    inside = region.low < ruling.estimate < region.high
    level = level_of("supported" if inside != question.exchanged else "refuted", question)
    if question.centre == "mean":
        sd = max(mean_and_sd(ruling.values)[1], effect.floor)
        smallest = seeds_for(sd, distance, level)
        return smallest if smallest is not None and smallest > ruling.n else None
    found = interval(ruling.values, question.centre, level, effect.floor)
    upwards = abs(ruling.estimate - region.high) <= abs(ruling.estimate - region.low)
    reach = found.high - found.estimate if upwards else found.estimate - found.low
    seeds = max(float(LOOKS[0]), ruling.n * (reach / distance) ** 2)
    return math.ceil(seeds) if seeds <= MOST_SEEDS else None


def _of_a_straight_law(ruling: Ruling, question: Question) -> int | None:
    """The most seeds that exponent and bend need, if undecided, for a law that must be straight."""
    assert ruling.bend is not None
    needed = []
    if not (question.region.low < ruling.low <= ruling.high < question.region.high):
        needed.append(seeds_to_decision(*exponent_of(ruling, question)))
    if ruling.bend.state != "straight":
        needed.append(seeds_to_decision(*bend_as(None, ruling, question)))
    found = [seeds for seeds in needed if seeds is not None]
    return max(found) if found and len(found) == len(needed) else None


def _effect(ruling: Ruling, question: Question) -> Linear | None:
    """The question's effect, if its ruling comes from a meaningful interval; else None."""
    effect = question.effect
    if question.deterministic or isinstance(effect, Closeness) or ruling.n == 0:
        return None
    if question.centre == "mean" and too_few_distinct(ruling.values, effect.floor):
        return None
    return effect


def seeds_for(sd: float, distance: float, level: float) -> int | None:
    """The smallest N from the first look on whose half-width is below `distance`, by bisection."""

    def decides(n: int) -> bool:
        return half_width_factor(n, level) * sd < distance

    low, high = LOOKS[0], MOST_SEEDS
    if decides(low):
        return low
    if not decides(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high
