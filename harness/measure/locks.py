"""One lock per trial, so that whoever measures it is alone, on this machine.

The lock is `flock` on a file named after the fingerprint. The kernel frees it when its holder dies,
however it dies. The file is unlinked while it is held; whoever opened it before that finds, once locked,
that the path leads elsewhere, and tries again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
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
