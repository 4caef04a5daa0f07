"""A line of a notebook's output that is redrawn again and again while something is measured."""

from __future__ import annotations

import html
import sys
import time
from typing import Any

EVERY = 0.5
"""The least number of seconds between two drawings, each of which is a message to the reader's browser."""
LAST = 8
"""How many of the last messages stay below the line."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; imports nothing to find out."""
    module = sys.modules.get("IPython")
    ask = getattr(module, "get_ipython", None)
    return ask is not None and hasattr(ask(), "kernel")


class NotebookLine:
    """One line that changes in its place, and below it the last messages; IPython's `display` shows both."""

    columns = 1000
    """The columns; a browser wraps or scrolls longer lines."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._text = ""
        self._said: list[str] = []
        self._next = 0.0

    def draw(self, text: str) -> None:
        """Show the text in place of the line; at most every `EVERY` seconds."""
        self._text = text
        if time.monotonic() >= self._next:
            self._show()

    def say(self, text: str) -> None:
        """Show the text below the line, where the last few stay."""
        self._said = [*self._said, text][-LAST:]
        self._show()

    def finish(self) -> None:
        """Show the last text, even if the line was drawn just before."""
        if self._text:
            self._show()

    def _show(self) -> None:
        self._next = time.monotonic() + EVERY
        whole = "\n".join(filter(None, [self._text, *self._said]))
        data = {"text/plain": whole, "text/html": f"<pre>{html.escape(whole)}</pre>"}
        if self._handle is None:
            display = sys.modules["IPython.display"].display
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
