"""Baselines of a run: readings of other code, and comparisons of whole suites with a baseline.

A claim with a `baseline` reads half of its numbers there. `with_baselines` puts what a run has resolved (a
full hash, a path) in place of the suite's text. A *comparison* is made for `--against`: for every quantity
that the cases read, at every point, whether it is no worse there (if it declares which values are better) or
equal. It is judged as a claim is, by the same rule and on the same seeds, but it belongs to no claim.
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
    """The case with each of its baselines replaced by what `resolve` gives for it."""
    if all(reading.baseline is None for q in (*case.questions, *case.control) for reading in _read(q)):
        return case
    questions = tuple(_resolved(question, resolve) for question in case.questions)
    control = tuple(_resolved(question, resolve) for question in case.control)
    return replace(case, questions=questions, control=control)


def baselines_of(cases: Iterable[Case]) -> list[Baseline]:
    """The baselines that the cases read, each once."""
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
    """One quantity at one point, compared with a baseline. Its `case` is judged beside those of the claims.

    If it says which values are `better`, it must be no worse there, else equal, within the `margin`. Without
    a margin, the comparison only shows whether it is the same.
    """

    reading: Reading
    case: Case
    better: Better
    margin: Margin | None

    @property
    def question(self) -> Question:
        """The question that it asks."""
        return self.case.questions[0]


def comparisons(cases: Sequence[Case], baseline: Baseline, within: Within) -> list[HeldQuantity]:
    """A comparison of each quantity that the cases read at each point, except timings and other baselines.

    It begins at the first seed of the first case that reads the quantity, and has the largest of their
    budgets, but at least the first look. For a boundary's points only the first is compared, because the
    others depend on measurements.
    """
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
    """Where the effect must lie: anywhere without a margin, so that only sameness is seen."""
    if margin is None:
        return Region()
    low = -math.inf if quantity.better == "lower" else -margin.size
    return Region(low, math.inf if quantity.better == "higher" else margin.size)


def nobodys(instance: Instance) -> Instance:
    """An instance for what belongs to no claim: of its experiment and limits, without source and control."""
    claim: Claim = replace(instance.claim, source=None)
    return replace(
        instance, claim=claim, expect="open", control=None, stance="none", alike=1, of=1, least=0, marks=()
    )
