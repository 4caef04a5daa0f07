"""Splits the question of a power law with straightness into those of its exponent and of its bend."""

from __future__ import annotations

from dataclasses import replace

from harness.judge.levels import Definite
from harness.judge.rule import Ruling
from harness.questions import Question, Region


def exponent_of(ruling: Ruling, question: Question) -> tuple[Ruling, Question]:
    """What the seeds say about the exponent alone, as a question without straightness."""
    return replace(ruling, bend=None), replace(question, straight=None)


def bend_as(verdict: Definite | None, ruling: Ruling, question: Question) -> tuple[Ruling, Question]:
    """What the seeds say about the bend, as a question of its own.

    The region for *supported*, or for no verdict, is the one within which straightness must be shown.
    """
    straight, bend = question.straight, ruling.bend
    assert straight is not None
    assert bend is not None
    edge = straight.margin if verdict == "refuted" or straight.shown is None else straight.shown
    alone = replace(question, effect=straight.effect, region=Region(-edge, edge), straight=None)
    seen = replace(
        ruling,
        verdict=verdict,
        estimate=bend.estimate,
        low=bend.low,
        high=bend.high,
        values=bend.values,
        bend=None,
    )
    return seen, alone
