"""A laboratory whose trials of baselines are measured by the code of a commit, or read from a record."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.history.baselines.recorded import RecordedNumbers, readable
from harness.history.baselines.remembered import Remembered
from harness.history.baselines.there import AskedTrial, There
from harness.history.baselines.worktrees import CommitCode
from harness.measure import Laboratory, Measurement
from harness.measure.passes import Passes
from harness.measure.queue import USUAL, Rank
from harness.measure.running import RunningTrial
from harness.measure.stages import union
from harness.options import RunOptions
from harness.questions import Baseline, Trial


class WithBaselines:
    """A `Measurer` of the laboratory's own trials and of trials with a `baseline`. A context manager.

    Numbers of records are there at once. Trials of a commit wait until the laboratory has nothing left to do,
    and are then measured in one batch, which `waiting` names; `collect` lasts as long as the batch. So the
    two never compete for cores. `seconds` is how long the run may take.

    For a trial of a baseline the *stages* are the names of quantities, because the stages of another version
    are not known here.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        options: RunOptions,
        records: Mapping[Baseline, RecordedNumbers] | None = None,
        *,
        seconds: float = math.inf,
    ) -> None:
        self._own = laboratory
        self._foreseen: dict[Trial, AskedTrial] = {}
        self._options = options
        self._end = time.monotonic() + seconds
        self._open = contextlib.ExitStack()
        self._there: dict[Baseline, There] = {}
        self._records: dict[Baseline, RecordedNumbers] = dict(records or {})
        self._remembered: Remembered | None = None
        self._known: dict[Trial, Measurement] = {}
        self._queue: dict[Trial, AskedTrial] = {}
        self._finished: list[Measurement] = []
        self._announced = False
        self.measured: dict[Baseline, int] = {}
        """The number of trials that each commit has measured."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove worktrees, and close what was opened beside the laboratory."""
        self._open.close()
        if self._remembered is not None:
            self._remembered.close()
            self._remembered = None

    def foresee(self, asked: Iterable[AskedTrial]) -> None:
        """Accept trials that will be requested later.

        They are measured with the first batch of their commit, because each batch takes seconds to begin.
        """
        self._foreseen |= {each.trial: each for each in asked}

    def learn(self, records: Mapping[Baseline, RecordedNumbers]) -> None:
        """Accept records that have been read."""
        self._records |= records

    @property
    def workers(self) -> int:
        """As the laboratory's."""
        return self._own.workers

    @property
    def running(self) -> Sequence[RunningTrial]:
        """As the laboratory's."""
        return self._own.running

    @property
    def passes(self) -> Passes:
        """As the laboratory's: what a commit measures is not measured again."""
        return self._own.passes

    @property
    def pending(self) -> int:
        """The number of requested trials that `collect` has not yet returned."""
        return self._own.pending + len(self._queue) + len(self._finished)

    @property
    def waiting(self) -> str:
        """What keeps trials from starting: the commit whose code measures now."""
        if self._announced and self._queue:
            names = dict.fromkeys(trial.baseline.shown for trial in self._queue if trial.baseline)
            return f"{len(self._queue)} trials are measured by the code of {' and '.join(names)}"
        return self._own.waiting

    def program(self, trial: Trial) -> str:
        """As the laboratory's; for a baseline its name."""
        return self._own.program(trial) if trial.baseline is None else trial.baseline.shown

    def stages_of(self, trial: Trial, quantities: Iterable[str]) -> frozenset[str]:
        """As the laboratory's; for a baseline the quantities themselves."""
        return self._own.stages_of(trial, quantities) if trial.baseline is None else frozenset(quantities)

    def seconds_per_trial(self, run: str, stages: Iterable[str] | None = None) -> float | None:
        """As the laboratory's."""
        return self._own.seconds_per_trial(run, stages)

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """What the laboratory has stored, and what commits have measured before."""
        every = list(trials)
        found = self._own.recall(trial for trial in every if trial.baseline is None)
        elsewhere = [trial for trial in every if trial.baseline is not None]
        new = [t for t in elsewhere if t not in self._known and t.baseline and t.baseline.commit]
        if new:
            self._known |= self._memory().recall(new)
        return found | {trial: self._known[trial] for trial in elsewhere if trial in self._known}

    def request(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
        rank: Rank = USUAL,
    ) -> None:
        """Have quantities of a trial measured, or looked up."""
        if trial.baseline is None:
            self._own.request(trial, time_limit, memory_limit, stages=stages, rank=rank)
            return
        wanted = stages or frozenset()
        known = self._known.get(trial)
        if known is not None and all(map(known.has, wanted)):
            self._finished.append(known)
        elif trial.baseline.record:
            found = self.record(trial.baseline).measurement(trial, sorted(wanted))
            self._finish({trial: found}, [trial])
        else:
            asked = self._queue.get(trial, AskedTrial(trial, frozenset(), 0.0))
            limit = max(asked.time_limit, time_limit)
            self._queue[trial] = AskedTrial(trial, asked.quantities | wanted, limit)

    def repeat(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
    ) -> None:
        """As the laboratory's. Trials of a baseline are not repeated."""
        self._own.repeat(trial, time_limit, memory_limit, stages=stages)

    def collect(self, timeout: float) -> list[Measurement]:
        """The measurements that ended since the last call.

        Raises `BaselineError` if a commit's code cannot run.
        """
        if self._own.pending:
            found = self._own.collect(0.0 if self._finished else timeout)
        else:
            found = []
            if self._queue and self._announced:
                self._measure_elsewhere()
            self._announced = bool(self._queue)
        ended, self._finished = self._finished, []
        return found + ended

    def withdraw(self, trials: Collection[Trial]) -> None:
        """Drop those of the trials that have not begun."""
        self._own.withdraw([trial for trial in trials if trial.baseline is None])
        for trial in trials:
            self._queue.pop(trial, None)

    def abandon(self) -> None:
        """Drop all trials that have not ended."""
        self._own.abandon()
        self._queue.clear()
        self._finished.clear()

    def record(self, baseline: Baseline) -> RecordedNumbers:
        """The numbers of a record, read once. Raises `BaselineError` and `RecordError`."""
        if baseline not in self._records:
            self._records[baseline] = readable(baseline)
        return self._records[baseline]

    def _measure_elsewhere(self) -> None:
        """Measure what waits, one commit after another."""
        by_commit: dict[Baseline, list[AskedTrial]] = {}
        for trial, wanted in self._queue.items():
            assert trial.baseline is not None
            by_commit.setdefault(trial.baseline, []).append(wanted)
        self._queue.clear()
        for baseline, asked in by_commit.items():
            left = self._end - time.monotonic()
            if left <= 0:
                continue
            found = self._code_of(baseline).measure([*asked, *self._with(baseline, asked)], left)
            self.measured[baseline] = self.measured.get(baseline, 0) + len(found)
            self._memory().keep(found.values())
            self._finish(found, {each.trial for each in asked})

    def _with(self, baseline: Baseline, asked: Sequence[AskedTrial]) -> list[AskedTrial]:
        """The requested trials and those foreseen for the commit that are not known yet."""
        wanted = {each.trial for each in asked}
        found = [each for trial, each in self._foreseen.items() if trial.baseline == baseline]
        self._foreseen = {t: each for t, each in self._foreseen.items() if t.baseline != baseline}
        found = [each for each in found if each.trial not in wanted]
        known = self.recall(each.trial for each in found)
        return [each for each in found if each.trial not in known]

    def _finish(self, found: Mapping[Trial, Measurement], asked: Collection[Trial]) -> None:
        for trial, measurement in found.items():
            known = self._known.get(trial)
            joined = measurement if known is None else union((measurement, known))
            self._known[trial] = replace(joined, reused=True)  # it is not a trial of this run's own code
            if trial in asked:
                self._finished.append(self._known[trial])

    def _code_of(self, baseline: Baseline) -> There:
        if baseline not in self._there:
            code = CommitCode(Path(baseline.home), baseline.commit, baseline.shown)
            self._there[baseline] = There(self._open.enter_context(code), self._options)
        return self._there[baseline]

    def _memory(self) -> Remembered:
        if self._remembered is None:
            self._remembered = Remembered(self._options.store, lambda: self._own.device)
        return self._remembered


def baseline_notes(measured: Mapping[Baseline, int], libraries: Mapping[str, str]) -> list[str]:
    """How many trials each commit has measured, and with which libraries: today's, not those of its time."""
    names = ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))
    return [
        f"{count} trials measured by the code of {baseline.shown}, with today's libraries"
        + (f" ({names})" if names else "")
        for baseline, count in measured.items()
    ]
