"""Is an experiment a function of its parameters and seed? One of its trials is measured twice, to see.

A *group* is what passes or fails together: the trials of an `[experiments.ID]` table that one *program*
(experiment, version, source, libraries, device, Python) computes. Of each group that a run reads and that
has not passed yet, one trial is *repeated*, in a worker that has run nothing:

1. Of the trials that a worker ran after others, the one that took the fewest seconds; of those that took
   the same, the one whose key comes first. A trial that was its worker's first is no evidence.
2. Where there is none, but trials changed the state of their workers, so that each worker was replaced: of
   these.
3. Where there is none of these either, nothing is repeated, and the group has not passed.

Where stages are measured apart, each of those that a run reads has to pass: as few trials are repeated as
have all of these, by the same rules. A stage that a later job needed and so computed again must agree with
what was kept of it; that costs nothing.

Trials that failed are left out. Both measurements must *agree* in every quantity, in what is missing and in
which stages failed (not in the words of a failure). On one model of processor and one device they agree to
the bit, the sign of zero included; any NaN agrees with any other. A group may declare a relative tolerance.
On different processors they agree as the numbers of two commits do (docs/history.md, *numeric*):
|a − b| ≤ max(1e-6·|v|, 0.01 s), v the larger of the two in size, s the standard deviation between seeds at
that point.

In: measurements. Out: which to repeat, and whether two agree.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from harness.declare import EXACTLY, Repeatable
from harness.measure.records import WHOLE, Measurement
from harness.questions import Trial, TrialParams
from harness.spelling import experiment_first
from harness.text import shortened

ROUNDING = 1e-6
"""The relative size of a difference that is rounding, between processors or versions of libraries."""
ROUNDING_SDS = 0.01
"""The same in standard deviations between seeds."""

REASON = "not a function of its parameters and seed"
"""Why the claims of an experiment that fails are errors."""

FALSE_DECLARATION = "a quantity that is declared `deterministic` is not the same on every seed"
"""Why the claims of an experiment whose declaration is false are errors."""

RecheckResult = Literal[
    "identical", "within-tolerance", "differs", "not-deterministic", "not-rechecked", "exempt"
]
FAILED: tuple[RecheckResult, ...] = ("differs", "not-deterministic")
"""Results that make errors of the claims that read the group."""


@dataclass(frozen=True)
class Group:
    """What passes or fails a recheck together; made by the campaign from a table of a suite.

    `fixed` are the parameters that no axis of the table sets, `program` that of its measurements.
    """

    experiment: str
    program: str
    fixed: TrialParams
    repeatable: Repeatable = EXACTLY
    name: str = field(default="", compare=False)
    """The name that people see: `suite/table`."""

    def holds(self, trial: Trial) -> bool:
        """Whether the trial, if this program computes it, is one of the group."""
        return trial.experiment == self.experiment and set(self.fixed) <= set(trial.params)

    @cached_property
    def key(self) -> str:
        """The digest under which it is kept that the group failed, or passed as a whole."""
        return self.key_of("")

    def key_of(self, stage: str) -> str:
        """The digest under which it is kept that a stage of the group passed; '' is the whole."""
        parts = [
            experiment_first(self.experiment),
            self.program,
            self.fixed,
            self.repeatable.tolerance,
            *([stage] if stage else []),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Recheck:
    """The result of a recheck; made by `Rechecker`. `trial` is None if none was repeated.

    `reason` says in what the measurements differ, why nothing was repeated, or why the group is exempt.
    `removed` is how many trials of the group were removed from the store, `seconds` the core-seconds that it
    took.
    """

    group: Group
    trial: Trial | None
    result: RecheckResult
    reason: str = ""
    seconds: float = 0.0
    removed: int = 0

    @property
    def note(self) -> str:
        """What a report must say beside the result; '' where there is nothing."""
        name = self.group.name or self.group.experiment
        if self.result == "not-rechecked":
            return f"experiment {name}: not rechecked: {self.reason}; the next run makes up for it"
        if self.removed:
            trials = f"{self.removed} of its trials were" if self.removed > 1 else "one of its trials was"
            return f"experiment {name}: {trials} removed from the store, as it is {REASON}"
        return ""


def choose(measurements: Iterable[Measurement]) -> Measurement | None:
    """The measurement of a group whose trial is to be repeated, by the rule above, if there is one."""
    return next((m for m, _ in cover(measurements, WHOLE, lambda measurement: WHOLE)), None)


def cover(
    measurements: Iterable[Measurement],
    stages: frozenset[str],
    stages_of: Callable[[Measurement], frozenset[str]],
) -> list[tuple[Measurement, frozenset[str]]]:
    """The measurements of a group whose trials are to be repeated, each with the stages for which it is, so
    that every one of the stages is repeated of which there is evidence."""
    whole = [m for m in measurements if m.status == "ok"]
    evidence = [m for m in whole if m.ordinal > 0] or [m for m in whole if m.changed]
    has = [(m, stages_of(m) & stages) for m in evidence]
    chosen: list[tuple[Measurement, frozenset[str]]] = []
    while has := [(m, left) for m, found in has if (left := found & stages)]:
        best, found = min(has, key=lambda pair: (-len(pair[1]), pair[0].seconds, pair[0].trial.key))
        chosen.append((best, found))
        stages -= found
    return chosen


def sample(recalled: Sequence[Measurement], share: float, salt: str) -> list[Measurement]:
    """The `share` of the measurements, but one at least, whose digests with `salt` are the smallest."""
    count = min(len(recalled), max(1, math.ceil(share * len(recalled))))
    return sorted(recalled, key=lambda m: hashlib.sha256(f"{salt} {m.fingerprint}".encode()).digest())[:count]


def deviations(measurements: Iterable[Measurement]) -> dict[str, float]:
    """The standard deviation between seeds of each quantity, from the measurements at one point."""
    numbers: dict[str, list[float]] = {}
    for measurement in measurements:
        for name, value in measurement.values.items():
            if math.isfinite(value):
                numbers.setdefault(name, []).append(value)
    return {name: _deviation(found) for name, found in numbers.items()}


def _deviation(numbers: Sequence[float]) -> float:
    try:
        return statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    except OverflowError:  # numbers of 1e200 and more
        return 0.0


def compare(
    first: Measurement,
    second: Measurement,
    tolerance: float,
    spread: Mapping[str, float],
    words: tuple[str, str] | None = None,
) -> tuple[RecheckResult, str]:
    """Whether two measurements of one trial agree, and if not, in what they differ.

    `first` succeeded; `second`, which may have more stages, was made in a worker that had run nothing, unless
    `words` say when each was made. `spread` has the deviations between seeds.
    """
    when, there = words or (_when(first), "in a worker that had run nothing")
    if second.status == "error":
        last = second.error.strip().splitlines()[-1:] or [""]
        return "differs", f"it gave numbers {when} and failed {there}: {shortened(last[0], 300)}"
    both = {stage.name for stage in first.stages} & {stage.name for stage in second.stages}
    failed, again = (
        {stage.name for stage in m.stages if stage.failure and stage.name in both} for m in (first, second)
    )
    names = (*first.values, *first.missing)
    result, text = compare_numbers(first, second, names, tolerance, spread, (when, there))
    if result != "differs" and failed != again:
        names = tuple(sorted(failed ^ again))
        return "differs", f"stages that failed only {when} or only {there}: {', '.join(names)}"
    return result, text


def compare_numbers(
    first: Measurement,
    second: Measurement,
    names: Iterable[str],
    tolerance: float,
    spread: Mapping[str, float],
    words: tuple[str, str],
) -> tuple[RecheckResult, str]:
    """Whether two measurements agree in these quantities; if not, which one differs, and how.

    `words` say when, or where, each was measured.
    """
    when, there = words
    result: RecheckResult = "identical"
    for name in names:
        how = _agreement(first, second, name, tolerance, spread.get(name, 0.0))
        if how == "differs":
            found = f"quantity {name} gave {_shown(first, name)} {when} and {_shown(second, name)} {there}"
            return "differs", found
        if how != "identical":
            result = how
    return result, ""


def _agreement(
    first: Measurement, second: Measurement, name: str, tolerance: float, deviation: float
) -> RecheckResult:
    if name not in first.values or name not in second.values:
        found = [(name in m.values, name in m.missing) for m in (first, second)]
        return "identical" if found[0] == found[1] else "differs"
    a, b = first.values[name], second.values[name]
    if struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b)):
        return "identical"
    if not (math.isfinite(a) and math.isfinite(b)):
        return "differs"
    size = max(abs(a), abs(b))
    if (first.cpu, first.device) != (second.cpu, second.device):
        allowed = max(max(tolerance, ROUNDING) * size, ROUNDING_SDS * deviation)
    elif tolerance:
        allowed = tolerance * size
    else:
        return "differs"
    return "within-tolerance" if abs(a - b) <= allowed else "differs"


def _when(measurement: Measurement) -> str:
    count = measurement.ordinal
    kept = ", as the store has it," if measurement.reused else ""
    if not count:
        return f"in a worker of its own{kept}"
    return f"after {count} other trial{'s' if count > 1 else ''} in one worker{kept}"


def _shown(measurement: Measurement, name: str) -> str:
    if name in measurement.values:
        return repr(measurement.values[name])
    return f"no number ({shortened(str(measurement.missing.get(name, 'it was not returned')), 200)})"
