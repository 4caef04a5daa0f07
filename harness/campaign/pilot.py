"""A pilot: a few seeds are measured and stored, so that a run can be planned from them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.enquiries import Limits
from harness.measure import Measurer
from harness.plan import Case, Question, Reading, Trial

PILOT_SEEDS = 6
"""The number of seeds. Fewer say too little about the deviation between seeds (`harness.judge.outlook`)."""
_POLL = 0.25


def measure_pilot(cases: Sequence[Case], laboratory: Measurer) -> int:
    """Measure the unknown first seeds of each case, except timings; return the number of trials.

    A run begins with the same seeds, so that nothing is measured in vain. For a boundary, three points are
    measured: the ends of its range and the middle, which give the slope.
    """
    wanted: dict[Trial, tuple[set[str], Limits]] = {}
    for case in cases:
        claim = case.instance.claim
        if claim.benchmarks is not None:
            continue
        limits = Limits(claim.time_limit, claim.memory_limit or float("inf"))
        for question in _asked(case):
            for seed in question.seeds(min(PILOT_SEEDS, question.budget)):
                for reading in filter(_is_own, question.effect.readings):
                    read, most = wanted.get(reading.trial(seed), (set(), Limits()))
                    wanted[reading.trial(seed)] = (read | {reading.quantity}, most | limits)
    known = laboratory.recall(wanted)
    lacking = [
        trial
        for trial, (read, _) in wanted.items()
        if trial not in known or not all(map(known[trial].has, read))
    ]
    for trial in lacking:
        read, limits = wanted[trial]
        laboratory.request(
            trial, limits.seconds, limits.bytes, stages=laboratory.stages_of(trial, read), rank=(0.0, 0.0)
        )
    while laboratory.pending:
        laboratory.collect(timeout=_POLL)
    return len(lacking)


def _is_own(reading: Reading) -> bool:
    """Whether this code measures it. A baseline's numbers are left to a run."""
    return reading.baseline is None


def _asked(case: Case) -> Sequence[Question]:
    if case.search is None:
        return case.questions
    last = len(case.questions) - 1
    return [case.questions[place] for place in sorted({0, last // 2, last})]
