"""Writing files so that nothing is ever half-written, and reading records back."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from harness.errors import UserError
from harness.report.record import Record, RecordError, from_json
from harness.report.temporary import temporary_file

_UMASK = threading.Lock()
"""The umask can only be read by changing it: two threads at once would leave it changed."""


class OutputError(UserError, OSError):
    """A report or record cannot be written where it was asked for."""


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
    with temporary_file(path.parent, f".{path.name[:100]}.new-") as (file, temporary):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        with _UMASK:
            umask = os.umask(0)
            os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)


def read_record(path: str | Path) -> Record:
    """The record in a file. Raises `RecordError` that says what is wrong with it."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise RecordError(f"{path}: expected a record of harness run, found: {said}") from None
    return from_json(data, str(path))
