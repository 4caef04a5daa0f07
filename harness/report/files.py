"""Writing files so that nothing is ever half-written, and reading records back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError
from harness.report.record import Record, RecordError, from_json

_LONGEST = 200
"""Bytes of a default name: file systems take 255, and `.json` and more come after it."""
_UMASK = threading.Lock()
"""The umask can only be read by changing it: two threads at once would leave it changed."""


class OutputError(UserError, OSError):
    """A report or record cannot be written where it was asked for."""


def default_name(suites: Sequence[str]) -> str:
    """What a record's file is called unless told otherwise, without `.json`: its suites' names.

    Where they are too many they are cut, and a digest of all keeps the names of different selections apart.
    """
    full = "+".join(suites)
    if len(os.fsencode(full)) <= _LONGEST:
        return full
    digest = hashlib.sha256(os.fsencode(full)).hexdigest()[:10]
    kept = os.fsencode(full)[: _LONGEST - 20].decode(errors="ignore")
    return f"{kept}-{digest}"


def hindrance(path: Path) -> str:
    """Why `write_whole` could not write at the path now; '' where it could. Leaves nothing behind."""
    try:
        if "\0" in str(path):
            return "a null byte in its name"
        if path.is_dir():
            return os.strerror(errno.EISDIR)
        if path.exists() and not path.is_file():
            return "" if os.access(path, os.W_OK) else os.strerror(errno.EACCES)
        path = path.resolve() if path.is_symlink() else path
        names, folder = [path.name], path.parent
        while not os.path.lexists(folder):
            names.append(folder.name)
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is no folder"
        if max(len(os.fsencode(name)) for name in names) > os.pathconf(folder, "PC_NAME_MAX"):
            return os.strerror(errno.ENAMETOOLONG)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".harness-")
        os.close(handle)
        os.unlink(temporary)
    except (OSError, ValueError, RuntimeError) as error:  # a link to itself
        return getattr(error, "strerror", None) or str(error)
    return ""


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename: a reader sees all of it or nothing.

    What is no file (/dev/stdout, a pipe) is written into; of a link, what it leads to is replaced.
    Raises `OutputError`, and leaves an existing file as it was, where that cannot be done.
    """
    try:
        _write(path, data)
    except (OSError, ValueError, RuntimeError) as error:  # a null byte in the name; a link to itself
        said = getattr(error, "strerror", None) or str(error)
        cure = "free the disk, mend its permissions, or name another file"
        raise OutputError(f"{path}: cannot be written: {said}; {cure}") from error


def _write(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file() and not path.is_dir():
        with contextlib.suppress(BrokenPipeError):  # its reader has left: nobody's mistake
            path.write_bytes(data)
        return
    path = path.resolve() if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name[:50]}."  # a character takes up to 4 of the 255 bytes of a name
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with _UMASK:
            umask = os.umask(0)
            os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_record(path: str | Path) -> Record:
    """The record in a file. Raises `RecordError` that says what is wrong with it."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise RecordError(f"{path}: expected a record of harness run, found: {said}") from None
    return from_json(data, str(path))
