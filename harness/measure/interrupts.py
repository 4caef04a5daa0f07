"""Keeping Ctrl-C out of the moments in which half a change has been made."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` without the conversion to enumerations
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_put_off: list[list[tuple[int, FrameType | None]]] = []


def interrupted() -> bool:
    """Whether a SIGINT has come that `uninterrupted` puts off: waits in its block are to end."""
    return any(_put_off)


class uninterrupted:  # noqa: N801  # a context manager, used as a function; a generator takes twice as long
    """Put SIGINT off until the block has ended. For short blocks; nests.

    A signal mask would not do: the signal may go to another thread, and Python then still raises
    `KeyboardInterrupt` in the main one.
    """

    __slots__ = ("_pending", "_previous")

    def __enter__(self) -> None:
        self._previous: Callable[[int, FrameType | None], Any] | None = None
        if _put_off or threading.get_ident() != threading.main_thread().ident:
            return  # a block around this one puts it off
        previous = _signal.getsignal(_signal.SIGINT)
        if not callable(previous):
            return
        pending: list[tuple[int, FrameType | None]] = []
        _signal.signal(_signal.SIGINT, lambda number, frame: pending.append((number, frame)))
        self._previous, self._pending = previous, pending
        _put_off.append(pending)

    def __exit__(self, *exception: object) -> None:
        if self._previous is None:
            return
        _put_off.pop()
        _signal.signal(_signal.SIGINT, self._previous)
        if self._pending:
            self._previous(*self._pending[0])
