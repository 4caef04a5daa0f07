"""Where each trial of a laboratory stands: one table, in which a trial has one state.

Each state's trials are in the order in which they came to it, so that those that wait are queues.
"""

from __future__ import annotations

import enum
import itertools
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from harness.measure.records import Job, Measurement, Outcome, TrialResult
from harness.questions import Trial


class Held(Protocol):
    """A lock that is held."""

    def release(self) -> None:
        """Let others have it."""


class State(enum.Enum):
    """Where a trial stands."""

    QUEUED = "waits for a worker"
    TIMING = "a timing, waits until nothing else is left to run"
    ELSEWHERE = "another process holds its lock"
    RUNNING = "a worker runs it"
    ENDED = "its job has ended, and what it gave is not yet kept"
    FINISHED = "its measurement is yet to be collected"
    KNOWN = "its measurement was collected"
    REPEAT = "was measured, and waits for a worker that has run nothing"
    REPEATING = "such a worker runs it"


S = State
MOVES: dict[State | None, frozenset[State | None]] = {
    None: frozenset({S.QUEUED, S.TIMING, S.REPEAT}),
    S.QUEUED: frozenset({S.ELSEWHERE, S.RUNNING, S.FINISHED, None}),
    S.TIMING: frozenset({S.RUNNING, None}),
    S.ELSEWHERE: frozenset({S.QUEUED, S.FINISHED, None}),
    S.RUNNING: frozenset({S.ENDED, S.QUEUED, None}),  # queued: its block failed, and it is tried alone
    S.ENDED: frozenset({S.FINISHED}),
    S.FINISHED: frozenset({S.KNOWN, None}),
    S.KNOWN: frozenset({S.FINISHED, S.REPEAT}),
    S.REPEAT: frozenset({S.REPEATING, S.KNOWN, None}),
    S.REPEATING: frozenset({S.ENDED, S.KNOWN, None}),
}
"""Where a trial can go from each state; None: it is not in the table."""

WAITING = (S.QUEUED, S.TIMING, S.ELSEWHERE)
ACTIVE = (S.RUNNING, S.REPEATING)


@dataclass(eq=False)
class Entry:
    """A trial with its state, which only `Ledger` changes, and its limits: seconds, and bytes (None: any)."""

    trial: Trial
    time_limit: float
    memory_limit: int | None
    code: tuple[str, ...]
    modules: tuple[str, ...]
    timed: bool = False
    state: State | None = None
    alone: bool = False
    """Its block failed as a whole: it is measured by itself."""
    lock: Held | None = None
    ended: tuple[Job, TrialResult, Outcome] | None = None
    """What its job gave, in the state ENDED."""
    measurement: Measurement | None = None
    """What it gave when it was measured first."""
    news: Measurement | None = None
    """What `collect` returns next, in the state FINISHED."""

    def release(self) -> None:
        """Let others have the trial's lock."""
        lock, self.lock = self.lock, None
        if lock is not None:
            lock.release()


class Ledger:
    """The trials that were asked for, each in one state."""

    def __init__(self) -> None:
        self._entries: dict[Trial, Entry] = {}
        self._in: dict[State, OrderedDict[Trial, Entry]] = {state: OrderedDict() for state in State}

    def get(self, trial: Trial) -> Entry | None:
        """The trial's entry, if it has one."""
        return self._entries.get(trial)

    def move(self, entry: Entry, state: State | None, *, first: bool = False) -> None:
        """Bring an entry, new or not, to a state, as the last there or the first; None takes it out.

        Raises ValueError where no trial goes from its state to that one.
        """
        trial = entry.trial
        if state not in MOVES[entry.state] or self._entries.get(trial, entry) is not entry:
            raise ValueError(f"{trial.key}: cannot go from {entry.state} to {state}")
        if entry.state is not None:
            del self._in[entry.state][trial]
        entry.state = state
        if state is None:
            del self._entries[trial]
            return
        self._entries[trial] = entry
        self._in[state][trial] = entry
        if first:
            self._in[state].move_to_end(trial, last=False)

    def of(self, *states: State) -> list[Entry]:
        """The entries in these states, in their order."""
        return [entry for state in states for entry in self._in[state].values()]

    def ahead(self, state: State, most: int) -> Iterator[Entry]:
        """The first entries in a state."""
        return itertools.islice(self._in[state].values(), most)

    def first(self, state: State) -> Entry:
        """The first entry in a state, of which there is one."""
        return next(iter(self._in[state].values()))

    def count(self, *states: State) -> int:
        """How many are in these states."""
        return sum(len(self._in[state]) for state in states)

    def block(self, entry: Entry, size: int) -> list[Entry]:
        """The queued trials of an entry's block, the entry among them: those of its point, with its memory
        limit, whose seeds lie in the same aligned range of `size` numbers. Their order is that of seeds."""
        first = entry.trial.seed - entry.trial.seed % size
        others = (self.get(replace(entry.trial, seed=seed)) for seed in range(first, first + size))
        queued = [other for other in others if other is not None and other.state is S.QUEUED]
        return [o for o in queued if not o.alone and o.memory_limit == entry.memory_limit]

    def within(self, trials: Iterable[Trial], state: State) -> list[Entry]:
        """The entries of these trials that are in a state, in the order of the trials."""
        found = (self.get(trial) for trial in trials)
        return [entry for entry in found if entry is not None and entry.state is state]

    @property
    def pending(self) -> int:
        """How many are on their way to be collected."""
        return len(self._entries) - len(self._in[S.KNOWN])
