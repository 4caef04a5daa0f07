"""Repeating trials in workers that have run nothing, and what comes of it; the rule is in `recheck`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.declare import find, signature_of
from harness.measure.declared import DeclarationGuard
from harness.measure.protocol import Measurer
from harness.measure.recheck import REASON, Group, Recheck, compare, cover, deviations, sample
from harness.measure.records import Measurement
from harness.questions import Trial
from harness.text import shortened

OUT_OF_TIME = "the time budget was spent"

LimitsOf = Callable[[Trial], tuple[float, int | None]]
"""The seconds that a trial may take, and the bytes that its worker may hold."""


class Rechecker:
    """The rechecks of one campaign. Use it when nothing else is pending in the laboratory:

        rechecker = Rechecker(laboratory, groups, share, salt)
        rechecker.request(limits)
        while laboratory.pending:
            rechecker.learn(laboratory.collect(timeout))
        rechecks = rechecker.results()

    `groups` has the measurements of each group that were read, of the stages that were. `share` of those that
    the store recalled are repeated besides, chosen by `salt`; None: nothing is repeated, and the results are
    those of stages that were computed again and differ.
    """

    def __init__(
        self,
        laboratory: Measurer,
        groups: Mapping[Group, Sequence[Measurement]],
        share: float | None = 0.0,
        salt: str = "",
    ) -> None:
        self._laboratory = laboratory
        self._groups = groups
        self._share = share
        self._stage_of: dict[tuple[str, str], str] = {}
        self._stages_by_names: dict[tuple[str, ...], frozenset[str]] = {}
        self._repeated: dict[Trial, Measurement] = {}
        passes = laboratory.passes
        self._open = [g for g in groups if not g.repeatable.because and not passes.failure(g)]
        self._guard = DeclarationGuard(passes, groups if share is not None else {}, self._at)
        self._decisive: dict[Group, dict[Trial, frozenset[str]]] = {}
        """The trials by which stages of a group pass that have not passed yet."""
        self._stages: dict[Trial, frozenset[str]] = {}
        """What is to be repeated."""
        for group in self._open if share is not None else ():
            read = frozenset().union(*{self._stages_of(measurement) for measurement in groups[group]})
            read -= self._guard.covers(group)
            lacking = frozenset(stage for stage in read if not passes.has(group, stage))
            chosen = cover(groups[group], lacking, self._stages_of)
            self._decisive[group] = {m.trial: stages for m, stages in chosen}
            for measurement, stages in chosen:
                self._stages[measurement.trial] = self._stages.get(measurement.trial, frozenset()) | stages
        recalled = {m.trial: m for g in self._open for m in groups[g] if m.reused}
        for measurement in sample(list(recalled.values()), share, salt) if share and recalled else ():
            self._stages[measurement.trial] = self._stages_of(measurement)
        self._pairs = [(g, m) for g in self._open for m in groups[g] if m.trial in self._stages]
        """What is compared: each measurement that is to be repeated, for every group that it belongs to."""

    def _stages_of(self, measurement: Measurement) -> frozenset[str]:
        """The stages of which a measurement tells."""
        names = (measurement.trial.experiment, *measurement.values, *measurement.missing)
        found = self._stages_by_names.get(names)
        if found is None:
            found = frozenset(self._at(measurement, name) for name in names[1:])
            self._stages_by_names[names] = found
        return found

    def _at(self, measurement: Measurement, quantity: str) -> str:
        key = (measurement.trial.experiment, quantity)
        if key not in self._stage_of:
            (self._stage_of[key],) = self._laboratory.stages_of(measurement.trial, [quantity])
        return self._stage_of[key]

    def _only(self, measurement: Measurement, stages: frozenset[str]) -> Measurement:
        """The measurement without the quantities of other stages."""
        return replace(
            measurement,
            values={n: v for n, v in measurement.values.items() if self._at(measurement, n) in stages},
            missing={n: why for n, why in measurement.missing.items() if self._at(measurement, n) in stages},
        )

    @property
    def trials(self) -> list[Trial]:
        """What is to be repeated, or measured with another seed."""
        repeated = (measurement.trial for _, measurement in self._pairs)
        return list(dict.fromkeys([*repeated, *self._guard.wanted]))

    def request(self, limits: LimitsOf) -> None:
        """Have the laboratory repeat it."""
        wanted = {**self._stages, **self._guard.wanted}
        for trial in self.trials:
            self._laboratory.repeat(trial, *limits(trial), stages=wanted[trial])

    def learn(self, measurements: Iterable[Measurement]) -> None:
        """Take what the laboratory has measured."""
        self._repeated.update((measurement.trial, measurement) for measurement in measurements)

    def results(self) -> tuple[Recheck, ...]:
        """The result of every recheck; what passed and what failed is remembered. Raises `StoreError`."""
        passes = self._laboratory.passes
        guarded = self._guard.results(self._repeated)
        found = [self._compared(group, first) for group, first in self._pairs]
        found += [
            recheck for g in self._open for m in self._groups[g] if m.again for recheck in self._again(g, m)
        ]
        failed = {recheck.group: recheck.reason for recheck in reversed(found) if recheck.result == "differs"}
        agreed = {(r.group, r.trial) for r in found if r.result in ("identical", "within-tolerance")}
        for group, decisive in self._decisive.items():
            for trial, stages in decisive.items():
                if (group, trial) in agreed and group not in failed:
                    for stage in stages:
                        passes.keep(group, trial, stage)
        for group, reason in failed.items():
            removed = passes.refuse(group, reason)
            place = next(i for i, r in enumerate(found) if r.group == group and r.result == "differs")
            found[place] = replace(found[place], removed=removed)
        others = () if self._share is None else self._others(failed)
        return (*_seconds_once([*found, *guarded]), *others)

    def _compared(self, group: Group, first: Measurement) -> Recheck:
        trial, second = first.trial, self._repeated.get(first.trial)
        if second is None:
            return Recheck(group, trial, "not-rechecked", OUT_OF_TIME)
        reason = ""
        if second.edited:
            reason = "its source was edited during the run"
        elif second.stopped:
            reason = f"its worker was ended: {shortened(second.error, 300)}"
        if reason:
            return Recheck(group, trial, "not-rechecked", reason, second.seconds)
        first = self._only(first, self._stages[trial])
        result, text = compare(first, second, group.repeatable.tolerance, self._spread(group, trial))
        reason = f"{REASON}: {_words(trial)}: {text}" if text else ""
        return Recheck(group, trial, result, reason, second.seconds)

    def _again(self, group: Group, measurement: Measurement) -> Iterable[Recheck]:
        """A recheck that failed, if a stage that was computed again gave something else than before."""
        trial, again = measurement.trial, measurement.again
        assert again is not None
        tolerance, spread = group.repeatable.tolerance, self._spread(group, trial)
        for stage in sorted(self._stages_of(again)):
            first, second = (self._only(each, frozenset({stage})) for each in (measurement, again))
            words = ("before", "when it was computed again")
            result, text = compare(first, second, tolerance, spread, words)
            if result == "differs":
                reason = f"{REASON}: {_words(trial)}: stage {stage}: {text}"
                yield Recheck(group, trial, "differs", reason)
                return

    def _spread(self, group: Group, trial: Trial) -> dict[str, float]:
        return deviations(m for m in self._groups[group] if m.trial.params == trial.params)

    def _others(self, failed: Mapping[Group, str]) -> list[Recheck]:
        """The groups that failed before, and those that are exempt."""
        found = []
        for group in self._groups:
            earlier = self._laboratory.passes.failure(group)
            if group.repeatable.because:
                found.append(Recheck(group, None, "exempt", group.repeatable.because))
            elif earlier and group not in failed:
                # Again, for what has been measured since is kept.
                removed = self._laboratory.passes.refuse(group, earlier)
                found.append(Recheck(group, None, "differs", earlier, removed=removed))
        return found


def _seconds_once(rechecks: Sequence[Recheck]) -> list[Recheck]:
    """A trial that several groups share took its seconds once."""
    counted: set[Trial | None] = set()
    found = []
    for recheck in rechecks:
        found.append(replace(recheck, seconds=0.0) if recheck.trial in counted else recheck)
        counted.add(recheck.trial)
    return found


def _words(trial: Trial) -> str:
    """The trial, with the parameters that are not as declared: `my.module:f (width=64), seed 3`."""
    declared = signature_of(find(trial.experiment), dict(trial.params)).parameters
    defaults = {name: parameter.default for name, parameter in declared.items()}
    given = [f"{name}={value}" for name, value in trial.params if value != defaults.get(name)]
    shown = f" ({shortened(', '.join(given), 300)})" if given else ""
    return f"{trial.experiment}{shown}, seed {trial.seed}"
