"""The benchmark `engine.judging`: from measured numbers to rulings."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Timed, benchmark
from harness.questions import Centre

FAR = 2.0
"""Deviations between a centre and the edge of its region: decided long before the budget ends."""


@benchmark(
    "engine.judging",
    version=2,
    about={
        "questions": "questions to rule on, half of them decided early, half never",
        "seeds": "the budget of each, one of the looks",
        "center": "the centre that they are about",
    },
)
def judging(
    *,
    questions: Annotated[int, Meta(ge=2, le=100_000)] = 20,
    seeds: Literal[14, 21, 32, 48, 72, 108, 162, 243] = 48,
    center: Centre = "mean",
) -> Timed:
    """Every look of every question, on normal numbers."""
    import math
    import random

    from harness.benchmarks._toy import RUN
    from harness.judge import Ruling, decide_rows
    from harness.plan import Linear, Question, Reading, Region

    effect = Linear((Reading(RUN, (), "x"),), (1.0,), "linear")
    question = Question("", effect, Region(-math.inf, 0.0), center, 0.001, 0.001, seeds)
    generators = [random.Random(number) for number in range(questions)]
    # Even ones lie inside the region; of odd ones the centre is its edge.
    rows = [
        [[generator.gauss(0.0 if number % 2 else -FAR, 1.0)] for _ in range(seeds)]
        for number, generator in enumerate(generators)
    ]

    def timed() -> list[Ruling]:
        return [decide_rows(each, question) for each in rows]

    wrong = [ruling.verdict for ruling in timed()[::2] if ruling.verdict == "refuted"]
    if wrong:
        raise ValueError(f"rulings: expected none against a centre inside the region, found {len(wrong)}")
    return timed
