"""Orders that a worker has before it can begin them, and how they are taken back.

A worker is sent several jobs at once, as *orders* that are numbered, and begins them in turn. A *turn* is an
order's number in a pipe of which both ends lie with whoever gives orders, and the reading end with the worker
as well. The worker takes a turn out of the pipe, then begins that order. Whoever takes a turn out has it
alone: so the giver can take back, at any moment, exactly the orders that have not begun, also from a worker
that hangs, was stopped or has died, and without its help.

    giver                                   worker
    turns.put(7, 8, 9); send Orders(7, …)   receive Orders; send Started
                                            take turn 7; run it; send OrderResult(7)
                                            take turn 8; run it …
    turns.take_back() → 9 (8 runs)
                                            send OrderResult(8); wait for the next Orders

Each answer is sent before the next turn is taken, so that nothing that has ended is lost with its worker.
"""

from __future__ import annotations

import math
import os
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from harness.measure.records import Job, JobResult

HORIZON = 0.05
"""Seconds of work that a worker is given ahead. What is given ahead cannot go to another worker at once."""

SHORT = 0.0025
"""Seconds: a worker has orders ahead only of trials that take less. It begins the next one before what the
last one gave is stored, so that a killed run loses what the last milliseconds gave: of trials that take
longer it loses what runs and nothing else, and a round to the laboratory, 0.3 ms, costs them little."""

STUCK = 2 * HORIZON
"""Seconds that a trial may take until the orders behind it are taken back, for whichever worker is free."""

MOST = 256
"""Orders that a worker has at most; a pipe takes thousands of turns."""

LAST = 9
"""How many orders tell how long the next ones take."""

_TURN = struct.Struct("=Q")


@dataclass(frozen=True)
class Orders:
    """Jobs for a worker; `first` is the number of the first, and the others follow."""

    first: int
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class OrderResult:
    """What became of an order. `written` is how long the worker's log was when it had ended."""

    number: int
    outcome: JobResult
    written: int = 0


class Turns:
    """Turns in a pipe; no call waits. The worker has the reading end alone."""

    def __init__(self, reading: int, writing: int = -1) -> None:
        self.reading = reading
        self._writing = writing
        os.set_blocking(reading, False)

    @classmethod
    def make(cls) -> Turns:
        """New ones, with both ends."""
        return cls(*os.pipe())

    def put(self, numbers: Sequence[int]) -> None:
        """Add turns; at most `MOST` are there at once."""
        os.write(self._writing, b"".join(map(_TURN.pack, numbers)))

    def take(self) -> int | None:
        """The next turn, which nobody else has then; None if there is none."""
        try:
            data = os.read(self.reading, _TURN.size)
        except BlockingIOError:
            return None
        return int(_TURN.unpack(data)[0]) if len(data) == _TURN.size else None

    def take_back(self) -> list[int]:
        """All turns that have not been taken."""
        try:
            data = os.read(self.reading, _TURN.size * 2 * MOST)
        except BlockingIOError:
            return []
        return [number for (number,) in _TURN.iter_unpack(data[: len(data) // _TURN.size * _TURN.size])]

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reading)
        os.close(self._writing)


class Pace:
    """How long a worker's orders take, and so how many of them it is to have: as many as take `HORIZON`.

    It goes by the median of the last ones. A slow one among fast ones costs nothing but that those behind it
    are taken back.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=LAST)

    def learn(self, seconds: float) -> None:
        """An order took so long."""
        self._last.append(seconds)

    @property
    def seconds(self) -> float:
        """What an order takes; infinite where none has ended."""
        return sorted(self._last)[len(self._last) // 2] if self._last else math.inf

    @property
    def orders(self) -> int:
        """How many orders the worker is to have."""
        return int(HORIZON / max(self.seconds, HORIZON / MOST)) if self.seconds < SHORT else 1
