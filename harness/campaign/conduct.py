"""The loop: judge what is known, and measure what the next looks lack."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence

from harness.campaign.enquiries import Enquiries, Enquiry, Limits, Reads
from harness.campaign.findings import MapTime, Result
from harness.campaign.order import MeasuringOrder
from harness.campaign.progress import Progress, Tally
from harness.campaign.rechecks import groups_of, limits_of, narrowed, points_of, refuse
from harness.judge import load_quantiles
from harness.measure import FAILED, Measurement, Measurer, Recheck, Rechecker
from harness.plan import Case, MapOrder, Trial

PointReader = tuple[Enquiry, range, frozenset[str]]
"""A reader of a point, the seeds that it may read, and the quantities that it reads."""

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
    beside: Sequence[Case] = (),
    also: Sequence[Case] = (),
    maps: Sequence[MapOrder] = (),
) -> Result:
    """Measure what the cases need, and judge them.

    Each case begins at its own first seed. After `time_budget` seconds by the `clock` the running trials are
    ended and lost, and what needs more is *not run*. `memory_limit`, in bytes, applies to every trial,
    instead of the claims' own. `recheck` is the share of the stored trials that is measured again, in
    addition to one trial of each experiment that has not passed a recheck. `salt` chooses them. None rechecks
    nothing, except stages that had to be computed again. A measured trial also gives what the cases `beside`
    read of it. The cases `also` are measured and judged beside the others; progress does not mention them,
    and their findings come after those of the others. The cases of `maps` come after all others, one map
    after another, each in its own order and for its own time at most. KeyboardInterrupt is raised on; what
    was measured by then is in the laboratory's store.
    """
    campaign = _Campaign(cases, laboratory, time_budget, memory_limit, on_progress, clock, beside, also, maps)
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
        beside: Sequence[Case],
        also: Sequence[Case],
        maps: Sequence[MapOrder],
    ) -> None:
        self.cases = cases
        self.maps = maps
        self.laboratory = laboratory
        self.on_progress = on_progress
        self.clock = clock
        self.start = clock()
        self.end = self.start + time_budget
        self.known: dict[Trial, Measurement] = {}
        self.tally = Tally()
        mapped = {place for each in maps for place in each.places}
        self.enquiries = Enquiries(cases, memory_limit, also, mapped)
        self.readers: dict[Trial, list[Enquiry]] = {}  # the enquiries that wait for a trial
        self.reading = Enquiries(beside, memory_limit).readers()
        for point, readers in self.enquiries.readers().items():
            self.reading.setdefault(point, []).extend(readers)
        self.reading_at: dict[str, list[PointReader]] = {}  # the same, by `Trial.stem`
        self.order: MeasuringOrder | None = None  # made when something must be measured
        self.stages: dict[tuple[str, bool, frozenset[str]], frozenset[str]] = {}
        """The stages of quantities, by experiment, and by whether it is a baseline's."""

    def run(self, recheck: float | None, salt: str) -> Result:
        self._advance(self.enquiries.newly_asked())
        self.enquiries.news()  # the report already has what the store decided
        self.on_progress(self._progress())
        self._measure(self.end)
        times = tuple(map(self._draw, self.maps))
        rechecks = self._recheck(recheck, salt)
        findings, also = self.enquiries.findings(), self.enquiries.findings_also()
        return Result(findings, self.known, self._progress(), rechecks, also, times)

    def _draw(self, each: MapOrder) -> MapTime:
        """Measure the boundaries of a map, until all have been found or its time is over."""
        begun = self.clock()
        end = begun + each.seconds
        self.enquiries.begin_map(each.places)
        self._advance(self.enquiries.newly_asked())
        self.enquiries.news()  # as above
        self._measure(min(end, self.end))
        ended = self.enquiries.end_map()
        for enquiry in ended:  # nobody continues what this map had begun
            for trial in enquiry.missing:
                self.readers[trial] = [e for e in self.readers.get(trial, ()) if e is not enquiry]
        unfinished = sum(place in self.enquiries.cut_off for place in each.places)
        return MapTime(each.id, self.clock() - begun, unfinished, by_run=self.end <= end)

    def _measure(self, end: float) -> None:
        """Judge what the laboratory measures, until nothing is wanted or the time is over."""
        timeout = 0.0  # at first workers only start; what intervals need is loaded meanwhile
        while self.laboratory.pending:
            ready: list[Enquiry] = []
            for measurement in self.laboratory.collect(timeout):
                self._learn(measurement)
                ready += self._readers_of(measurement.trial)
            self._advance(ready)
            self.on_progress(self._progress())
            if self.clock() >= end:
                self.laboratory.abandon()
            elif not timeout and any(each.question.has_statistics for each in self.enquiries):
                load_quantiles()
            timeout = POLL

    def _readers_of(self, trial: Trial) -> list[Enquiry]:
        """The enquiries whose next look a measurement completes.

        Enquiries at whose point all seeds are now expected to fail are given up.
        """
        readers = self.readers.pop(trial, [])
        ready = []
        for enquiry in readers:
            if enquiry.done:
                continue
            always = self._fails_always(trial, enquiry)
            if always:
                self._give_up(enquiry, always)
            elif enquiry.awaits(trial, self.known):  # more of its stages will follow
                self.readers.setdefault(trial, []).append(enquiry)
            else:
                enquiry.missing.discard(trial)
                ready += [] if enquiry.missing else [enquiry]
        return ready

    def _advance(self, enquiries: Iterable[Enquiry]) -> None:
        """Judge what can be judged; read from the store, and then request, what the next looks lack."""
        open_ = [e for e in enquiries if not e.done]
        wanted: dict[Trial, Limits] = {}
        ranks: dict[str, tuple[float, ...]] = {}  # by `Trial.stem`
        while open_:
            for enquiry in open_:
                enquiry.judge(self.known)
                if enquiry.done:
                    self.enquiries.settle(enquiry)
            open_ = [*(e for e in open_ if not e.done), *self.enquiries.newly_asked()]
            for enquiry in open_:
                enquiry.missing = enquiry.unknown(self.known)
            lacking = dict.fromkeys(t for e in open_ for t in e.missing if t not in self.known)
            found = self.laboratory.recall(t for t in lacking if t not in wanted)
            for measurement in found.values():
                self._learn(measurement)
            for enquiry in open_:
                if found:
                    enquiry.missing = enquiry.unknown(self.known)
                for trial in enquiry.missing:
                    limits = wanted.get(trial)
                    wanted[trial] = enquiry.limits if limits is None else limits | enquiry.limits
                    self.readers.setdefault(trial, []).append(enquiry)
                for trial in {trial.stem: trial for trial in enquiry.missing}.values():
                    rank = enquiry.turn or self._rank((trial.experiment, trial.params), enquiry.looks)
                    ranks[trial.stem] = min(ranks.get(trial.stem, rank), rank)
            open_ = [e for e in open_ if not e.missing]

        def place(trial: Trial) -> tuple[tuple[float, ...], str, int]:
            """A sorting key: the trials of a point together, low seeds first."""
            return ranks[trial.stem], trial.stem, trial.seed

        for trial in sorted(wanted, key=place):
            limits, stages = wanted[trial], self._stages_of(trial)
            self.laboratory.request(
                trial, limits.seconds, limits.bytes, stages=stages, rank=ranks[trial.stem]
            )

    def _rank(self, point: Reads, looks: int) -> tuple[float, ...]:
        if self.order is None:
            self.order = MeasuringOrder(self.enquiries, self.laboratory)
        return self.order.rank(point, looks)

    def _stages_of(self, trial: Trial) -> frozenset[str]:
        """The stages that any undecided question may read of a trial, so that it is not requested again."""
        readings = self.reading_at.get(trial.stem)
        if readings is None:
            readers = self.reading[trial.experiment, trial.params]
            readings = [(e, e.question.seeds(e.question.budget), e.reads_of(trial)) for e in readers]
            self.reading_at[trial.stem] = readings
        reads = [names for e, seeds, names in readings if trial.seed in seeds and e.asked and not e.done]
        every = reads[0] if len(reads) == 1 else frozenset[str]().union(*reads)
        key = (trial.experiment, trial.baseline is None, every)
        if key not in self.stages:
            self.stages[key] = self.laboratory.stages_of(trial, every)
        return self.stages[key]

    def _fails_always(self, trial: Trial, enquiry: Enquiry) -> str:
        """What went wrong at the trial's point, if all seeds are expected to fail there; else ''.

        They are if the two lowest seeds of the enquiry failed in the same way in what it reads.
        """
        if self.known[trial].status != "error":
            return ""
        first_seed = enquiry.question.first_seed
        first, second = (self.known.get(trial.at(first_seed + k)) for k in range(2))
        error = enquiry.fails(first, second) if first is not None and second is not None else ""
        return error and f"seed {first_seed}: {error}"

    def _give_up(self, enquiry: Enquiry, error: str) -> None:
        """Make the enquiry an error before its look is complete, and withdraw trials that only it needs."""
        enquiry.error = error
        self.enquiries.settle(enquiry)
        alone = {t for t in enquiry.missing if all(e.done for e in self.readers.get(t, []))}
        for trial in alone:
            self.readers.pop(trial, None)
        self.laboratory.withdraw(alone)

    def _learn(self, measurement: Measurement) -> None:
        self.tally.count(measurement, self.known.get(measurement.trial))
        self.known[measurement.trial] = measurement

    def _recheck(self, share: float | None, salt: str) -> tuple[Recheck, ...]:
        """Measure some trials twice. Questions that read an experiment which fails become errors."""
        if share is None and not any(measurement.again for measurement in self.known.values()):
            return ()
        points = points_of(self.cases)
        own = {trial: found for trial, found in self.known.items() if trial.baseline is None}
        read = narrowed(own, self.enquiries.readers(), self.laboratory)
        rechecker = Rechecker(self.laboratory, groups_of(points, read), share, salt)
        if rechecker.trials and self.clock() < self.end:
            rechecker.request(limits_of(self.enquiries))
        while self.laboratory.pending:
            self.on_progress(self._progress(rechecking=True))
            rechecker.learn(self.laboratory.collect(timeout=POLL))
            if self.clock() >= self.end:
                self.laboratory.abandon()
        rechecks = rechecker.results()
        failed = {r.group: r.reason for r in rechecks if r.result in FAILED}
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
            news=self.enquiries.news(),
            running=tuple(self.laboratory.running),
        )
