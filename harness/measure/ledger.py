"""Where each trial of a laboratory stands: one table, in which a trial has one state.

Each state lists its trials in the order in which they entered it, so that those that wait are queues.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from harness.measure.queue import USUAL, Queue, Rank
from harness.measure.records import WHOLE, Job, JobResult, Measurement, TrialResult
from harness.questions import Trial


class HeldLock(Protocol):
    """A lock that is held."""

    def release(self) -> None:
        """Let others have it."""


class TrialState(enum.Enum):
    """Where a trial stands."""

    QUEUED = "waits for a worker"
    TAKEN = "is about to be given to a worker"
    TIMING = "a timing, waits until nothing else is left to run"
    ELSEWHERE = "another process holds its lock"
    RUNNING = "a worker runs it, or is to do so next"
    ENDED = "its job has ended, and what it gave is not yet kept"
    FINISHED = "its measurement is yet to be collected"
    KNOWN = "its measurement was collected"
    REPEAT = "was measured, and waits for a worker that has run nothing"
    REPEATING = "such a worker runs it"

    __hash__ = object.__hash__  # by identity, as they are compared: a trial is looked up by some ten of them


S = TrialState
MOVES: dict[TrialState | None, frozenset[TrialState | None]] = {
    None: frozenset({S.QUEUED, S.TIMING, S.REPEAT}),
    S.QUEUED: frozenset({S.TAKEN, S.ELSEWHERE, S.RUNNING, S.FINISHED, None}),
    S.TAKEN: frozenset({S.ELSEWHERE, S.RUNNING, S.FINISHED, S.QUEUED}),
    S.TIMING: frozenset({S.RUNNING, None}),
    S.ELSEWHERE: frozenset({S.QUEUED, S.FINISHED, None}),
    S.RUNNING: frozenset({S.ENDED, S.QUEUED, None}),  # queued: its worker gave it back, or its block failed
    S.ENDED: frozenset({S.FINISHED, S.QUEUED}),  # queued: its stages are tried one by one
    S.FINISHED: frozenset({S.KNOWN, None}),
    S.KNOWN: frozenset({S.FINISHED, S.REPEAT, S.QUEUED}),  # queued: it is wanted of more stages
    S.REPEAT: frozenset({S.REPEATING, S.KNOWN, None}),
    S.REPEATING: frozenset({S.ENDED, S.KNOWN, None}),
}
"""Where a trial can go from each state; None: it is not in the table."""

WAITING = (S.QUEUED, S.TIMING, S.ELSEWHERE)
ACTIVE = (S.RUNNING, S.REPEATING)


@dataclass(eq=False)
class Entry:
    """A trial with its state, which only `Ledger` changes, its limits, seconds and bytes (None: any), and the
    stages that are wanted of it."""

    trial: Trial
    time_limit: float
    memory_limit: int | None
    code: tuple[str, ...]
    modules: tuple[str, ...]
    timed: bool = False
    stages: frozenset[str] = WHOLE
    rank: Rank = USUAL
    seeds: int = 1
    """How many seeds of its point, of an aligned range, one job has at most."""
    state: TrialState | None = None
    later: frozenset[str] = frozenset()
    """Stages that were wanted after its job had begun."""
    left: tuple[str, ...] = ()
    """Its stages failed together: those that are still to be measured each by itself."""
    known: Measurement | None = None
    """What was measured of it, in this process or before."""
    failed: Measurement | None = None
    """What is known of the stages that could not be measured."""
    alone: bool = False
    """Its block failed as a whole: it is measured by itself."""
    fingerprint: str = ""
    """The trial's; computed once, when it is first needed (`KeptTrials.print_of`)."""
    holds: int = 0
    """Bytes that its job is declared to hold; counted at the first trial of a job."""
    job: Job | None = None
    """What a worker has been asked to do for it, in the states RUNNING and REPEATING."""
    lock: HeldLock | None = None
    ended: tuple[Job, TrialResult, JobResult] | None = None
    """What its job gave, in the state ENDED."""
    measurement: Measurement | None = None
    """What it gave when it was measured first."""
    news: Measurement | None = None
    """What `collect` returns next, in the state FINISHED."""

    @property
    def point(self) -> str:
        """The trial's key without its seed."""
        return self.trial.stem

    def release(self) -> None:
        """Let others have the trial's lock."""
        lock, self.lock = self.lock, None
        if lock is not None:
            lock.release()


class Ledger:
    """The trials that were asked for, each in one state."""

    def __init__(self) -> None:
        self._entries: dict[Trial, Entry] = {}
        self._in: dict[TrialState, OrderedDict[Entry, None]] = {state: OrderedDict() for state in TrialState}
        self._queue: Queue[Entry] = Queue()
        self._queued_in: Counter[tuple[str, int]] = Counter()  # trials by the jobs that several may share
        self._beside = 0  # how many queued trials are measured in a job of one that is counted before

    def get(self, trial: Trial) -> Entry | None:
        """The trial's entry, if it has one."""
        return self._entries.get(trial)

    def move(self, entry: Entry, state: TrialState | None, *, first: bool = False) -> None:
        """Bring an entry, new or not, to a state, as the last there or the first; None takes it out.

        Of those that are queued the last is the last of its point.

        Raises ValueError where no trial goes from its state to that one.
        """
        before = entry.state
        new = before is None  # only then can there be another entry of its trial
        if state not in MOVES[before] or (new and entry.trial in self._entries):
            raise ValueError(f"{entry.trial.key}: cannot go from {before} to {state}")
        if before is not None:
            del self._in[before][entry]
        if before is TrialState.QUEUED:
            self._queue.remove(entry.point, entry)
            self._leave_job(entry)
        entry.state = state
        if state is None:
            del self._entries[entry.trial]
            return
        if new:
            self._entries[entry.trial] = entry
        self._in[state][entry] = None
        if first:
            self._in[state].move_to_end(entry, last=False)
        if state is TrialState.QUEUED:
            self._queue.add(entry.point, entry, entry, entry.rank, first=first)
            self._join_job(entry)

    def _join_job(self, entry: Entry) -> None:
        if entry.seeds > 1:
            job = entry.point, entry.trial.seed // entry.seeds
            self._beside += job in self._queued_in
            self._queued_in[job] += 1

    def _leave_job(self, entry: Entry) -> None:
        if entry.seeds > 1:
            job = entry.point, entry.trial.seed // entry.seeds
            self._queued_in[job] -= 1
            self._beside -= self._queued_in[job] > 0
            if not self._queued_in[job]:
                del self._queued_in[job]

    @property
    def queued_jobs(self) -> int:
        """In how many jobs those that are queued can be measured."""
        return self.count(TrialState.QUEUED) - self._beside

    def of(self, *states: TrialState) -> list[Entry]:
        """The entries in these states, in their order."""
        return [entry for state in states for entry in self._in[state]]

    def ahead(self, most: int) -> Iterator[Entry]:
        """The first entries in the queue, one of each point."""
        return self._queue.ahead(most)

    def queued_at(self, point: Hashable) -> Entry | None:
        """The first entry of a point that is queued, if one is."""
        return self._queue.first_at(point)

    def first(self, state: TrialState) -> Entry:
        """The first entry in a state, of which there is one."""
        return next(iter(self._in[state]))

    def count(self, *states: TrialState) -> int:
        """How many are in these states."""
        return sum([len(self._in[state]) for state in states])

    def block(self, entry: Entry, size: int) -> list[Entry]:
        """The queued trials of an entry's block, the entry among them, in the order of their seeds: those of
        its point, with its memory limit and stages, whose seeds lie in the same aligned range of `size`
        numbers."""
        first = entry.trial.seed - entry.trial.seed % size
        others = (self.get(entry.trial.at(seed)) for seed in range(first, first + size))
        queued = [other for other in others if other is not None and other.state is S.QUEUED]
        alike = (entry.memory_limit, entry.stages)
        return [o for o in queued if not o.alone and (o.memory_limit, o.stages) == alike]

    def within(self, trials: Iterable[Trial], state: TrialState) -> list[Entry]:
        """The entries of these trials that are in a state, in the order of the trials."""
        found = (self.get(trial) for trial in trials)
        return [entry for entry in found if entry is not None and entry.state is state]

    def at_work(self, job: Job) -> list[Entry]:
        """The entries for which a worker has been asked to do the job, in the order of its trials."""
        if len(job.trials) == 1:
            entry = self.get(job.trials[0])
            return [entry] if entry and entry.state in ACTIVE and entry.job is job else []
        found = (self.get(trial) for trial in job.trials)
        return [entry for entry in found if entry and entry.state in ACTIVE and entry.job is job]

    @property
    def pending(self) -> int:
        """How many are on their way to be collected."""
        return len(self._entries) - len(self._in[S.KNOWN])
