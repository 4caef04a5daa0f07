"""Baselines of a run: the readings of other code, and whole suites held against one.

A claim with a `baseline` reads half of its numbers there. `with_baselines` puts what a run has resolved (a
full hash, a path) instead of what the suite says. A *comparison* is made for `--against`: of every quantity
that the cases read, at every point, whether it is no worse there (where it declares which way is better) or
equal. It is judged as a claim is, by the same rule and on the same seeds, but it is nobody's claim.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.declare import Better, Quantity, Scale, find
from harness.plan.questions import Case
from harness.predicates.margin import Margin
from harness.predicates.within import Within
from harness.questions import LOOKS, Baseline, Closeness, Linear, Question, Reading, Region, Unit
from harness.suite.records import Claim, Instance

Resolve = Callable[[Baseline], Baseline]


def with_baselines(case: Case, resolve: Resolve) -> Case:
    """The case with what `resolve` makes of each baseline that it reads."""
    if all(reading.baseline is None for q in (*case.questions, *case.control) for reading in _read(q)):
        return case
    questions = tuple(_resolved(question, resolve) for question in case.questions)
    control = tuple(_resolved(question, resolve) for question in case.control)
    return replace(case, questions=questions, control=control)


def baselines_of(cases: Iterable[Case]) -> list[Baseline]:
    """Those that the cases read, each once."""
    questions = (q for case in cases for q in (*case.questions, *case.control))
    return list(dict.fromkeys(r.baseline for q in questions for r in _read(q) if r.baseline is not None))


def _resolved(question: Question, resolve: Resolve) -> Question:
    readings = tuple(
        reading if reading.baseline is None else replace(reading, baseline=resolve(reading.baseline))
        for reading in _read(question)
    )
    return replace(question, effect=replace(question.effect, readings=readings))


def _read(question: Question) -> tuple[Reading, ...]:
    return question.effect.readings


@dataclass(frozen=True)
class HeldQuantity:
    """One quantity at one point, held against a baseline; its `case` is judged beside those of the claims.

    It has to be no worse there where it says which way is `better`, else equal, within the `margin`; where
    it has none, it is only seen whether it is the same."""

    reading: Reading
    case: Case
    better: Better
    margin: Margin | None

    @property
    def question(self) -> Question:
        """The one that it asks."""
        return self.case.questions[0]


def comparisons(cases: Sequence[Case], baseline: Baseline, within: Within) -> list[HeldQuantity]:
    """A comparison of each quantity that the cases read at each point, timings and other baselines excepted.

    It begins at the first seed of the first case that reads it, and has the largest of their budgets, but at
    least the first look. Of a boundary's points the first is compared: the others follow from what is
    measured."""
    readers: dict[Reading, tuple[Case, Question, int]] = {}
    for case in cases:
        if case.instance.claim.benchmarks is not None:
            continue
        for question in case.first_asked:
            for reading in _read(question):
                if reading.baseline is None and not find(reading.experiment).timed:
                    first, asked, budget = readers.get(reading, (case, question, 0))
                    readers[reading] = (first, asked, max(budget, question.budget))
    return [
        _comparison(reading, case, question, budget, baseline, within)
        for reading, (case, question, budget) in readers.items()
    ]


def _comparison(
    reading: Reading, case: Case, asked: Question, budget: int, baseline: Baseline, within: Within
) -> HeldQuantity:
    quantity = find(reading.experiment).quantities[reading.quantity]
    margin = within.of(quantity.scale)
    effect = Linear(
        (reading, replace(reading, baseline=baseline)),
        (1.0, -1.0),
        quantity.scale,
        quantity.resolution * 2**0.5,
    )
    question = Question(
        name="",
        effect=effect,
        region=_region(quantity, margin),
        centre="mean" if isinstance(asked.effect, Closeness) else asked.centre,
        alpha=0.0 if quantity.deterministic else case.instance.claim.alpha,
        alpha_refute=0.0 if quantity.deterministic else case.instance.claim.alpha,
        budget=1 if quantity.deterministic else max(look for look in LOOKS if look <= max(budget, LOOKS[0])),
        first_seed=asked.first_seed,
        unit=_UNITS[quantity.scale],
        deterministic=quantity.deterministic,
    )
    return HeldQuantity(reading, Case(nobodys(case.instance), (question,), ()), quantity.better, margin)


_UNITS: dict[Scale, Unit] = {"log": "ratio", "linear": "difference"}


def _region(quantity: Quantity, margin: Margin | None) -> Region:
    """Where the effect must lie; anywhere without a margin, so that it is only seen whether it is the
    same."""
    if margin is None:
        return Region()
    low = -math.inf if quantity.better == "lower" else -margin.size
    return Region(low, math.inf if quantity.better == "higher" else margin.size)


def nobodys(instance: Instance) -> Instance:
    """An instance that stands for what is nobody's claim: of its experiment and limits, without source and
    control."""
    claim: Claim = replace(instance.claim, source=None)
    return replace(
        instance, claim=claim, expect="open", control=None, stance="none", alike=1, of=1, least=0, marks=()
    )
