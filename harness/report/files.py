"""Writes files so that no file is ever half-written, and reads records back."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import tempfile
import threading
from pathlib import Path

from harness.disk import kind, of_system, open_flags, read
from harness.errors import UserError
from harness.report.record import Record, RecordError, from_json
from harness.shipped import located_record
from harness.temporary import temporary_file

_UMASK = threading.Lock()
"""Guards the umask, which can only be read by changing it: two threads at once would leave it changed."""
_OWN = re.compile(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/([0-9]{1,6})")
"""Names of this process's own descriptors."""


class OutputError(UserError, OSError):
    """A report or record cannot be written where it was asked for."""


def hindrance(path: Path) -> str:
    """Why `write_whole` could not write at the path now; '' if it could. Leaves nothing behind."""
    try:
        if "\0" in str(path):
            return "a null byte in its name"
        if path.is_dir() and not path.is_symlink():  # a link is replaced, not followed
            return os.strerror(errno.EISDIR)
        if of_system(path) or kind(path) in ("a named pipe", "a device"):
            return "" if os.access(path, os.W_OK) else os.strerror(errno.EACCES)
        names, folder = [path.name], path.parent
        while not os.path.lexists(folder):
            names.append(folder.name)
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is no folder"
        if max(len(os.fsencode(name)) for name in names) > _longest_name(folder):
            return os.strerror(errno.ENAMETOOLONG)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".harness-")
        os.close(handle)
        os.unlink(temporary)
    except (OSError, ValueError, RuntimeError) as error:  # a link to itself
        return getattr(error, "strerror", None) or str(error)
    return ""


def _longest_name(folder: Path) -> int:
    """The longest name in bytes; on Windows, which does not say it, what its file systems accept."""
    return os.pathconf(folder, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename: a reader sees all of it or nothing.

    A pipe that a process reads, and the system's own (/dev/stdout), are written into. A link is replaced, not
    followed, because it may have been planted and lead anywhere. Raises `OutputError`, and does not change an
    existing file, if writing fails.
    """
    try:
        _write(path, data)
    except (OSError, ValueError, RuntimeError) as error:  # a null byte in the name; a link to itself
        said = getattr(error, "strerror", None) or str(error)
        cure = "free the disk, mend its permissions, or name another file"
        raise OutputError(f"{path}: cannot be written: {said}; {cure}") from error


def _write(path: Path, data: bytes) -> None:
    if of_system(path) or kind(path) in ("a named pipe", "a device"):
        with contextlib.suppress(BrokenPipeError):  # a reader that has left is not an error
            _write_into(path, data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # A character takes up to 4 of the 255 bytes of a name.
    with temporary_file(path.parent, f".{path.name[:50]}.new-") as (file, temporary):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        with _UMASK:
            umask = os.umask(0)
            os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        if os.name == "nt":  # there, a file cannot be renamed while it is open, or locked
            file.close()
        os.replace(temporary, path)


def _write_into(path: Path, data: bytes) -> None:
    """Write into a path that is not a file, if a process reads it: opening a pipe without a reader fails."""
    own = _OWN.fullmatch(os.path.abspath(path))
    if own:
        sys.stdout.flush()
        descriptor = os.dup({"stdout": 1, "stderr": 2}[own[1]] if own[1] else int(own[2]))
    else:
        descriptor = os.open(path, os.O_WRONLY | open_flags("NONBLOCK", "CLOEXEC"))
        os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def read_record(path: str | Path) -> Record:
    """The record in a file.

    Arguments:
        path: a file that a run wrote, of this version or an earlier one; or "@NAME", the published record of
            a suite that comes with harness.

    Returns:
        A `Record`.

    Raises:
        RecordError: the file cannot be read, is not a record, or is of a later version.
        UnknownSuiteError: there is no such published record.

    >>> harness.read_record(folder / "reports" / "toys.json").suites[0].title
    'Toys'
    """
    try:
        data = read(located_record(path))
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise RecordError(f"{path}: expected a record of harness run, found: {said}") from None
    if str(path).endswith(".toml") and not data.lstrip().startswith(b"{"):
        made = f"a suite: `harness run {path}` makes one"
        raise RecordError(f"{path}: expected a record (JSON), found {made}")
    return from_json(data, str(path))
