"""Tables for a terminal that are never wider than it: columns are left out, and rows are not wrapped."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NARROW = 80
"""The columns assumed for an unknown terminal."""
GAP = "  "


@dataclass(frozen=True)
class Column:
    """Heading and cells.

    If there is too little room, the column with the highest `rank` is left out first.
    """

    heading: str
    cells: Sequence[str]
    rank: int = 0
    """The rank; a column of rank 0 is never left out."""

    @property
    def width(self) -> int:
        """The width of its widest cell."""
        return max(map(cells_wide, (self.heading, *self.cells)))


def columns_that_fit(columns: Sequence[Column], room: int) -> list[Column]:
    """The columns for which there is room, in their order, without those whose cells are all empty."""
    kept = [column for column in columns if any(column.cells)]
    while sum(c.width + len(GAP) for c in kept) - len(GAP) > room and any(c.rank for c in kept):
        kept.remove(max(kept, key=lambda c: c.rank))
    return kept


def table_lines(
    columns: Sequence[Column], room: int, paint: Callable[[int, str], str] = lambda row, text: text
) -> list[str]:
    """The lines of a table. `paint` colours the first cell of each row; its cells are printable."""
    kept = columns_that_fit(columns, room)
    lines = [_line([c.heading for c in kept], kept), _line(["-" * c.width for c in kept], kept)]
    for place in range(len(kept[0].cells) if kept else 0):
        cells = [_padded(column.cells[place], column.width) for column in kept]
        first = paint(place, cells[0])
        lines.append(GAP.join([first, *cells[1:]]).rstrip())
    return [_cut(line, room) if "\x1b" not in line else line for line in lines]


def wrap_words(text: str, room: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """A text in lines of at most `room` columns. Longer words stay whole."""
    lines: list[str] = []
    for each in text.splitlines() or [""]:
        lines += textwrap.wrap(
            each,
            max(room, len(indent) + 20),
            initial_indent=indent if not lines else hanging if hanging is not None else indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def cells_wide(text: str) -> int:
    """How many cells of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _line(cells: Sequence[str], columns: Sequence[Column]) -> str:
    return GAP.join(_padded(cell, c.width) for cell, c in zip(cells, columns, strict=True)).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells_wide(text))


def _cut(line: str, room: int) -> str:
    """The beginning of a line that is still too long after all optional columns are left out."""
    while cells_wide(line) > room:
        line = f"{line[:-2].rstrip('…')}…"
    return line
