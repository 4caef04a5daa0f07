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
    last: Sequence[str] = (),
) -> list[str]:
    """The lines of a table of at most `width` characters.

    Columns of `left_out` go, in this order, as far as they must; then the cells of the column `shortened` are
    cut, but not below `LEAST` characters; where that is not enough, the columns `last` go as well.
    """
    widths = [max([visible(h) + 2, *(visible(row[k]) for row in rows)]) for k, h in enumerate(headers)]
    least = [
        min(w, max(LEAST, len(h) + 2)) if h == shortened else w for h, w in zip(headers, widths, strict=True)
    ]
    kept = list(range(len(headers)))
    if width is not None:
        kept = _fitting(kept, headers, widths, left_out, width)
        kept = _fitting(kept, headers, least, last, width)
        over = max(0, _total(widths, kept) - width)
        rows = [[_cell(row[k], widths[k] - over, headers[k] == shortened) for k in kept] for row in rows]
    return str(
        tabulate(rows, [headers[k] for k in kept], tablefmt="simple", disable_numparse=True)
    ).splitlines()


def _fitting(
    kept: list[int], headers: Sequence[str], widths: Sequence[int], left_out: Sequence[str], width: int
) -> list[int]:
    """The columns without those of `left_out` that must go."""
    for name in left_out:
        if _total(widths, kept) > width:
            kept = [k for k in kept if headers[k] != name]
    return kept


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    """With two spaces between columns; tabulate gives a header two more than its length."""
    return sum(widths[k] for k in kept) + 2 * (len(kept) - 1)


def _cell(text: str, room: int, shortened: bool) -> str:
    return cut(text, max(LEAST, room)) if shortened else text


def cut(text: str, width: int | None) -> str:
    """The text, or its beginning and `…` where it is longer."""
    return text if width is None or len(text) <= width else f"{text[: max(1, width - 1)]}…"


def visible(text: str) -> int:
    """How many characters of a text are seen."""
    return len(_MARK.sub("", text))
