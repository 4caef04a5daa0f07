"""Is what an experiment declares `deterministic` the same on every seed? A second seed is measured, to see.

Of each group (`recheck`) that a run reads and whose declaration has not passed, and for each of its stages
that gives such a quantity: of the trials that were measured, the one that took the fewest seconds is measured
with another seed, in a worker that has run nothing. Both must agree in what is declared, to the bit, as two
measurements of one trial do. So this is a recheck of that trial, too: a stage of which everything is declared
so needs no other. Where a run has measured several seeds of a point anyway, these must agree as well, at no
cost.

In: the measurements of the groups. Out: which trials to measure, and whether the declarations are true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.declare import find
from harness.measure.passes import Passes
from harness.measure.recheck import FALSE_DECLARATION, Group, Recheck, RecheckResult, compare_numbers
from harness.measure.records import Measurement
from harness.questions import Trial, TrialParams
from harness.text import shortened

_STAGE = "deterministic"
"""What stands before a stage whose declaration passed: `deterministic kernels`."""


@dataclass(frozen=True)
class _Guarded:
    """A measurement, and the trial with another seed that is held against it for these stages."""

    group: Group
    first: Measurement
    other: Trial
    stages: frozenset[str]


class DeclarationGuard:
    """The guard of one campaign; `Rechecker` asks it.

    `groups` has the measurements of each group; `stage_of` says which stage of a trial gives a quantity.
    """

    def __init__(
        self,
        passes: Passes,
        groups: Mapping[Group, Sequence[Measurement]],
        stage_of: Callable[[Measurement, str], str],
    ) -> None:
        self._passes = passes
        self._deterministic: dict[str, frozenset[str]] = {}  # quantities, by experiment
        self._groups = {g: [m for m in found if self._declared(m)] for g, found in groups.items()}
        self._stage_of = stage_of
        self._guarded = [pair for group in self._groups for pair in self._chosen(group)]

    def covers(self, group: Group) -> frozenset[str]:
        """The stages of the group of which all that was read is declared to be the same on every seed."""
        found: dict[str, bool] = {}
        for measurement in self._groups.get(group, ()):
            declared = self._declared(measurement)
            for name in (*measurement.values, *measurement.missing):
                stage = self._stage_of(measurement, name)
                found[stage] = found.get(stage, True) and name in declared
        return frozenset(stage for stage, whole in found.items() if whole)

    @property
    def wanted(self) -> dict[Trial, frozenset[str]]:
        """The trials to measure, each in a worker that has run nothing, with their stages."""
        found: dict[Trial, frozenset[str]] = {}
        for pair in self._guarded:
            found[pair.other] = found.get(pair.other, frozenset()) | pair.stages
        return found

    def results(self, measured: Mapping[Trial, Measurement]) -> list[Recheck]:
        """The result for each trial, and for groups that other seeds refute; what passed is remembered.

        Raises `StoreError`.
        """
        found = [self._compared(pair, measured.get(pair.other)) for pair in self._guarded]
        failed = {recheck.group for recheck in found if recheck.result == "not-deterministic"}
        found += [recheck for group in self._groups if group not in failed for recheck in self._among(group)]
        failed |= {recheck.group for recheck in found if recheck.result == "not-deterministic"}
        for pair, recheck in zip(self._guarded, found, strict=False):
            if recheck.result in ("identical", "within-tolerance") and pair.group not in failed:
                for stage in pair.stages:
                    self._passes.keep(pair.group, pair.other, _key(stage))
        return found

    def _declared(self, measurement: Measurement) -> tuple[str, ...]:
        """Those of its quantities that are declared to be the same on every seed."""
        run = measurement.trial.experiment
        if run not in self._deterministic:
            quantities = find(run).quantities
            self._deterministic[run] = frozenset(
                name for name in quantities if quantities[name].deterministic
            )
        declared = self._deterministic[run]
        if not declared:
            return ()
        return tuple(name for name in (*measurement.values, *measurement.missing) if name in declared)

    def _chosen(self, group: Group) -> Iterable[_Guarded]:
        """For each stage whose declaration has not passed: the cheapest trial, with an unread seed."""
        measurements = [m for m in self._groups[group] if m.status == "ok"]
        lacking: dict[str, list[Measurement]] = {}
        for measurement in measurements:
            for stage in self._stages(measurement):
                lacking.setdefault(stage, []).append(measurement)
        stages: dict[Trial, set[str]] = {}
        first: dict[Trial, Measurement] = {}
        for stage, having in lacking.items():
            if not self._passes.has(group, _key(stage)):
                best = min(having, key=lambda m: (m.seconds, m.trial.key))
                stages.setdefault(best.trial, set()).add(stage)
                first[best.trial] = best
        read = {m.trial for m in measurements}
        for trial, wanted in stages.items():
            seed = trial.seed + 1
            while trial.at(seed) in read:
                seed += 1
            yield _Guarded(group, first[trial], trial.at(seed), frozenset(wanted))

    def _stages(self, measurement: Measurement) -> frozenset[str]:
        return frozenset(self._stage_of(measurement, name) for name in self._declared(measurement))

    def _compared(self, pair: _Guarded, second: Measurement | None) -> Recheck:
        group, other = pair.group, pair.other
        if second is None:
            return Recheck(group, other, "not-rechecked", "the time budget was spent")
        if second.edited or second.stopped:
            why = "its source was edited during the run"
            if second.stopped:
                why = f"its worker was ended: {shortened(second.error, 300)}"
            return Recheck(group, other, "not-rechecked", why, second.seconds)
        first = pair.first
        names = [n for n in self._declared(first) if self._stage_of(first, n) in pair.stages]
        return _agree(group, first, second, names)

    def _among(self, group: Group) -> Iterable[Recheck]:
        """Seeds of one point that were measured anyway, where they do not agree; the first such pair."""
        firsts: dict[TrialParams, Measurement] = {}
        for measurement in sorted(self._groups[group], key=lambda m: m.trial.seed):
            first = firsts.setdefault(measurement.trial.params, measurement)
            if first is measurement or "error" in (first.status, measurement.status):
                continue
            both = [n for n in self._declared(first) if measurement.has(n)]
            recheck = _agree(group, first, measurement, both)
            if recheck.result == "not-deterministic":
                yield recheck
                return


def _key(stage: str) -> str:
    return f"{_STAGE} {stage}".strip()


def _agree(group: Group, first: Measurement, second: Measurement, names: Sequence[str]) -> Recheck:
    """Whether two seeds of a point agree in these quantities."""
    words = (f"with seed {first.trial.seed}", f"with seed {second.trial.seed}")
    if second.status == "error":
        last = second.error.strip().splitlines()[-1:] or [""]
        text = f"it gave numbers {words[0]} and failed {words[1]}: {shortened(last[0], 300)}"
        result: RecheckResult = "differs"
    else:
        result, text = compare_numbers(first, second, names, group.repeatable.tolerance, {}, words)
    trial = second.trial
    if result != "differs":
        return Recheck(group, trial, result, "", second.seconds)
    reason = f"{FALSE_DECLARATION}: {trial.experiment}: {text}"
    return Recheck(group, trial, "not-deterministic", reason, second.seconds)
