"""What the seeds of a verdict may have missed."""

from __future__ import annotations

from harness.judge.rule import Ruling
from harness.questions import Closeness, Question
from harness.suite.unseen import leaves_open


def left_open(ruling: Ruling, question: Question) -> float | None:
    """The largest chance per seed of an event that the verdict's n seeds may all have missed, at its alpha.

    A mean is one of what was seen: an event that is rarer may move it anywhere. So it is with a pseudomedian,
    whose interval takes the values for symmetric, and with `exact` where it is supported: each of n seeds
    passed. None if nothing was decided, of a violation, which was seen, and of a median: its interval
    assumes nothing, so it allows for what was missed. None of what is the same on every seed.
    """
    if question.deterministic or ruling.verdict not in ("supported", "refuted"):
        return None
    if isinstance(question.effect, Closeness):
        return leaves_open(ruling.n, question.alpha) if ruling.estimate <= 1 else None
    return None if question.centre == "median" else leaves_open(ruling.n, question.alpha)
