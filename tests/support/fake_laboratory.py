"""A laboratory without processes, disks and clocks: it measures in this process, in any order.

It stands where `harness.measure.Laboratory` stands (`Measurer`). What it has kept, `store`, can be given to
the next one, as a store on disk would be.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.declare import collect_stages, find
from harness.measure import Measurement
from harness.measure.measured import added
from harness.measure.passes import Passes
from harness.measure.queue import USUAL, Rank
from harness.measure.records import WHOLE, Stage
from harness.measure.running import RunningTrial
from harness.measure.stages import known_stages, only
from harness.measure.worker import call, described_error, sort_out
from harness.questions import Trial

Give = Callable[[Trial], Measurement]

KILLED = "the worker exited with code 7; its log is empty"


def measured(trial: Trial) -> Measurement:
    """What the trial's experiment gives when it is called here, all stages of it."""
    declaration = find(trial.experiment)
    every = frozenset(declaration.stages)
    about = Measurement(trial, trial.key, "ok", seconds=1.0, program=trial.experiment, cpu="fake")
    with collect_stages() as stages:
        try:
            returned = call(declaration, [trial], every)
        except Exception as exception:
            error, raised, trace = described_error(exception)
            return replace(about, status="error", error=error, raised=raised, trace=trace)
    values, missing, error = sort_out(declaration, returned, stages, every)
    if error:
        return replace(about, status="error", error=error, raised=f"returned: {error}")
    kept = tuple(Stage(report.name, report.seconds, report.failure) for report in stages)
    return replace(about, values=values, missing=missing, stages=kept)


def killed(trial: Trial) -> Measurement:
    """What is left of a trial whose worker died."""
    return Measurement(
        trial, trial.key, "error", error=KILLED, seconds=1.0, program=trial.experiment, cpu="fake"
    )


@dataclass
class FakeLaboratory:
    """At most `workers` trials run at once; which of them end, and how many at a time, `order` says.

    Each takes `seconds` of the laboratory's own time, `now`; where none ends, the time of the poll passes.
    Ctrl-C comes at the calls of `collect` that `interruptions` count, from 0.
    """

    give: Give = measured
    workers: int = 1
    order: random.Random = field(default_factory=lambda: random.Random(0))
    store: dict[Trial, Measurement] = field(default_factory=dict)
    seconds: float = 1.0
    interruptions: Collection[int] = ()
    again: Give | None = None
    """What a trial gives when it is repeated; None: what it gives at first."""
    waiting: str = ""
    running: Sequence[RunningTrial] = ()
    passes: Passes = field(default_factory=lambda: Passes(None))
    now: float = 0.0
    begun: list[Trial] = field(default_factory=list)
    limits: dict[Trial, tuple[float, int | None]] = field(default_factory=dict)
    withdrawn: set[Trial] = field(default_factory=set)
    repeated: list[Trial] = field(default_factory=list)
    polls: int = 0

    def __post_init__(self) -> None:
        self._queue: list[tuple[Trial, bool]] = []
        self._running: list[tuple[Trial, bool]] = []
        self._ranks: dict[Trial, Rank] = {}
        self.stages: dict[Trial, frozenset[str]] = {}  # that were asked for
        self._known: dict[Trial, Measurement] = {}
        self._finished: list[Measurement] = []

    def clock(self) -> float:
        """Its own time, in seconds."""
        return self.now

    @property
    def pending(self) -> int:
        return len(self._queue) + len(self._running) + len(self._finished)

    def program(self, trial: Trial) -> str:
        return trial.experiment

    def stages_of(self, trial: Trial, quantities: Iterable[str]) -> frozenset[str]:
        return frozenset(map(find(trial.experiment).stage_of, quantities))

    def seconds_per_trial(self, run: str, stages: Iterable[str] | None = None) -> float | None:
        return self.seconds

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        return {t: replace(self.store[t], reused=True) for t in trials if t in self.store}

    def request(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
        rank: Rank = USUAL,
    ) -> None:
        self.limits[trial], self._ranks[trial] = (time_limit, memory_limit), rank
        declaration = find(trial.experiment)
        wanted = frozenset(declaration.stages) if stages is None else stages
        self.stages[trial] = self.stages.get(trial, frozenset()) | wanted
        found = self._known.get(trial)
        if found is not None and (found.status == "error" or known_stages(declaration, found) >= wanted):
            self._finished.append(found)
        elif (trial, False) not in (*self._queue, *self._running):
            self._queue.append((trial, False))
            self._queue.sort(key=lambda pair: self._ranks.get(pair[0], USUAL))

    def repeat(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
    ) -> None:
        assert not self.pending or self.repeated, "rechecks come when all else is done"
        self.limits[trial] = time_limit, memory_limit
        self.repeated.append(trial)
        self._queue.append((trial, True))

    def collect(self, timeout: float) -> list[Measurement]:
        poll, self.polls = self.polls, self.polls + 1
        while self._queue and len(self._running) < self.workers:
            self._running.append(self._queue.pop(0))
            if not self._running[-1][1]:
                self.begun.append(self._running[-1][0])
        if poll in self.interruptions:
            raise KeyboardInterrupt
        count = self.order.randint(0, len(self._running))
        if not count:
            self.now += timeout
        for _ in range(count):
            self._end(*self._running.pop(self.order.randrange(len(self._running))))
        finished, self._finished = self._finished, []
        return finished

    def _end(self, trial: Trial, repeated: bool) -> None:
        self.now += self.seconds / self.workers
        if repeated:
            self._finished.append((self.again or self.give)(trial))
            return
        declaration, given = find(trial.experiment), self.give(trial)
        if given.status == "ok" and self.stages[trial] != WHOLE:
            given = only(declaration, given, self.stages[trial])
        earlier = self.store.get(trial)
        found = added(declaration, earlier, replace(given, ordinal=len(self._known)))
        self._known[trial] = found
        if found.status == "ok":
            self.store[trial] = replace(found, stored=True, again=None)
        self._finished.append(found)

    def withdraw(self, trials: Collection[Trial]) -> None:
        waiting = [pair for pair in self._queue if pair[0] in trials]
        self.withdrawn |= {trial for trial, _ in waiting}
        self._queue = [pair for pair in self._queue if pair not in waiting]

    def abandon(self) -> None:
        self._queue, self._running = [], []
