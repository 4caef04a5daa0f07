"""Temporary files and folders of our own, and the removal of those that killed runs have left.

Each is locked (flock) while its maker lives. Whoever makes the next one of that name first removes, at once,
what nobody holds; on a file system without locks, what is older than `FORGOTTEN`. Only what has such a name
and belongs to this user is removed, and no link is followed. On Windows nothing is locked, and what killed
runs have left stays.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FORGOTTEN = 24 * 3600.0
"""Seconds after which what cannot be locked is nobody's."""

_RANDOM = re.compile(r"[a-z0-9_]{8}")  # as `tempfile` ends names


@contextlib.contextmanager
def temporary_file(folder: Path, prefix: str) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file of the folder, open for writing and locked; afterwards it is removed, if it is still there.

    First those that killed processes have left there under this prefix are removed. Raises OSError.
    """
    sweep(folder, prefix)
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=prefix)
        path = Path(name)
        if _is_ours(handle, path):
            break
        os.close(handle)  # taken for one that was left, between the two calls
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder for temporary files, locked; removed afterwards, as is first what was left of others."""
    above = Path(tempfile.gettempdir())
    sweep(above, prefix, folders=True)
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix))
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if _is_ours(handle, path):
            break
        os.close(handle)
    try:
        yield path.resolve()
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def sweep(above: Path, prefix: str, *, folders: bool = False) -> None:
    """Remove temporary files (or folders) of the prefix that nobody holds. Never raises."""
    if not hasattr(os, "geteuid"):  # Windows: whose a file is cannot be told
        return
    with contextlib.suppress(OSError):
        for name in os.listdir(above):
            if name.startswith(prefix) and _RANDOM.fullmatch(name[len(prefix) :]):
                with contextlib.suppress(OSError):
                    _remove(above / name, folders)


def _remove(path: Path, folder: bool) -> None:
    """Remove one that nobody holds. Raises OSError where it cannot be opened, or is a link."""
    how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, how | (os.O_DIRECTORY if folder else 0))
    try:
        found = os.fstat(handle)
        kind = stat.S_ISDIR if folder else stat.S_ISREG
        if not kind(found.st_mode) or found.st_uid != os.geteuid() or not _leads_to(path, handle):
            return
        try:
            _lock(handle)
        except BlockingIOError:
            return
        except OSError:
            if time.time() - found.st_mtime < FORGOTTEN:
                return
        if folder:
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(handle)


def _is_ours(handle: int, path: Path) -> bool:
    """Lock what was just made; whether nobody else has locked, or removed, it before."""
    try:
        _lock(handle)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return _leads_to(path, handle)


def _lock(handle: int) -> None:
    """Raises BlockingIOError where somebody else has locked it, and OSError where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        raise OSError("no locks") from None
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _leads_to(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(handle))
    except FileNotFoundError:
        return False
