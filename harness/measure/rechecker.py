"""Repeating trials in workers that have run nothing, and what comes of it; the rule is in `recheck`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.declare import find, signature_of
from harness.measure.protocol import Measurer
from harness.measure.recheck import REASON, Group, Recheck, choose, compare, deviations, sample
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

    `groups` has the measurements of each group that were read. `share` of those that the store recalled are
    repeated besides, chosen by `salt`.
    """

    def __init__(
        self,
        laboratory: Measurer,
        groups: Mapping[Group, Sequence[Measurement]],
        share: float = 0.0,
        salt: str = "",
    ) -> None:
        self._laboratory = laboratory
        self._groups = groups
        self._repeated: dict[Trial, Measurement] = {}
        passes = laboratory.passes
        open_ = [g for g in groups if not g.repeatable.because and not passes.failure(g)]
        chosen = {g: choose(groups[g]) for g in open_ if not passes.has(g)}
        self._decisive = {g: m.trial for g, m in chosen.items() if m is not None}
        """The trial by which a group passes that has not passed yet."""
        recalled = {m.trial: m for g in open_ for m in groups[g] if m.reused}
        sampled = sample(list(recalled.values()), share, salt) if share and recalled else []
        wanted = {*self._decisive.values(), *(m.trial for m in sampled)}
        self._pairs = [(g, m) for g in open_ for m in groups[g] if m.trial in wanted]
        """What is compared: each measurement that is to be repeated, for every group that it belongs to."""

    @property
    def trials(self) -> list[Trial]:
        """What is to be repeated."""
        return list(dict.fromkeys(measurement.trial for _, measurement in self._pairs))

    def request(self, limits: LimitsOf) -> None:
        """Have the laboratory repeat it."""
        for trial in self.trials:
            self._laboratory.repeat(trial, *limits(trial))

    def learn(self, measurements: Iterable[Measurement]) -> None:
        """Take what the laboratory has measured."""
        self._repeated.update((measurement.trial, measurement) for measurement in measurements)

    def results(self) -> tuple[Recheck, ...]:
        """The result of every recheck; what passed and what failed is remembered. Raises `StoreError`."""
        passes = self._laboratory.passes
        found = [self._compared(group, first) for group, first in self._pairs]
        failed = {recheck.group: recheck.reason for recheck in reversed(found) if recheck.result == "differs"}
        agreed = {(r.group, r.trial) for r in found if r.result in ("identical", "within-tolerance")}
        for group, trial in self._decisive.items():
            if (group, trial) in agreed and group not in failed:
                passes.keep(group, trial)
        for group, reason in failed.items():
            removed = passes.refuse(group, reason)
            place = next(i for i, r in enumerate(found) if r.group == group and r.result == "differs")
            found[place] = replace(found[place], removed=removed)
        return (*_seconds_once(found), *self._others(failed))

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
        others = (m for m in self._groups[group] if m.trial.params == trial.params)
        result, text = compare(first, second, group.repeatable.tolerance, deviations(others))
        reason = f"{REASON}: {_words(trial)}: {text}" if text else ""
        return Recheck(group, trial, result, reason, second.seconds)

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
