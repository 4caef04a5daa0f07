"""`harness ARGUMENTS` in this process, in the current folder."""

from __future__ import annotations

import contextlib
import io
import signal
from collections.abc import Iterator
from unittest import mock

from harness import cli

PATIENCE = 60
"""Seconds after which a command that should answer at once is taken to hang."""


def said(*arguments: str) -> tuple[int, str]:
    """The exit code of the command and all that it printed. Raises TimeoutError where it hangs."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), _alarm():
        try:
            with mock.patch("harness.cli.signal.signal"):  # its handler of SIGTERM is for the command alone
                cli.main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out.flush()
        return code, out.buffer.getvalue().decode()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def end(number: int, frame: object) -> None:
        raise TimeoutError(f"no answer within {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
