"""One lock per trial, so that whoever measures it is alone, on this machine; and one for the machine.

The lock of a trial is `flock` on a file named after the fingerprint. The kernel frees it when its holder
dies, however it dies. The file is unlinked while it is held; whoever opened it before that finds, once
locked, that the path leads elsewhere, and tries again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UserError
from harness.measure.holders import Wait

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

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others have it. Once only."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._descriptor)


def acquire(folder: Path, fingerprint: str) -> Lock | None:
    """The lock of a trial, or None where somebody holds it. Never waits."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / fingerprint
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(descriptor, fcntl.LOCK_EX):
            os.close(descriptor)
            return None
        if _leads_to(path, descriptor):
            return Lock(path, descriptor)
        os.close(descriptor)


class Machine:
    """Who uses the machine's cores: any number of processes that measure, or one that times, alone.

    Whoever wants to time closes the gate first: others then start nothing new, so that its turn comes when
    what they have begun is done. It is about one user's processes, or about those that `HARNESS_MACHINE_LOCK`
    names one file for. Never waits. Raises `LockError`.
    """

    def __init__(self) -> None:
        default = Path(tempfile.gettempdir()) / f"ntk-harness-{os.getuid()}.lock"
        path = Path(os.environ.get(LOCK) or default)
        how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
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
        if not self._got(self._gate, fcntl.LOCK_SH):
            return False
        self._sharing = self._sharing or self._got(self._machine, fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        return self._sharing

    def seize(self) -> bool:
        """Whether this process has the machine to itself now, until `leave`; if not, it is next."""
        return self._got(self._gate, fcntl.LOCK_EX) and self._got(self._machine, fcntl.LOCK_EX)

    def _got(self, descriptor: int, how: int) -> bool:
        got = _locked(descriptor, how)
        gate = self._path.with_name(self._path.name + ".gate")
        self.obstacle = None if got else gate if descriptor == self._gate else self._path
        return got

    def leave(self) -> None:
        """Give up what was got."""
        self._sharing = False
        fcntl.flock(self._machine, fcntl.LOCK_UN)
        fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave for good."""
        os.close(self._machine)
        os.close(self._gate)


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, which stays, for the block. Waits for it, with a word if that takes long.

    Raises `LockError` after `PATIENCE` seconds: who holds it does so for milliseconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        wait = Wait(str(path), [path], "wait for it, end it, or name another store")
        while not _locked(descriptor, fcntl.LOCK_EX):
            wait.speak()
            if wait.seconds > PATIENCE:
                raise LockError(f"{path}: expected to get this lock within {PATIENCE:g} s: {wait.text()}")
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    """Whether the lock was got; never waits."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
