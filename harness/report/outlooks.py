"""What a run would decide at its budget, from the stored trials: margins of claims, ends of boundaries."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from harness.judge import BadValue, Outlook, effect_values, outlook, reach
from harness.measure import Laboratory, Measurement
from harness.plan import Case, Question, Trial
from harness.questions import LOOKS
from harness.report.words import effect, seconds_text

_StoredTrials = Mapping[Trial, Measurement]


def outlooks(cases: Sequence[Case], known: _StoredTrials, laboratory: Laboratory) -> list[str]:
    """A table of the claims about which enough is known, and one of the boundaries.

    `known` has the stored trials of claims; those of boundaries are read from the store.
    """
    return [table for table in (_claims(cases, known, laboratory), _boundaries(cases, laboratory)) if table]


@dataclass(frozen=True)
class _Seen:
    """The outlook of the instance's question that needs most seeds, and the seconds of one seed."""

    case: Case
    question: Question
    outlook: Outlook
    seconds: float | None

    @property
    def decided(self) -> bool:
        """Whether its budget is enough."""
        return self.outlook.seeds is not None and self.outlook.seeds <= self.question.budget


def _claims(cases: Sequence[Case], known: _StoredTrials, laboratory: Laboratory) -> str:
    """What the budget of each claim can decide, and how many seeds, by the instance that needs most."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        if case.search is None:
            claim = case.instance.claim
            groups.setdefault(f"{case.instance.suite}/{claim.id}", []).append(case)
    rows = []
    for name, members in groups.items():
        seen = [found for case in members if (found := _seen(case, known, laboratory)) is not None]
        if not seen:
            continue
        hard = max(seen, key=lambda each: each.outlook.seeds or LOOKS[-1] + 1)
        unit = hard.question.unit
        margin = hard.outlook.margin
        lacking = [each for each in seen if not each.decided]
        seeds = "–" if not lacking else str(hard.outlook.seeds or f"more than {LOOKS[-1]}")
        time = "–"
        if hard.seconds is not None and hard.outlook.seeds is not None:
            time = seconds_text(hard.outlook.seeds * hard.seconds / laboratory.workers)
        where = hard.case.instance.local_id.partition("[")[2].rstrip("]") or "–"
        rows.append(
            (
                name, f"{len(seen) - len(lacking)} of {len(seen)}", where, f"{hard.outlook.deviation:.2g}",
                "–" if margin is None else effect(margin, unit).lstrip("+"), seeds, time,
            )
        )  # fmt: skip
    headers = (
        "claim", "budget decides", "hardest at", "deviation", "its smallest margin", "seeds it needs", "time"
    )  # fmt: skip
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True) if rows else ""


def _seen(case: Case, known: _StoredTrials, laboratory: Laboratory) -> _Seen | None:
    """The part that needs most seeds; None if too little is known of a part of the instance."""
    found = []
    for question in case.questions:
        expected = outlook(question, _values(question, known))
        if expected is None:
            return None
        found.append((question, expected))
    question, expected = max(found, key=lambda each: each[1].seeds or LOOKS[-1] + 1)
    return _Seen(case, question, expected, _seconds(case, laboratory))


def _seconds(case: Case, laboratory: Laboratory) -> float | None:
    """The seconds that a seed of the instance takes, each trial once."""
    wanted: dict[Trial, set[str]] = {}
    for question in case.questions:
        for reading in question.effect.readings:
            wanted.setdefault(reading.trial(question.first_seed), set()).add(reading.quantity)
    total = 0.0
    for trial, quantities in wanted.items():
        took = laboratory.seconds_per_trial(trial.experiment, laboratory.stages_of(trial, quantities))
        if took is None:
            return None
        total += took
    return total


def _boundaries(cases: Sequence[Case], laboratory: Laboratory) -> str:
    """How near the ends of each boundary's interval can come at its budget; '' without boundaries."""
    rows = []
    for case in cases:
        if case.search is None:
            continue
        every = [trial for q in case.questions for trial in q.trials(q.seeds(q.budget))]
        known = laboratory.recall(every)
        seen = {place: _values(question, known) for place, question in enumerate(case.questions)}
        found = reach(case.search, case.questions, seen)
        asked = "–" if case.search.ratio is None else f"{case.search.ratio:g} x"
        budget = str(case.questions[0].budget)
        if found is None:
            rows.append((case.instance.id, asked, budget, "unknown", "unknown", "too little in the store"))
            continue
        needed = "–" if case.search.ratio is None else str(found.seeds or f"more than {LOOKS[-1]}")
        by = f"deviation {found.deviation:.2g}, slope {found.slope:.2g}"
        rows.append((case.instance.id, asked, budget, f"about {found.ratio:.2g} x", needed, by))
    headers = ("boundary", "asked", "budget", "reaches", "seeds for what is asked", "as seen in the store")
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True) if rows else ""


def _values(question: Question, known: _StoredTrials) -> list[float]:
    """The effects of the seeds about which everything is known that the question reads."""
    rows = []
    for seed in question.seeds(question.budget):
        made = [known.get(reading.trial(seed)) for reading in question.effect.readings]
        read = [
            measured.values[reading.quantity]
            for measured, reading in zip(made, question.effect.readings, strict=True)
            if measured is not None and reading.quantity in measured.values
        ]
        rows += [read] if len(read) == len(made) else []
    with contextlib.suppress(BadValue):  # the run will report it
        return effect_values(question.effect, rows)
    return []
