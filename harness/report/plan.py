"""What a run would measure, as text."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from harness.measure import Laboratory
from harness.plan import Case, MapOrder, Question, Trial
from harness.questions import COMPUTED, LOOKS, MOST_POINTS
from harness.report.outlooks import outlooks
from harness.report.words import seconds_text


def plan_text(cases: Sequence[Case], store: Path, maps: Sequence[MapOrder] = ()) -> str:
    """Per experiment: distinct trials at the first look and at the budget, stored trials, and remaining time.

    It also says how near the ends of boundaries can come, and how much time maps get.
    """
    at_least, at_most = _trials(cases, first_look=True), _trials(cases, first_look=False)
    rows = []
    with Laboratory(store if store.exists() else None) as laboratory:
        kept = laboratory.recall(at_most)
        known = {t for t, m in kept.items() if all(map(m.has, at_most[t]))}
        for experiment in sorted({trial.experiment for trial in at_most}):
            least = [t for t in at_least if t.experiment == experiment]
            most = [t for t in at_most if t.experiment == experiment]
            times = [
                _time({t: each[t] for t in trials if t not in known}, laboratory)
                for trials, each in ((least, at_least), (most, at_most))
            ]
            rows.append((experiment, len(least), len(most), sum(t in known for t in most), *times))
        workers = laboratory.workers
        known_of = outlooks(cases, kept, laboratory)
    headers = ("experiment", "trials at least", "at most", "in the store", "time at least", "at most")
    table = tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
    head = f"{len(cases)} instances, {_seeds_text(cases)}, {workers} workers"
    return "\n\n".join([head, *known_of, *_maps(maps, cases), table])


def _maps(maps: Sequence[MapOrder], cases: Sequence[Case]) -> list[str]:
    """A table of the maps: the most points of their boundaries, and how long they may take."""
    rows = []
    for each in maps:
        searches = [
            search for place in each.places for search in (cases[place].search, cases[place].control_search)
        ]
        cells = sum(min(MOST_POINTS, len(search.at)) for search in searches if search is not None)
        time = "any" if each.seconds == math.inf else seconds_text(each.seconds)
        rows.append((each.id, len(each.places), cells, time))
    headers = ("map", "boundaries", "points at most", "time it is given")
    return [tabulate(rows, headers, tablefmt="simple", disable_numparse=True)] if rows else []


def _seeds_text(cases: Sequence[Case]) -> str:
    """Where seeds begin, and how many instances no seed decides."""
    firsts = sorted({case.first_seed for case in cases if case.sampled})
    computed = sum(case.computed for case in cases)
    said = [f"seeds from {' and '.join(map(str, firsts))}"] if firsts else []
    return ", ".join([f"{computed} of them {COMPUTED}", *said] if computed else said)


def _time(trials: Mapping[Trial, Collection[str]], laboratory: Laboratory) -> str:
    """How long the trials take, counting the stages of the quantities that are read."""
    each: dict[tuple[str, frozenset[str]], float | None] = {}
    total = 0.0
    for trial, quantities in trials.items():
        stages = laboratory.stages_of(trial, quantities)
        key = (trial.experiment, stages)
        if key not in each:
            each[key] = laboratory.seconds_per_trial(trial.experiment, stages)
        took = each[key]
        if took is None:
            return "unknown"
        total += took
    return seconds_text(total / laboratory.workers)


def _trials(cases: Sequence[Case], *, first_look: bool) -> dict[Trial, set[str]]:
    """The trials, each with the quantities that are read of it."""
    found: dict[Trial, set[str]] = {}
    for case in cases:
        for question in case.first_asked if first_look else case.dearest:
            for seed in question.seeds(_seeds(question, first_look)):
                for reading in question.effect.readings:
                    found.setdefault(reading.trial(seed), set()).add(reading.quantity)
    return found


def _seeds(question: Question, first_look: bool) -> int:
    if first_look and question.has_statistics:
        return max(LOOKS[0], question.least)
    return question.budget
