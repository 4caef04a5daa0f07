"""One lock per trial, so that whoever measures it is alone, on this machine; and one for the machine.

The lock of a trial is one byte of the file `trials`, whose place the fingerprint gives; the file stays empty.
The lock belongs to the open file (`F_OFD_SETLK`, fcntl(2)), so the kernel frees it when its holder dies,
however it dies; two laboratories of one process exclude each other, too. One file for all trials of a store:
to make and remove a file for each took 60 times as long. Where the system has no such locks, there is a file
for each trial, named after the fingerprint, and `flock` locks it.

Whoever releases the last of its locks, and then can lock the whole file, unlinks it. Whoever opened it before
that finds, once it has a lock, that the path leads elsewhere, and tries again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from harness.errors import UserError
from harness.measure.holders import Wait
from harness.posix import require_posix

LockKind = Literal["LOCK_SH", "LOCK_EX"]
"""A mode of flock(2): shared by many, or for one alone."""

LOCK = "HARNESS_MACHINE_LOCK"
"""The environment variable that names the machine's lock file."""


PATIENCE = 60.0
"""Seconds to wait for the lock under which a store is created or opened."""

PAUSE = 0.02
"""Seconds between looks at a lock that somebody holds."""


class LockError(UserError, OSError):
    """A lock cannot be opened, or somebody holds it for far too long."""


class Lock:
    """A lock that is held; made by `acquire`."""

    __slots__ = ("_file", "_place")

    def __init__(self, file: _LockFile, place: int) -> None:
        self._file = file
        self._place = place

    def release(self) -> None:
        """Let others have it. Once only."""
        with _ours:
            self._file.release(self._place)


def acquire(folder: Path, fingerprint: str) -> Lock | None:
    """The lock of a trial, or None where somebody holds it. Never waits. Raises OSError."""
    path, place = lock_of(folder, fingerprint)
    with _ours:
        file = _files.get(path) or _LockFile(path)
        return Lock(file, place) if file.acquire(place) else None


def lock_of(folder: Path, fingerprint: str) -> tuple[Path, int]:
    """The file of a trial's lock, and the byte of it that is locked."""
    if _has_ranges():
        return _trials_of(folder), int.from_bytes(hashlib.sha256(fingerprint.encode()).digest()[:7])
    return folder / fingerprint, 0


@functools.lru_cache(maxsize=16)
def _trials_of(folder: Path) -> Path:
    """The file of a folder's locks: made once, as every trial asks for it."""
    return folder / TRIALS


def remove_unheld(path: Path) -> bool:
    """Unlink a file of locks, of which nobody holds any; whether that was so. Of earlier versions, too, which
    made a file for each trial. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        free = _locked_byte(descriptor, 0, 0) and _locked(descriptor, "LOCK_EX")
        if free and _leads_to(path, descriptor):
            path.unlink()
            return True
        return False
    finally:
        os.close(descriptor)


TRIALS = "trials"
"""The file in which trials are locked."""

_RANGE = struct.Struct("hhqqi")  # struct flock: type, whence, start, length (0: to the end), process


class _LockFile:
    """A file of which this process holds locks; open as long as it holds any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._held: set[int] = set()

    def acquire(self, place: int) -> bool:
        """Whether the lock was got; nobody holds it then but this file."""
        if place in self._held:
            return False
        while True:
            if self._descriptor < 0:
                self._open()
            try:
                got = _locked_byte(self._descriptor, place)
                # As long as any is held nobody unlinks the file.
                if got and (self._held or _leads_to(self._path, self._descriptor)):
                    self._held.add(place)
                    _files[self._path] = self
                    return True
            finally:
                if not self._held:
                    self._close()
            if not got:
                return False

    def release(self, place: int) -> None:
        """Free one lock; with the last one the file is closed, and unlinked if nobody else has a lock."""
        self._held.remove(place)
        if self._held:
            _unlock_byte(self._descriptor, place)
            return
        del _files[self._path]
        try:
            if _locked_byte(self._descriptor, 0, 0):
                self._path.unlink(missing_ok=True)
        finally:
            self._close()

    def _open(self) -> None:
        how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self._path, how, 0o644)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, how, 0o644)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)


_files: dict[Path, _LockFile] = {}  # those of which this process holds locks
_ours = threading.Lock()


@functools.cache
def _has_ranges() -> bool:
    """Whether this system has locks of a part of a file that belong to the open file."""
    import fcntl

    return hasattr(fcntl, "F_OFD_SETLK")


def _locked_byte(descriptor: int, start: int, length: int = 1) -> bool:
    """Whether this process got the lock of `length` bytes (0: of all from `start` on); never waits."""
    import fcntl

    if not _has_ranges():
        return _locked(descriptor, "LOCK_EX")
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _RANGE.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True


def _unlock_byte(descriptor: int, start: int) -> None:
    import fcntl

    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _RANGE.pack(fcntl.F_UNLCK, os.SEEK_SET, start, 1, 0))


class Machine:
    """Who uses the machine's cores: any number of processes that measure, or one that times, alone.

    Whoever wants to time closes the gate first: others then start nothing new, so that its turn comes when
    what they have begun is done. It is about one user's processes, or about those that `HARNESS_MACHINE_LOCK`
    names one file for. Never waits. Raises `LockError`.
    """

    def __init__(self) -> None:
        require_posix()
        default = Path(tempfile.gettempdir()) / f"ntk-harness-{os.getuid()}.lock"
        path = Path(os.environ.get(LOCK) or default)
        how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        if not os.environ.get(LOCK):
            how |= os.O_NOFOLLOW  # others may put a link into the folder for temporary files
        try:
            self._machine = os.open(path, how, 0o600)
            self._gate = os.open(path.with_name(path.name + ".gate"), how, 0o600)
        except (OSError, ValueError) as error:
            found = getattr(error, "strerror", None) or str(error)
            raise LockError(
                f"{path}: expected a file that can be opened for writing, as the lock of this machine, found:"
                f" {found}; name another in {LOCK}"
            ) from None
        self._sharing = False
        self._path = path
        self.obstacle: Path | None = None
        """The file that somebody else had locked when `share` or `seize` last gave False."""

    def share(self) -> bool:
        """Whether trials may be started beside others now; from then until `leave`, nobody times."""
        if not self._got(self._gate, "LOCK_SH"):
            return False
        self._sharing = self._sharing or self._got(self._machine, "LOCK_SH")
        _unlock(self._gate)
        return self._sharing

    def seize(self) -> bool:
        """Whether this process has the machine to itself now, until `leave`; if not, it is next."""
        return self._got(self._gate, "LOCK_EX") and self._got(self._machine, "LOCK_EX")

    def _got(self, descriptor: int, how: LockKind) -> bool:
        got = _locked(descriptor, how)
        gate = self._path.with_name(self._path.name + ".gate")
        self.obstacle = None if got else gate if descriptor == self._gate else self._path
        return got

    def leave(self) -> None:
        """Give up what was got."""
        self._sharing = False
        _unlock(self._machine)
        _unlock(self._gate)

    def close(self) -> None:
        """Leave for good."""
        os.close(self._machine)
        os.close(self._gate)


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, which stays, for the block. Waits for it, with a word if that takes long.

    Raises `LockError` after `PATIENCE` seconds: who holds it does so for milliseconds.
    """
    require_posix()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        wait = Wait(str(path), [path], "wait for it, end it, or name another store")
        while not _locked(descriptor, "LOCK_EX"):
            wait.speak()
            if wait.seconds > PATIENCE:
                raise LockError(f"{path}: expected to get this lock within {PATIENCE:g} s: {wait.text()}")
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int, how: LockKind) -> bool:
    """Whether the lock was got; never waits."""
    import fcntl

    try:
        fcntl.flock(descriptor, getattr(fcntl, how) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
