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
from collections.abc import Iterator
from pathlib import Path


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _leads_to(path, descriptor):
            return Lock(path, descriptor)
        os.close(descriptor)


class Machine:
    """Who uses the machine's cores: any number of processes that measure, or one that times, alone.

    It is about one user's processes. Never waits.
    """

    def __init__(self) -> None:
        path = Path(tempfile.gettempdir()) / f"ntk-harness-{os.getuid()}.lock"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> bool:
        """Whether trials may run beside others now; until `leave`, nobody times."""
        return self._lock(fcntl.LOCK_SH)

    def seize(self) -> bool:
        """Whether this process has the machine to itself now, until `leave`."""
        return self._lock(fcntl.LOCK_EX)

    def leave(self) -> None:
        """Give up what was got."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave for good."""
        os.close(self._descriptor)

    def _lock(self, how: int) -> bool:
        try:
            fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, which stays, for the block; waits for it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
