"""Folders for the temporary files of workers: each worker has its own, which goes when the worker does.

A pool's folder has a lock, held while the pool lives. What killed processes left is removed by the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile

PREFIX = "harness-workers-"
_LOCK = "lock"


class Scratch:
    """Makes folders for workers, in a folder of its own that is made when it is first needed."""

    def __init__(self) -> None:
        self._root = ""
        self._lock = -1

    def make(self) -> str:
        """A new, empty folder; '' where none can be made (then workers share the machine's)."""
        try:
            if not self._root:
                _remove_forgotten()
                root = tempfile.mkdtemp(prefix=PREFIX)
                self._lock = _locked(root, create=True)
                self._root = root
            return tempfile.mkdtemp(dir=self._root)
        except OSError:
            return ""

    def remove(self, folder: str) -> None:
        """Remove a worker's folder and what is in it."""
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything; folders can be made again afterwards."""
        if self._root:
            shutil.rmtree(self._root, ignore_errors=True)
            os.close(self._lock)
            self._root, self._lock = "", -1


def _locked(root: str, *, create: bool = False) -> int:
    """A descriptor that holds the folder's lock. Raises `OSError` where another process has it."""
    flags = os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    descriptor = os.open(os.path.join(root, _LOCK), flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_forgotten() -> None:
    """Remove the folders of this user whose pools were killed."""
    with os.scandir(tempfile.gettempdir()) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for root in left:
        try:
            status = os.lstat(root)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            lock = _locked(root)
        except OSError:  # a pool that lives holds it, or is just being made
            continue
        shutil.rmtree(root, ignore_errors=True)
        os.close(lock)
