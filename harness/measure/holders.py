"""Who holds a lock, as Linux tells, and a word about waits that would otherwise be silent."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.text import printable

PATIENCE = 2.0
"""Seconds to wait without a word: locks are held for milliseconds, or for as long as somebody measures."""

_LONGEST = 120  # characters of a command line that are shown


def log(text: str) -> None:
    """Say something while this process waits: on standard error, unless a program has set up logging."""
    logging.getLogger("harness").warning("%s", text)


class Wait:
    """A wait that has begun, for whoever holds one of the files; `speak` says so once, after `PATIENCE`."""

    def __init__(self, what: str, files: Sequence[Path], cure: str, *, start: int | None = None) -> None:
        self.files = files
        self.start = start
        self._what, self._cure = what, cure
        self._begin = time.monotonic()
        self._said = False
        self._found: tuple[float, str] | None = None  # when it was looked for, and who it was

    @property
    def place(self) -> tuple[Path, int | None]:
        """The first file, and the first byte of it that is waited for."""
        return self.files[0], self.start

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._begin

    def text(self) -> str:
        """What is waited for, who holds it, and how to continue."""
        if self._found is None or self.seconds > self._found[0] + PATIENCE:
            self._found = self.seconds, holder(*self.files, start=self.start)
        return f"{self._what} is locked by {self._found[1]}; {self._cure}"

    def speak(self) -> None:
        """Say it, if it is time to."""
        if not self._said and self.seconds >= PATIENCE:
            self._said = True
            log(f"waiting: {self.text()}")

    def continues(self, other: Wait | None) -> Wait:
        """This wait, begun when the other one did: what is waited for has changed, and the wait goes on."""
        self._begin = self._begin if other is None else other._begin
        return self


def holder(*files: Path, start: int | None = None) -> str:
    """`process 123 (harness run suite.toml)`: who holds a lock on one of the files, as far as one can see.

    `start`: on a range of bytes that begins there; None: on any.
    """
    inodes = set()
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            inodes.add(str(os.stat(file).st_ino))
    best: tuple[bool, bool] | None = None
    found = None
    for process in likely_holders(inodes):
        for excludes in _locks_of(process, inodes, start):
            # Locks that exclude others come first, then those of others: who waits may share a lock itself.
            place = (not excludes, process == os.getpid())
            if best is None or place < best:
                best, found = place, process
        if best == (False, False):
            break
    return "another process" if found is None else _called(found)


def _called(process: int) -> str:
    words = " ".join(_read(Path("/proc", str(process), "cmdline")).replace("\0", " ").split())
    command = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    here = "this process, " if process == os.getpid() else "process "
    return f"{here}{process} ({printable(command) or 'its command is not known'})"


def likely_holders(inodes: set[str]) -> Iterator[int]:
    """First the processes that have taken locks on the files, then all: one may have inherited a lock."""
    for line in _read(Path("/proc/locks")).splitlines():
        found = _lock(line)
        if found and found[1] in inodes and found[0] > 0:
            yield found[0]
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            yield int(name)


def _locks_of(process: int, inodes: set[str], start: int | None) -> Iterator[bool]:
    """Whether each lock that a process has on one of the files excludes others."""
    with contextlib.suppress(OSError):
        for file in Path("/proc", str(process), "fdinfo").iterdir():
            for line in _read(file).splitlines():
                found = _lock(line.removeprefix("lock:")) if line.startswith("lock:") else None
                if found and found[1] in inodes and start in (None, found[2]):
                    yield found[3]


def _lock(line: str) -> tuple[int, str, int, bool] | None:
    """Process, inode and first byte of a line of /proc/locks, `1: FLOCK ADVISORY WRITE 123 fe:00:4567 0 EOF`,
    and whether it excludes others.

    The process is -1 if the lock belongs to an open file. None for other lines, also for those of
    processes that wait, which have an arrow after the colon.
    """
    fields = line.split()
    if len(fields) != 8 or fields[2] != "ADVISORY" or not fields[4].lstrip("-").isdigit():
        return None
    return int(fields[4]), fields[5].rpartition(":")[2], int(fields[6]), fields[3] == "WRITE"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
