"""Questions on their way to rulings: what each wants next, and when the cases that ask them are decided."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.campaign.finding import Finding
from harness.campaign.map_lines import MapLines, Turn
from harness.judge import (
    BadValue,
    PartAssessment,
    PartVerdict,
    Ruling,
    assess,
    assess_part,
    decide_rows,
    trace_search,
)
from harness.measure import Measurement
from harness.plan import Case, Question, Trial, TrialParams

Measurements = Mapping[Trial, Measurement]

Reads = tuple[str, TrialParams]
"""A point that is read: an experiment and its parameters."""


@dataclass(frozen=True)
class Limits:
    """The seconds and bytes that a trial may take (infinite: any)."""

    seconds: float = 0.0
    memory: float = 0.0

    def __or__(self, other: Limits) -> Limits:
        """The larger of each."""
        return Limits(max(self.seconds, other.seconds), max(self.memory, other.memory))

    @property
    def bytes(self) -> int | None:
        """The limit of memory in the form that a laboratory takes."""
        return None if self.memory == math.inf else int(self.memory)


@dataclass
class Enquiry:
    """A question on its way to a ruling."""

    question: Question
    limits: Limits
    ruling: Ruling
    error: str = ""
    covered: bool = True
    missing: set[Trial] = field(default_factory=set)
    """The trials for which its next look waits."""
    looks: int = 0
    """The number of completed looks."""
    asked: bool = False
    """Whether trials are measured for it. Of the points of a boundary only some are asked."""
    turn: Turn | None = None
    """Its turn among the points of a map."""

    def __post_init__(self) -> None:
        readings = self.question.effect.readings
        places: dict[object, int] = {}
        self._place = [
            places.setdefault((r.experiment, r.params, r.inputs, r.baseline), len(places)) for r in readings
        ]
        """For each reading, the place of its trial among those of a seed."""
        self._firsts = [readings[self._place.index(place)].trial(0) for place in range(len(places))]
        self._trials: dict[int, tuple[Trial, ...]] = {}
        self._rows: list[list[float]] = []  # the numbers of its first seeds, each read once
        self._known = 0  # the number of first seeds of which everything that it reads is known
        self._part: tuple[tuple[Ruling, str, bool], PartAssessment] | None = None
        self._read_at: dict[str, frozenset[str]] = {}  # by `Trial.stem`, which is quicker to look up
        self.reads: dict[Reads, frozenset[str]] = {}
        """What it reads: quantities of trials, by point."""
        for reading in self.question.effect.readings:
            point = (reading.experiment, reading.params)
            self.reads[point] = self.reads.get(point, frozenset()) | {reading.quantity}

    def trials_of(self, seed: int) -> tuple[Trial, ...]:
        """The trial of each of its question's readings, for a seed."""
        if seed not in self._trials:
            made = [first.at(seed) for first in self._firsts]
            self._trials[seed] = tuple([made[place] for place in self._place])
        return self._trials[seed]

    def reads_of(self, trial: Trial) -> frozenset[str]:
        """The quantities that it reads of the trials at a trial's point."""
        found = self._read_at.get(trial.stem)
        if found is None:
            found = self.reads.get((trial.experiment, trial.params), frozenset())
            self._read_at[trial.stem] = found
        return found

    def trial_at(self, point: Reads) -> Trial:
        """Its first trial at a point."""
        trials = self.trials_of(self.question.first_seed)
        return next(trial for trial in trials if (trial.experiment, trial.params) == point)

    @property
    def done(self) -> bool:
        return bool(self.error) or self.ruling.verdict is not None

    @property
    def verdict(self) -> PartVerdict | None:
        """The verdict of `part`; None while it is not done."""
        if self.error:
            return "error" if self.covered else "not-covered"
        return self.ruling.verdict

    @property
    def part(self) -> PartAssessment:
        """The question, and what was found about it. It is assessed once, unless more is found."""
        of = (self.ruling, self.error, self.covered)
        if self._part is None or self._part[0][0] is not self.ruling or self._part[0][1:] != of[1:]:
            found = assess_part(self.question, self.ruling, self.error, covered=self.covered)
            self._part = of, found
        return self._part[1]

    def unknown(self, known: Measurements) -> set[Trial]:
        """The unknown part of what the next look reads. What is known of a trial stays known."""
        found: set[Trial] = set()
        for seed in () if self.done else self.question.seeds(self.ruling.next_look or 0)[self._known :]:
            for reading, trial in zip(self.question.effect.readings, self.trials_of(seed), strict=True):
                measurement = known.get(trial)
                if measurement is None or not measurement.has(reading.quantity):
                    found.add(trial)
            self._known += not found
        return found

    def awaits(self, trial: Trial, known: Measurements) -> bool:
        """Whether the next look, which reads this trial, must know more of it."""
        measurement = known.get(trial)
        return measurement is None or not all(map(measurement.has, self.reads_of(trial)))

    def fails(self, first: Measurement, second: Measurement) -> str:
        """Why all seeds of a point must fail, if two have failed alike in what it reads; else ''."""
        for quantity in self.reads_of(first.trial):
            lost, again = first.lost(quantity), second.lost(quantity)
            if lost and again and lost.raised and lost.raised == again.raised:
                return lost.error
        return ""

    def judge(self, known: Measurements) -> None:
        """Rule on the complete rows so far.

        An error in a seed that a look needs becomes the claim's error.
        """
        question, rows = self.question, self._rows
        failure, covered = "", True
        for seed in question.seeds(self.ruling.next_look or 0)[len(rows) :]:
            row: list[float] = []
            for reading, trial in zip(question.effect.readings, self.trials_of(seed), strict=True):
                measurement = known.get(trial)
                if measurement is None or not measurement.has(reading.quantity):
                    return
                missing = measurement.lacks(reading.quantity)
                if missing:
                    of = "" if measurement.lost(reading.quantity) else f"{reading.quantity}: "
                    failure = f"seed {seed}: {of}{missing}"
                    covered = missing.kind != "not-covered"
                    break
                row.append(measurement.values[reading.quantity])
            if failure:
                break
            rows.append(row)
        self.looks += bool(rows)
        try:
            self.ruling = decide_rows(rows, question, self.ruling)
        except BadValue as error:
            seed = question.first_seed + error.seed
            found = f"expected {error.expected}, found {error.value!r}"
            self.error = f"seed {seed}: {error.quantity}: {found}"
            return
        if failure and self.ruling.verdict is None:
            self.error, self.covered = failure, covered


class Enquiries:
    """The enquiries of all cases, one for each distinct question.

    Each has the largest limits of the claims that ask it; `memory_limit`, in bytes, replaces the claims' own.
    Progress does not show the cases `also`.

    The questions of a conjunction are asked at once, and those of a search one after another, as each is
    settled. The cases at the places `later` ask nothing before their map begins (`begin_map`) or after it has
    ended (`end_map`).
    """

    def __init__(
        self,
        cases: Sequence[Case],
        memory_limit: int | None,
        also: Sequence[Case] = (),
        later: Collection[int] = (),
    ) -> None:
        self._told = len(cases)
        self._cases = cases = [*cases, *also]
        self._silent = set(later)  # the places of cases that ask nothing now
        self._lines: MapLines | None = None  # the lines of the map that is measured
        self._counted: dict[int, frozenset[Question]] = {}  # questions of cases that time has cut off
        self._by_question: dict[Question, Enquiry] = {}
        self._asked_by: list[set[Question]] = []  # what each case has asked
        self._awaited: list[set[Question]] = []  # and those of them that are not done
        self._askers: dict[Question, list[int]] = {}  # the places of the cases that ask a question
        self._settled: list[int] = []  # the places of the decided cases that were not reported yet
        self._asked: list[Enquiry] = []  # since the last call of `newly_asked`
        self.decided = 0
        """The number of reported cases whose questions are all done."""
        for place, case in enumerate(cases):
            claim = case.instance.claim
            limits = Limits(claim.time_limit, memory_limit or claim.memory_limit or math.inf)
            for question in dict.fromkeys((*case.questions, *case.control)):
                enquiry = self._by_question.get(question)
                if enquiry is None:
                    self._by_question[question] = Enquiry(question, limits, decide_rows((), question))
                else:
                    enquiry.limits |= limits
            self._asked_by.append(set())
            self._awaited.append(set())
            self._ask(place)

    def __iter__(self) -> Iterator[Enquiry]:
        return iter(self._by_question.values())

    def _ask(self, place: int) -> None:
        """Ask what the case wants now and has not asked."""
        if place in self._silent:
            return
        if self._lines is not None and place in self._lines:
            self._lines.update(place)
            for question, turn in self._lines.wanted(place):
                enquiry = self._by_question[question]
                enquiry.turn = turn if enquiry.turn is None else min(turn, enquiry.turn)
                self._ask_one(place, question)
            return
        case = self._cases[place]
        for search, questions in ((case.search, case.questions), (case.control_search, case.control)):
            if search is None:
                wanted = questions
            else:
                trail = trace_search(search, partial(self._verdict_at, questions))
                wanted = () if trail.wanted is None else (questions[trail.wanted],)
            for question in wanted:
                self._ask_one(place, question)

    def _ask_one(self, place: int, question: Question) -> None:
        if question in self._asked_by[place]:
            return
        self._asked_by[place].add(question)
        self._awaited[place].add(question)
        self._askers.setdefault(question, []).append(place)
        enquiry = self._by_question[question]
        if not enquiry.asked:
            enquiry.asked = True
            self._asked.append(enquiry)

    def _verdict_at(self, questions: Sequence[Question], place: int) -> PartVerdict | None:
        """The verdict on one of these questions; None if it has not been asked, or is not done."""
        return self._verdict_on(questions[place])

    def _verdict_on(self, question: Question) -> PartVerdict | None:
        return self._by_question[question].verdict

    def begin_map(self, places: Sequence[int]) -> None:
        """Let the cases of a map ask, in this order."""
        self._lines = MapLines(self._cases, places, self._verdict_on)
        for place in places:
            self._silent.discard(place)
            self._ask(place)
        self._tell(self._lines.newly_settled())

    def end_map(self) -> list[Enquiry]:
        """Let the map's cases ask no more, and forget what they have found beyond the frontier.

        Returns the open enquiries that no other case asks for.
        """
        assert self._lines is not None
        self._counted |= self._lines.unfinished()
        self._silent |= self._lines.unfinished().keys()
        self._lines = None
        ended = []
        for question, places in self._askers.items():
            enquiry = self._by_question[question]
            if enquiry.asked and not enquiry.done and self._silent.issuperset(places):
                enquiry.asked = False
                ended.append(enquiry)
        return ended

    @property
    def cut_off(self) -> Collection[int]:
        """The places of the cases of maps that time has cut off."""
        return self._counted.keys()

    def _tell(self, places: Iterable[int]) -> None:
        """Report these cases as decided."""
        for place in places:
            self.decided += 1
            self._settled.append(place)

    def newly_asked(self) -> list[Enquiry]:
        """The enquiries that have been asked since the last call."""
        found, self._asked = self._asked, []
        return found

    def settle(self, enquiry: Enquiry) -> None:
        """Count an enquiry that is done, once, and ask what follows from it."""
        for place in self._askers[enquiry.question]:
            self._awaited[place].discard(enquiry.question)
            self._ask(place)
            if not self._awaited[place] and place < self._told and not self._is_mapped(place):
                self._tell([place])
        if self._lines is not None:
            self._tell(self._lines.newly_settled())

    def _is_mapped(self, place: int) -> bool:
        """Whether a map says when the case is decided, or has said so."""
        return place in self._silent or (self._lines is not None and place in self._lines)

    def news(self) -> tuple[Finding, ...]:
        """The findings of the cases that were decided since the last call."""
        found = tuple(map(self._finding, self._settled))
        self._settled.clear()
        return found

    def readers(self) -> dict[Reads, list[Enquiry]]:
        """The enquiries that read each point."""
        found: dict[Reads, list[Enquiry]] = {}
        for enquiry in self:
            for point in enquiry.reads:
                found.setdefault(point, []).append(enquiry)
        return found

    def findings(self) -> list[Finding]:
        """The finding of each case."""
        return [self._finding(place) for place in range(self._told)]

    def findings_also(self) -> list[Finding]:
        """The findings of the cases that are not shown."""
        return [self._finding(place) for place in range(self._told, len(self._cases))]

    def _finding(self, place: int) -> Finding:
        case = self._cases[place]
        instance, source = case.instance, case.instance.claim.source
        counted = self._counted.get(place)
        assessment = assess(
            self._parts(case.questions, counted),
            self._parts(case.control, counted),
            expect=instance.expect,
            stance=instance.stance,
            scope=source.scope if source else None,
            alike=instance.alike,
            search=case.search,
            control_search=case.control_search,
            cells=instance.of,
        )
        return Finding(case, assessment)

    def _parts(
        self, questions: Iterable[Question], counted: Collection[Question] | None
    ) -> list[PartAssessment]:
        """What was found of each question. `counted` are those that were not cut off; None means all."""
        return [
            self._by_question[question].part
            if counted is None or question in counted
            else assess_part(question, decide_rows((), question))
            for question in questions
        ]
