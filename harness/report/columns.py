"""Tables that fit a terminal: columns are left out, and one is cut, before a row would wrap."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

_MARK = re.compile(r"\x1b\[[0-9;]*m")
"""What colours a text (`harness.cli.say`): it takes no room."""
LEAST = 12
"""Characters that a column which is cut keeps, at least."""


def table_of(
    rows: Sequence[Sequence[str]],
    headers: Sequence[str],
    width: int | None,
    left_out: Sequence[str] = (),
    shortened: str = "",
) -> list[str]:
    """The lines of a table of at most `width` characters: columns of `left_out` go, in this order, as far as
    they must; then the cells of the column `shortened` are cut, but not below `LEAST` characters."""
    kept = list(range(len(headers)))
    for name in (*left_out, ""):
        if width is None or not rows or _width(rows, headers, kept) <= width:
            break
        if name in headers:
            kept.remove(headers.index(name))
    cells = [[row[k] for k in kept] for row in rows]
    names = [headers[k] for k in kept]
    if width is not None and shortened in names and rows:
        place = names.index(shortened)
        over = _width(rows, headers, kept) - width
        widest = max(visible(row[place]) for row in cells)
        room = max(LEAST, len(shortened) + 2, widest - max(0, over))
        cells = [[cut(text, room) if k == place else text for k, text in enumerate(row)] for row in cells]
    return str(tabulate(cells, names, tablefmt="simple", disable_numparse=True)).splitlines()


def cut(text: str, width: int | None) -> str:
    """The text, or its beginning and `…` where it is longer."""
    return text if width is None or len(text) <= width else f"{text[: max(1, width - 1)]}…"


def visible(text: str) -> int:
    """How many characters of a text are seen."""
    return len(_MARK.sub("", text))


def _width(rows: Sequence[Sequence[str]], headers: Sequence[str], kept: Sequence[int]) -> int:
    """Of the table, with two spaces between columns; tabulate gives a header two more."""
    widths = [max(visible(headers[k]) + 2, *(visible(row[k]) for row in rows)) for k in kept]
    return sum(widths) + 2 * (len(kept) - 1)
