"""The loop: what is known is judged, what the next looks lack is measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.campaign.enquiries import Enquiries, Enquiry, Limits
from harness.campaign.findings import Result
from harness.campaign.progress import Progress, Tally
from harness.campaign.rechecks import groups_of, limits_of, points_of, refuse
from harness.measure import Measurement, Measurer, Recheck, Rechecker
from harness.plan import Case, Trial, TrialParams
from harness.timing import PAIR

POLL = 0.25
"""Seconds between two reports of progress while nothing finishes."""


def conduct(
    cases: Sequence[Case],
    laboratory: Measurer,
    *,
    time_budget: float = math.inf,
    memory_limit: int | None = None,
    recheck: float | None = 0.0,
    salt: str = "",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Measure what the cases need, and judge them.

    Each case begins at its own first seed. After `time_budget` seconds by the `clock` the trials that still
    run are ended and lost, and what needs more is *not run*. `memory_limit`, in bytes, is that of every
    trial, in place of the claims' own. `recheck` is the share of the recalled trials that is measured again
    besides one trial of each experiment that has not passed a recheck, chosen by `salt`; None rechecks
    nothing.
    KeyboardInterrupt is raised on; what was measured by then is in the laboratory's store.
    """
    campaign = _Campaign(cases, laboratory, time_budget, memory_limit, on_progress, clock)
    return campaign.run(recheck, salt)


class _Campaign:
    def __init__(
        self,
        cases: Sequence[Case],
        laboratory: Measurer,
        time_budget: float,
        memory_limit: int | None,
        on_progress: Callable[[Progress], None],
        clock: Callable[[], float],
    ) -> None:
        self.cases = cases
        self.laboratory = laboratory
        self.on_progress = on_progress
        self.clock = clock
        self.start = clock()
        self.end = self.start + time_budget
        self.known: dict[Trial, Measurement] = {}
        self.tally = Tally()
        self.enquiries = Enquiries(cases, memory_limit)
        self.readers: dict[Trial, list[Enquiry]] = {}  # who waits for a trial

    def run(self, recheck: float | None, salt: str) -> Result:
        self._advance(self.enquiries)
        self.on_progress(self._progress())
        while self.laboratory.pending:
            ready: list[Enquiry] = []
            for measurement in self.laboratory.collect(timeout=POLL):
                self._learn(measurement)
                ready += self._readers_of(measurement.trial)
            self._advance(ready)
            self.on_progress(self._progress())
            if self.clock() >= self.end:
                self.laboratory.abandon()
        rechecks = () if recheck is None else self._recheck(recheck, salt)
        return Result(self.enquiries.findings(), self.known, self._progress(), rechecks)

    def _readers_of(self, trial: Trial) -> list[Enquiry]:
        """The enquiries whose next look a measurement completes; those at whose point all seeds are now
        expected to fail are given up."""
        readers = self.readers.pop(trial, [])
        firsts = {enquiry.question.first_seed for enquiry in readers}
        fails = {first: self._fails_always(trial, first) for first in firsts}
        ready = []
        for enquiry in readers:
            enquiry.missing.discard(trial)
            always = fails[enquiry.question.first_seed]
            if always and not enquiry.done:
                self._give_up(enquiry, always)
            elif not enquiry.missing and not enquiry.done:
                ready.append(enquiry)
        return ready

    def _advance(self, enquiries: Iterable[Enquiry]) -> None:
        """Judge what can be judged; recall, and then request, what the next looks lack."""
        open_ = [e for e in enquiries if not e.done]
        wanted: dict[Trial, Limits] = {}
        while open_:
            for enquiry in open_:
                enquiry.judge(self.known)
                if enquiry.done:
                    self.enquiries.settle(enquiry)
                enquiry.missing = {t for t in enquiry.trials() if t not in self.known}
            open_ = [e for e in open_ if not e.done]
            lacking = dict.fromkeys(t for e in open_ for t in e.missing if t not in wanted)
            for measurement in self.laboratory.recall(lacking).values():
                self._learn(measurement)
            for enquiry in open_:
                enquiry.missing = {t for t in enquiry.missing if t not in self.known}
                for trial in enquiry.missing:
                    wanted[trial] = wanted.get(trial, Limits()) | enquiry.limits
                    self.readers.setdefault(trial, []).append(enquiry)
            open_ = [e for e in open_ if not e.missing]
        for trial in sorted(wanted, key=_together):
            self.laboratory.request(trial, wanted[trial].seconds, wanted[trial].bytes)

    def _fails_always(self, trial: Trial, first_seed: int) -> str:
        """What went wrong at the trial's point, if the two lowest seeds, from `first_seed` on, failed in the
        same way: all others are then expected to do so; else ''."""
        first, second = (self.known.get(replace(trial, seed=first_seed + k)) for k in range(2))
        if first is None or second is None or not first.raised or first.raised != second.raised:
            return ""
        return f"seed {first_seed}: {first.error}"

    def _give_up(self, enquiry: Enquiry, error: str) -> None:
        """Make it an error before its look is complete, and withdraw the trials that no other waits for."""
        enquiry.error = error
        self.enquiries.settle(enquiry)
        alone = {t for t in enquiry.missing if all(e.done for e in self.readers.get(t, []))}
        for trial in alone:
            self.readers.pop(trial, None)
        self.laboratory.withdraw(alone)

    def _learn(self, measurement: Measurement) -> None:
        self.known[measurement.trial] = measurement
        self.tally.count(measurement)

    def _recheck(self, share: float, salt: str) -> tuple[Recheck, ...]:
        """Measure some trials twice; the questions that read an experiment which fails are errors."""
        points = points_of(self.cases)
        rechecker = Rechecker(self.laboratory, groups_of(points, self.known), share, salt)
        if rechecker.trials and self.clock() < self.end:
            rechecker.request(limits_of(self.enquiries))
        while self.laboratory.pending:
            self.on_progress(self._progress(rechecking=True))
            rechecker.learn(self.laboratory.collect(timeout=POLL))
            if self.clock() >= self.end:
                self.laboratory.abandon()
        rechecks = rechecker.results()
        failed = {r.group: r.reason for r in rechecks if r.result == "differs"}
        if failed:
            refuse(self.enquiries, failed, points, self.laboratory.program)
        return rechecks

    def _progress(self, *, rechecking: bool = False) -> Progress:
        pending = 0 if rechecking else self.laboratory.pending
        return Progress(
            measured=self.tally.measured,
            reused=self.tally.reused,
            failed=self.tally.failed,
            pending=pending,
            decided=self.enquiries.decided,
            total=len(self.cases),
            elapsed=self.clock() - self.start,
            remaining=self.tally.remaining(pending, self.laboratory.workers),
            waiting=self.laboratory.waiting,
            notes=self.tally.notes,
            rechecking=self.laboratory.pending if rechecking else 0,
        )


def _together(trial: Trial) -> tuple[int, TrialParams, str]:
    """Low seeds first, so that claims are decided early; equal points beside each other.

    Pairs of timings are gathered by what they time, which a worker prepares once for those in a row.
    """
    if trial.experiment == PAIR:
        return (0, trial.params, f"{trial.seed:012}")
    return (trial.seed, (), trial.key)
