"""What a run would measure, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from harness.measure import Laboratory
from harness.plan import Case, Closeness, Question, Trial
from harness.questions import LOOKS
from harness.report.words import seconds_text


def plan_text(cases: Sequence[Case], store: Path) -> str:
    """Per experiment: distinct trials at the first look and at the budget, in the store, and time left."""
    at_least, at_most = _trials(cases, first_look=True), _trials(cases, first_look=False)
    rows = []
    with Laboratory(store if store.exists() else None) as laboratory:
        known = laboratory.recall(at_most)
        for experiment in sorted({trial.experiment for trial in at_most}):
            least = [t for t in at_least if t.experiment == experiment]
            most = [t for t in at_most if t.experiment == experiment]
            each = laboratory.seconds_per_trial(experiment)
            times = [
                _time([t for t in trials if t not in known], each, laboratory.workers)
                for trials in (least, most)
            ]
            rows.append((experiment, len(least), len(most), sum(t in known for t in most), *times))
        workers = laboratory.workers
    headers = ("experiment", "trials at least", "at most", "in the store", "time at least", "at most")
    table = tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
    first = " and ".join(map(str, sorted({case.first_seed for case in cases})))
    return f"{len(cases)} instances, seeds from {first}, {workers} workers\n\n{table}"


def _time(trials: Sequence[Trial], each: float | None, workers: int) -> str:
    return "unknown" if each is None else seconds_text(each * len(trials) / workers)


def _trials(cases: Sequence[Case], *, first_look: bool) -> dict[Trial, None]:
    return {
        trial: None
        for case in cases
        for question in (*case.questions, *case.control)
        for trial in question.trials(question.seeds(_seeds(question, first_look)))
    }


def _seeds(question: Question, first_look: bool) -> int:
    if first_look and not isinstance(question.effect, Closeness):
        return max(LOOKS[0], question.least)
    return question.budget
