"""The loop between measuring and judging.

Every undecided question wants its next look. The distinct trials that the looks read are recalled from
the store or measured, each once; when a look is complete its question is judged, and is decided or wants
the next look. The order in which trials finish does not matter: a ruling is a function of the first n
seeds. In the end one trial of each experiment is measured twice (`harness.measure.recheck`); where the two
disagree, all claims that read the experiment are errors. In: the cases of the selected instances. Out: a
`Finding` for each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.judge import Assessment, BadValue, PartAssessment, Ruling, assess, assess_part, decide_rows
from harness.measure import Group, Laboratory, Measurement, Recheck, Rechecker, remarks
from harness.plan import Case, Params, Question, Trial, fixed
from harness.timing import PAIR

POLL = 0.25
"""Seconds between two reports of progress while nothing finishes."""


@dataclass(frozen=True)
class Finding:
    """What became of one instance."""

    case: Case
    assessment: Assessment


@dataclass(frozen=True)
class Progress:
    """How far a campaign is: trials of this run, and claims."""

    measured: int
    reused: int
    failed: int
    pending: int
    decided: int
    total: int
    elapsed: float
    remaining: float | None
    """Seconds until the trials that are asked for now are done; later looks may ask for more."""
    waiting: str = ""
    """What keeps trials from being started, who does, and how to go on; '' where nothing does."""
    notes: tuple[str, ...] = ()
    """What to say at once: the first time that a trial could not be kept, or cost its worker."""
    rechecking: int = 0
    """Trials that are to be measured a second time, when all others are done."""


@dataclass
class Result:
    """A finished campaign: a finding for each case, and every measurement that was read or made."""

    findings: list[Finding]
    measurements: dict[Trial, Measurement]
    progress: Progress
    rechecks: tuple[Recheck, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of measurements that were not kept or that changed their worker, and of
        experiments that were not rechecked, each once."""
        said = [m.note for m in self.measurements.values() if m.note]
        said += remarks(self.measurements.values())
        return tuple(dict.fromkeys([*said, *(r.note for r in self.rechecks if r.note)]))


@dataclass
class _Enquiry:
    """A question on its way to a ruling."""

    question: Question
    time_limit: float
    memory_limit: float
    ruling: Ruling
    error: str = ""
    covered: bool = True
    missing: set[Trial] = field(default_factory=set)

    @property
    def done(self) -> bool:
        return bool(self.error) or self.ruling.verdict is not None


def conduct(
    cases: Sequence[Case],
    laboratory: Laboratory,
    *,
    time_budget: float = math.inf,
    memory_limit: int | None = None,
    recheck: float | None = 0.0,
    salt: str = "",
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """Measure what the cases need, and judge them.

    Each case begins at its own first seed. After `time_budget` seconds the trials that still run
    are ended and lost, and what needs more is *not run*. `memory_limit`, in bytes, is that of every trial, in
    place of the claims' own. `recheck` is the share of the recalled trials that is measured again besides one
    trial of each experiment that has not passed a recheck, chosen by `salt`; None rechecks nothing.
    KeyboardInterrupt is raised on; what was measured by then is in the laboratory's store.
    """
    campaign = _Campaign(cases, laboratory, time_budget, memory_limit, on_progress)
    return campaign.run(recheck, salt)


class _Campaign:
    def __init__(
        self,
        cases: Sequence[Case],
        laboratory: Laboratory,
        time_budget: float,
        memory_limit: int | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.cases = cases
        self.laboratory = laboratory
        self.on_progress = on_progress
        self.known: dict[Trial, Measurement] = {}
        self.enquiries: dict[Question, _Enquiry] = {}
        self.readers: dict[Trial, list[_Enquiry]] = {}
        self.measured = self.reused = self.failed = 0
        self.notes: dict[str, None] = {}
        self.remarked: set[str] = set()  # experiments whose trials changed their worker
        self.seconds = 0.0
        self.start = time.monotonic()
        self.end = self.start + time_budget
        self.open: list[int] = []  # how many questions of each case are not decided
        self.askers: dict[Question, list[int]] = {}  # the places of the cases that ask a question
        self.decided = 0
        for place, case in enumerate(cases):
            asked = dict.fromkeys((*case.questions, *case.control))
            self.open.append(len(asked))
            for question in asked:
                self.askers.setdefault(question, []).append(place)
                limit = case.instance.claim.time_limit
                memory = memory_limit or case.instance.claim.memory_limit or math.inf
                enquiry = self.enquiries.get(question)
                if enquiry is None:
                    self.enquiries[question] = _Enquiry(question, limit, memory, decide_rows((), question))
                else:
                    enquiry.time_limit = max(enquiry.time_limit, limit)
                    enquiry.memory_limit = max(enquiry.memory_limit, memory)

    def run(self, recheck: float | None, salt: str) -> Result:
        self._advance(list(self.enquiries.values()))
        self.on_progress(self._progress())
        while self.laboratory.pending:
            ready: list[_Enquiry] = []
            for measurement in self.laboratory.collect(timeout=POLL):
                self._learn(measurement)
                readers = self.readers.pop(measurement.trial, [])
                firsts = {enquiry.question.first_seed for enquiry in readers}
                fails = {first: self._fails_always(measurement.trial, first) for first in firsts}
                for enquiry in readers:
                    enquiry.missing.discard(measurement.trial)
                    always = fails[enquiry.question.first_seed]
                    if always and not enquiry.done:
                        self._give_up(enquiry, always)
                    elif not enquiry.missing and not enquiry.done:
                        ready.append(enquiry)
            self._advance(ready)
            self.on_progress(self._progress())
            if time.monotonic() >= self.end:
                self.laboratory.abandon()
        rechecks = () if recheck is None else self._recheck(recheck, salt)
        findings = [self._finding(case) for case in self.cases]
        return Result(findings, self.known, self._progress(), rechecks)

    def _recheck(self, share: float, salt: str) -> tuple[Recheck, ...]:
        """Measure some trials twice; the questions that read an experiment which fails are errors."""
        points = self._points()
        groups: dict[tuple[str, str], Group] = {}
        read: dict[Group, list[Measurement]] = {}
        for trial, measurement in self.known.items():
            for table in points.get((trial.run, trial.params), ()):
                key = (table.name, measurement.program)
                if key not in groups:
                    groups[key] = replace(table, program=measurement.program)
                read.setdefault(groups[key], []).append(measurement)
        rechecker = Rechecker(self.laboratory, read, share, salt)
        if rechecker.trials and time.monotonic() < self.end:
            rechecker.request(self._limits())
        while self.laboratory.pending:
            self.on_progress(self._progress(rechecking=True))
            rechecker.learn(self.laboratory.collect(timeout=POLL))
            if time.monotonic() >= self.end:
                self.laboratory.abandon()
        rechecks = rechecker.results()
        failed = {r.group: r.reason for r in rechecks if r.result == "differs"}
        if failed:
            self._refuse(failed, points)
        return rechecks

    def _points(self) -> dict[tuple[str, Params], dict[Group, None]]:
        """The points that are read, with the tables that they belong to, as groups without a program.

        Those of timings are left out.
        """
        tables: dict[tuple[str, str], Group] = {}
        points: dict[tuple[str, Params], dict[Group, None]] = {}
        for case in self.cases:
            experiment, suite = case.instance.claim.experiment, case.instance.suite
            timed = experiment.declaration is not None and experiment.declaration.timed
            if case.instance.claim.benchmarks or timed:
                continue
            if (suite, experiment.id) not in tables:
                tables[suite, experiment.id] = Group(
                    experiment.run, "", fixed(experiment), experiment.repeatable, f"{suite}/{experiment.id}"
                )
            table = tables[suite, experiment.id]
            for question in (*case.questions, *case.control):
                for reading in question.effect.readings:
                    points.setdefault((reading.run, reading.params), {})[table] = None
        return points

    def _limits(self) -> Callable[[Trial], tuple[float, int | None]]:
        """The limits of a trial: the largest of those that the questions which read its point have."""
        limits: dict[tuple[str, Params], tuple[float, float]] = {}
        for enquiry in self.enquiries.values():
            for reading in enquiry.question.effect.readings:
                point = (reading.run, reading.params)
                seconds, memory = limits.get(point, (0.0, 0.0))
                limits[point] = max(seconds, enquiry.time_limit), max(memory, enquiry.memory_limit)

        def limit(trial: Trial) -> tuple[float, int | None]:
            seconds, memory = limits[trial.run, trial.params]
            return seconds, None if memory == math.inf else int(memory)

        return limit

    def _refuse(
        self, failed: Mapping[Group, str], points: Mapping[tuple[str, Params], Mapping[Group, None]]
    ) -> None:
        """Make errors of the questions that read a group which failed."""
        for enquiry in self.enquiries.values():
            for reading in enquiry.question.effect.readings:
                trial = reading.trial(enquiry.question.first_seed)
                if (trial.run, trial.params) not in points:
                    continue
                program = self.laboratory.program(trial)
                reasons = [r for g, r in failed.items() if g.program == program and g.holds(trial)]
                if reasons:
                    enquiry.error, enquiry.covered = reasons[0], True
                    break

    def _advance(self, enquiries: Iterable[_Enquiry]) -> None:
        """Judge what can be judged; recall, and then request, what the next looks lack."""
        open_ = [e for e in enquiries if not e.done]
        wanted: dict[Trial, tuple[float, float]] = {}
        while open_:
            for enquiry in open_:
                self._judge(enquiry)
                if enquiry.done:
                    self._settle(enquiry)
                enquiry.missing = {t for t in self._trials(enquiry) if t not in self.known}
            open_ = [e for e in open_ if not e.done]
            lacking = dict.fromkeys(t for e in open_ for t in e.missing if t not in wanted)
            for measurement in self.laboratory.recall(lacking).values():
                self._learn(measurement)
            for enquiry in open_:
                enquiry.missing = {t for t in enquiry.missing if t not in self.known}
                for trial in enquiry.missing:
                    seconds, memory = wanted.get(trial, (0.0, 0.0))
                    wanted[trial] = max(seconds, enquiry.time_limit), max(memory, enquiry.memory_limit)
                    self.readers.setdefault(trial, []).append(enquiry)
            open_ = [e for e in open_ if not e.missing]
        for trial in sorted(wanted, key=_together):
            seconds, memory = wanted[trial]
            self.laboratory.request(trial, seconds, None if memory == math.inf else int(memory))

    def _fails_always(self, trial: Trial, first_seed: int) -> str:
        """What went wrong at the trial's point, if the two lowest seeds, from `first_seed` on, failed in the
        same way: all others are then expected to do so; else ''."""
        first, second = (self.known.get(replace(trial, seed=first_seed + k)) for k in range(2))
        if first is None or second is None or not first.raised or first.raised != second.raised:
            return ""
        return f"seed {first_seed}: {first.error}"

    def _give_up(self, enquiry: _Enquiry, error: str) -> None:
        """Make it an error before its look is complete, and withdraw the trials that no other waits for."""
        enquiry.error = error
        self._settle(enquiry)
        alone = {t for t in enquiry.missing if all(e.done for e in self.readers.get(t, []))}
        for trial in alone:
            self.readers.pop(trial, None)
        self.laboratory.withdraw(alone)

    def _settle(self, enquiry: _Enquiry) -> None:
        """Count it, once: an enquiry that is done is not advanced again."""
        for place in self.askers[enquiry.question]:
            self.open[place] -= 1
            self.decided += not self.open[place]

    def _learn(self, measurement: Measurement) -> None:
        self.known[measurement.trial] = measurement
        if measurement.reused:
            self.reused += 1
        else:
            self.measured += 1
            self.failed += measurement.status == "error"
            self.seconds += measurement.seconds
        if measurement.note:
            self.notes[measurement.note] = None
        if measurement.trial.run not in self.remarked and (said := remarks([measurement])):
            self.remarked.add(measurement.trial.run)
            self.notes.update(dict.fromkeys(said))

    def _trials(self, enquiry: _Enquiry) -> list[Trial]:
        """The trials of the enquiry's next look."""
        n = enquiry.ruling.next_look or 0
        return [] if enquiry.done else enquiry.question.trials(enquiry.question.seeds(n))

    def _judge(self, enquiry: _Enquiry) -> None:
        """Rule on the complete rows at hand; an error in the seeds that a look needs is the claim's."""
        question = enquiry.question
        rows: list[list[float]] = []
        failure, covered = "", True
        for seed in question.seeds(enquiry.ruling.next_look or 0):
            row: list[float] = []
            for reading in question.effect.readings:
                measurement = self.known.get(reading.trial(seed))
                if measurement is None:
                    return
                missing = measurement.lacks(reading.quantity)
                if missing:
                    of = "" if measurement.status == "error" else f"{reading.quantity}: "
                    failure = f"seed {seed}: {of}{missing}"
                    covered = missing.kind != "not-covered"
                    break
                row.append(measurement.values[reading.quantity])
            if failure:
                break
            rows.append(row)
        try:
            enquiry.ruling = decide_rows(rows, question)
        except BadValue as error:
            seed = question.first_seed + error.seed
            found = f"expected {error.expected}, found {error.value!r}"
            enquiry.error = f"seed {seed}: {error.quantity}: {found}"
            return
        if failure and enquiry.ruling.verdict is None:
            enquiry.error, enquiry.covered = failure, covered

    def _finding(self, case: Case) -> Finding:
        instance, source = case.instance, case.instance.claim.source
        assessment = assess(
            [self._part(question) for question in case.questions],
            [self._part(question) for question in case.control],
            expect=instance.expect,
            stance=instance.stance,
            scope=source.scope if source else None,
            alike=instance.alike,
        )
        return Finding(case, assessment)

    def _part(self, question: Question) -> PartAssessment:
        enquiry = self.enquiries[question]
        return assess_part(question, enquiry.ruling, enquiry.error, covered=enquiry.covered)

    def _progress(self, *, rechecking: bool = False) -> Progress:
        pending = 0 if rechecking else self.laboratory.pending
        each = self.seconds / self.measured if self.measured else None
        return Progress(
            measured=self.measured,
            reused=self.reused,
            failed=self.failed,
            pending=pending,
            decided=self.decided,
            total=len(self.cases),
            elapsed=time.monotonic() - self.start,
            remaining=None if each is None else pending * each / self.laboratory.workers,
            waiting=self.laboratory.waiting,
            notes=tuple(self.notes),
            rechecking=self.laboratory.pending if rechecking else 0,
        )


def _together(trial: Trial) -> tuple[int, Params, str]:
    """Low seeds first, so that claims are decided early; equal points beside each other.

    Pairs of timings are gathered by what they time, which a worker prepares once for those in a row.
    """
    if trial.run == PAIR:
        return (0, trial.params, f"{trial.seed:012}")
    return (trial.seed, (), trial.key)


__all__ = ["Finding", "Progress", "Result", "conduct"]
