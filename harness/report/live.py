"""A line at the bottom of a terminal that is redrawn again and again. Messages appear above it.

It requires only that a carriage return leads back to the beginning of the line.
"""

from __future__ import annotations

import os
import time
from typing import TextIO

EVERY = 0.25
"""The least number of seconds between two drawings."""
BAR, SHORT_BAR = 24, 8
"""Characters of the gauge, and of one with little room."""


class LiveLine:
    """The last line of a terminal. Call `clear` at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""
        self._next = 0.0

    @property
    def columns(self) -> int:
        """The current number of columns of the terminal."""
        return _columns(self._stream)

    def draw(self, text: str) -> None:
        """Show the text in place of the line, cut to the terminal's width; at most every `EVERY` seconds."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self._write(text[: self.columns - 1])

    def say(self, text: str) -> None:
        """Print the text above the line."""
        shown = self._shown
        self._write("")
        self._stream.write(text + "\n")
        self._write(shown)

    def clear(self) -> None:
        """Remove the line."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
        self._stream.write(text)
        self._stream.flush()
        self._shown = text


def gauge(done: int, total: int, bar: int = BAR) -> str:
    """`[############------------]`, of 12 out of 24."""
    filled = bar * done // total if total else 0
    return f"[{'#' * filled}{'-' * (bar - filled)}]"


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):  # its size cannot be asked for
        return 80
