"""A record as a baseline: the numbers that it has for quantities, by seed.

It has them if the run that made it had `--quantities`. It also has those of its claims on one quantity
(`at-most`, `at-least`), whose effect is the quantity or its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.declare import Missing, Value, find, signature_of
from harness.history.baselines.resolve import BaselineError
from harness.measure import Measurement
from harness.questions import LOOKS, Baseline, Trial, TrialParams
from harness.report.files import read_record
from harness.report.record import InstanceRecord, Record

_Point = tuple[str, TrialParams]


@dataclass(frozen=True)
class RecordedNumbers:
    """The numbers of a record for each quantity at each point, by seed. `recorded_numbers` makes it."""

    file: str
    numbers: Mapping[_Point, Mapping[str, Mapping[int, float]]]
    _found: dict[tuple[str, TrialParams], Mapping[str, Mapping[int, float]] | None] = field(
        default_factory=dict
    )

    def at(self, trial: Trial) -> Mapping[str, Mapping[int, float]] | None:
        """The numbers at the trial's point; None if there are none.

        A parameter that the record does not know counts as its default.
        """
        point = (trial.experiment, trial.params)
        if point not in self._found:
            self._found[point] = self.numbers.get(point)
            if self._found[point] is None:
                known = {
                    name for run, params in self.numbers if run == trial.experiment for name, _ in params
                }
                kept = tuple(pair for pair in trial.params if pair[0] in known)
                if not_neutral(trial, known) is None:
                    self._found[point] = self.numbers.get((trial.experiment, kept))
        return self._found[point]

    def measurement(self, trial: Trial, quantities: Iterable[str]) -> Measurement:
        """What the record says about a trial; if it lacks a number, why, and what to do."""
        values: dict[str, float] = {}
        missing: dict[str, Missing] = {}
        there = self.at(trial)
        for name in quantities:
            by_seed = {} if there is None else there.get(name, {})
            if trial.seed in by_seed:
                values[name] = by_seed[trial.seed]
            else:
                missing[name] = Missing("failed", "", self._why(trial, name, by_seed))
        return Measurement(trial, "", "ok", values=values, missing=missing, reused=True)

    def seeds(self, trial: Trial, quantity: str) -> int:
        """The number of consecutive seeds that it has, from the trial's on."""
        there = self.at(trial)
        by_seed = {} if there is None else there.get(quantity, {})
        n = 0
        while trial.seed + n in by_seed:
            n += 1
        return n

    def _why(self, trial: Trial, name: str, by_seed: Mapping[int, float]) -> str:
        found = "nothing of it"
        if by_seed:
            found = f"{len(by_seed)} seeds from {min(by_seed)}"
        elif any(run == trial.experiment for run, _ in self.numbers):
            found = "others of its experiment"
        elif not self.numbers:
            found = "no quantities by seed"
        return (
            f"{self.file}: expected {name} of {trial.experiment} at this point, by seed, found {found}: make"
            " the record with `harness run --quantities`, or name a commit, `baseline = { commit = … }`"
        )


def enough_seeds(numbers: RecordedNumbers, trial: Trial, quantity: str, budget: int) -> int:
    """The largest budget for which the record has the seeds; `budget` if it lacks even the first."""
    has = numbers.seeds(trial, quantity)
    return max((look for look in LOOKS if look <= min(budget, has)), default=budget)


def not_neutral(trial: Trial, known: Iterable[str]) -> tuple[str, Value] | None:
    """The first parameter that others do not know and that differs from its default, or None."""
    names = set(known)
    given = {name: value for name, value in trial.params if name in names}
    signature = signature_of(find(trial.experiment), dict(trial.params))
    neutral = signature.settled(given)
    for name, value in trial.params:
        if name not in names and neutral.get(name, value) != value:
            return name, value
        if name not in names and name not in neutral:
            return name, value
    return None


def recorded_numbers(baseline: Baseline) -> RecordedNumbers:
    """The numbers of a record. Raises `RecordError` if the file is not a record."""
    record = read_record(Path(baseline.record))
    numbers: dict[_Point, dict[str, dict[int, float]]] = {}
    for (run, params, quantity), by_seed in (*_claimed(record), *_stored(record)):  # stored numbers come last
        numbers.setdefault((run, params), {}).setdefault(quantity, {}).update(by_seed)
    return RecordedNumbers(baseline.name or baseline.record, numbers)


def _stored(record: Record) -> Iterator[tuple[tuple[str, TrialParams, str], dict[int, float]]]:
    for each in record.quantities:
        key = (each.experiment, tuple(sorted(each.params.items())), each.quantity)
        yield key, dict(enumerate(each.values, each.first_seed))


def _claimed(record: Record) -> Iterator[tuple[tuple[str, TrialParams, str], dict[int, float]]]:
    for instance in record.instances:
        if not _is_of_one(instance):
            continue
        trials = instance.trials[0]  # the claim's own numbers; its control's and their quantities follow
        key = (trials.experiment, tuple(sorted(trials.params.items())), trials.quantities[0])
        numbers = map(math.exp, instance.values) if instance.unit == "log-value" else instance.values
        yield key, dict(enumerate(numbers, trials.first_seed))


def _is_of_one(instance: InstanceRecord) -> bool:
    """Whether the effect of the instance is one quantity at one point, or its logarithm."""
    plain = instance.unit in ("value", "log-value") and not instance.parts and instance.boundary is None
    return plain and bool(instance.trials) and bool(instance.trials[0].quantities)


def readable(baseline: Baseline) -> RecordedNumbers:
    """`recorded_numbers` for a baseline that must have some. Raises `BaselineError` and `RecordError`."""
    found = recorded_numbers(baseline)
    if not found.numbers:
        raise BaselineError(
            f"{found.file}: expected a record with quantities by seed, found none: make it with"
            " `harness run --quantities`, or name a commit, `baseline = { commit = … }`"
        )
    return found
