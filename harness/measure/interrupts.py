"""Keeping Ctrl-C out of the moments in which half a change has been made."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` without the conversion to enumerations
import contextlib
import threading
from collections.abc import Iterator
from types import FrameType

_put_off: list[list[tuple[int, FrameType | None]]] = []


def interrupted() -> bool:
    """Whether a SIGINT has come that `uninterrupted` puts off: waits in its block are to end."""
    return any(_put_off)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put SIGINT off until the block has ended. For short blocks; nests.

    A signal mask would not do: the signal may go to another thread, and Python then still raises
    `KeyboardInterrupt` in the main one.
    """
    previous = _signal.getsignal(_signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return
    pending: list[tuple[int, FrameType | None]] = []
    _signal.signal(_signal.SIGINT, lambda number, frame: pending.append((number, frame)))
    _put_off.append(pending)
    try:
        yield
    finally:
        _put_off.pop()
        _signal.signal(_signal.SIGINT, previous)
        if pending:
            previous(*pending[0])
