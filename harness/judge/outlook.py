"""What a budget can be expected to decide, from a few values that are known before a run.

The deviation between seeds gives the width of the interval at the budget: h = c_N·s. With the mean where it
is now, a region must then leave h between the mean and its edge. Six values give the deviation within a
third: it is a plan, not a promise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.advice import seeds_for
from harness.judge.interval import half_width_factor, mean_and_sd
from harness.judge.levels import level_of
from harness.questions import LOOKS, Linear, Question

LEAST_SEEN = 6
"""The least number of values. The standard deviation of fewer says too little for a plan."""


@dataclass(frozen=True)
class Outlook:
    """What is expected of a question, in units of x. `outlook` makes it.

    `margin` is the tightest that the budget supports: around the middle of a region, or the bound itself. It
    is None if an interval inside a region does not support the question (`differ`). `seeds` is the look at
    which the stated margin is decided, None if no look is enough.
    """

    deviation: float
    margin: float | None
    seeds: int | None


def outlook(question: Question, seen: Sequence[float]) -> Outlook | None:
    """The outlook of a question that a mean decides; None for other questions and for too few values."""
    if not question.has_statistics or question.centre != "mean" or len(seen) < LEAST_SEEN:
        return None
    assert isinstance(question.effect, Linear)
    mean, sd = mean_and_sd(seen)
    sd, region = max(sd, question.effect.floor), question.region
    half = half_width_factor(question.budget, level_of("supported", question)) * sd
    margin: float | None
    if region.low == -math.inf:
        margin = mean + half
    elif region.high == math.inf:
        margin = mean - half
    else:
        margin = abs(mean - (region.low + region.high) / 2) + half
    inside = region.low < mean < region.high
    level = level_of("supported" if inside != question.exchanged else "refuted", question)
    distance = min(abs(mean - region.low), abs(mean - region.high))
    needed = None if distance == 0 else seeds_for(sd, distance, level)
    looks = [look for look in LOOKS if look >= max(question.least, needed or math.inf)]
    return Outlook(sd, None if question.exchanged else margin, looks[0] if looks else None)
