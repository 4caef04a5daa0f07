"""Standard output and standard error that may be closed, full, or of a reader that has left.

What a command does is independent of who reads what it prints: it goes on, writes its files, and ends with
the exit code that it has earned. A reader that left (`harness list | head -1`) and a stream that was closed
(`>&-`) are nobody's mistake. Where standard output cannot be written for another reason (a full disk), one
line on standard error says so when all is done, and the exit code is 4.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, cast

from harness.cli.options import USAGE

_LEFT = (errno.EPIPE, errno.EBADF)


class _Stream(io.RawIOBase):
    """A file descriptor that takes everything; from its first failure on, what is written is dropped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.error: OSError | None = None

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Write it, or drop it."""
        size = len(memoryview(data).cast("B"))
        if self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                return self._retry(data)
            except OSError as error:
                self.error = error
        return size

    def _retry(self, data: bytes | bytearray | memoryview) -> int:
        """Write to a stream that somebody has made non-blocking."""
        import select

        select.select([], [self._descriptor], [])
        return self.write(data)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Always."""
        return True


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Put streams that never fail in place for the block, and settle the exit code that it ends with."""
    _open_those_that_are_closed()
    before = sys.stdout, sys.stderr
    output, errors = _replaced(sys.stdout), _replaced(sys.stderr)
    sys.stdout = output[0] if output else before[0]
    sys.stderr = errors[0] if errors else before[1]
    code: str | int | None = 0
    try:
        yield
    except SystemExit as end:
        code = end.code
    finally:
        for replaced in (output, errors):
            if replaced:
                replaced[0].flush()
        failed = output[1].error if output else None
        sys.stdout, sys.stderr = before
    if failed is not None and failed.errno not in _LEFT:
        if errors:
            said = f"standard output: cannot be written: {failed.strerror}; what was printed is not complete"
            errors[0].write(f"{said}\n")
            errors[0].flush()
        code = USAGE if code in (None, 0, 1, 5) else code
    sys.exit(code)


def _open_those_that_are_closed() -> None:
    """Let descriptors 0 to 2 lead to the null device where they lead nowhere: the next file that is opened
    would else become standard output, and what is printed would be written into it."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest that is free
        if descriptor and getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", closefd=False, encoding="utf-8"))  # noqa: SIM115


def _replaced(stream: object) -> tuple[io.TextIOWrapper, _Stream] | None:
    """A stream for the same descriptor that never fails; None for a stream that is not the system's."""
    if not isinstance(stream, io.TextIOWrapper):
        return None
    try:
        stream.flush()
        raw = _Stream(stream.fileno())
    except (OSError, ValueError):
        return None
    # A name may be no UTF-8, a terminal may know ASCII alone.
    buffer = io.BufferedWriter(cast(Any, raw))
    text = io.TextIOWrapper(buffer, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)
    return text, raw
