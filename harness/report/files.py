"""Writing files so that nothing is ever half-written, and reading records back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from harness.errors import UserError
from harness.report.record import Record, RecordError, from_json


class OutputError(UserError, OSError):
    """A report or record cannot be written where it was asked for."""


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, then rename: a reader sees all of it or nothing.

    Raises `OutputError`, and leaves an existing file as it was, where that cannot be done.
    """
    try:
        _write(path, data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
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
    except OSError as error:
        raise RecordError(f"{path}: expected a record of harness run, found: {error.strerror}") from None
    return from_json(data, str(path))
