"""What the seeds of a verdict may have missed."""

from __future__ import annotations

from harness.judge.rule import Ruling
from harness.questions import Closeness, Question
from harness.suite.unseen import leaves_open


def left_open(ruling: Ruling, question: Question) -> float | None:
    """The largest probability per seed of an event that all n seeds may have missed, at the verdict's alpha.

    A mean reflects only what was seen: a rarer event may move it by any amount. The same holds for a
    pseudomedian, whose interval assumes symmetric values, and for `exact` if it is supported: each of n seeds
    passed. None if nothing was decided, for a violation, which was seen, and for a median: its interval
    assumes nothing, so it allows for missed events. None also for values that are the same for every seed.
    """
    if question.deterministic or ruling.verdict not in ("supported", "refuted"):
        return None
    if isinstance(question.effect, Closeness):
        return leaves_open(ruling.n, question.alpha) if ruling.estimate <= 1 else None
    return None if question.centre == "median" else leaves_open(ruling.n, question.alpha)
