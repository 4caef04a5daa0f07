"""Time that passes only while this process is awake, and whether another is suspended.

A command that is stopped (Ctrl-Z, SIGSTOP, a job that is preempted, a virtual machine that is moved) takes
no time from the trials in flight: their limits are about work, not about the clock on the wall. The clock on
the wall is what `--time-budget` is about.
"""

from __future__ import annotations

import time
from pathlib import Path

from harness.measure.supervisor import state_of

GAP = 0.5
"""Seconds without a sign of life that are taken for a suspension. A busy machine may delay a process for some
tenths; what is taken wrongly for a suspension only makes a limit that much longer."""


class AwakeClock:
    """A monotonic clock, to be read every now and then, that leaves out the gaps between two readings.

    A gap is the time for which this thread neither computed nor waited as it had announced (`waiting`).
    """

    def __init__(self) -> None:
        self._last, self._computed = time.monotonic(), time.thread_time()
        self._announced = 0.0
        self._lost = 0.0

    def waiting(self, seconds: float) -> None:
        """Announce that the next reading may come so much later."""
        self.now()
        self._announced = seconds

    def now(self) -> float:
        """Seconds, from an arbitrary beginning."""
        now, computed = time.monotonic(), time.thread_time()
        passed, busy = now - self._last, computed - self._computed
        if passed - busy - self._announced > GAP:
            self._lost += passed - busy  # with what was announced: it may not have begun
        self._last, self._computed, self._announced = now, computed, 0.0
        return now - self._lost


def is_stopped(process: int) -> bool:
    """Whether a signal has stopped the process (SIGSTOP, or a read from the terminal in the background)."""
    return state_of(process)[0] == "T"


def is_held(process: int) -> bool:
    """Whether a debugger holds the process, or somebody has frozen its control group (cgroups(7))."""
    if state_of(process)[0] == "t":
        return True
    try:
        groups = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    except OSError:
        return False
    return any(_is_frozen(*group.split(":", 2)[1:]) for group in groups if group.count(":") >= 2)


def _is_frozen(controllers: str, path: str) -> bool:
    root = Path("/sys/fs/cgroup")
    try:
        if not controllers:  # version 2, alone or beside version 1
            for above in (root, root / "unified"):
                events = above / path.lstrip("/") / "cgroup.events"
                if events.is_file():
                    return "frozen 1" in events.read_text().splitlines()
        elif controllers == "freezer":
            return (root / "freezer" / path.lstrip("/") / "freezer.state").read_text().strip() != "THAWED"
    except OSError:
        pass
    return False
