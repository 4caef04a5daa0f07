"""Explored seeds: those on which a suite's expectations were formed, and which cannot judge them.

An expectation that was set to what some seeds gave comes true on these seeds by construction. So a suite
names them, `[suite] explored = [[0, 242]]`, and its claims begin at the first seed beyond. A claim may add
ranges of its own. Seeds stay absolute: seed 7 is the same trial, whatever is explored.

    range     (low, high), both included
    ranges    sorted, and apart: ranges that overlap or touch have become one
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from harness.suite.errors import shown
from harness.suite.reader import Table, convert

Range = tuple[int, int]
Ranges = tuple[Range, ...]

LAST = 2**31 - 1
"""The largest seed that may be explored: claims begin beyond it, and NumPy's generators take 32 bits."""
MOST = 1000
"""How many ranges may be named: each instance's record repeats those of its claim."""

Seed = Annotated[int, msgspec.Meta(ge=0, le=LAST)]
EXPECTED = f"ranges of seeds, [[low, high], …] with 0 ≤ low ≤ high ≤ {LAST:,}"


def take_explored(table: Table) -> Ranges:
    """The key `explored` of `[suite]` or of a claim; with a mistake, what could be read of it."""
    raw = table.take("explored", list[Any], [], expected=EXPECTED)
    path = (*table.path, "explored")
    if len(raw) > MOST:
        table.notes.add(path, f"at most {MOST:,} ranges of seeds", f"{len(raw):,}")
        return ()
    if len(raw) == 2 and all(type(item) is int for item in raw):
        table.notes.add(path, EXPECTED, shown(raw), f"did you mean [{shown(raw)}]?")
        return ()
    found: list[Range] = []
    for index, item in enumerate(raw):
        try:
            low, high = convert(item, tuple[Seed, Seed])
        except msgspec.ValidationError:
            table.notes.add((*path, index), EXPECTED, shown(item))
            continue
        if low > high:
            table.notes.add((*path, index), f"{EXPECTED}: the lower end first", shown(item))
            continue
        found.append((low, high))
    return merged(found)


def merged(ranges: Iterable[Range]) -> Ranges:
    """The same seeds as ranges that are sorted and apart."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def first_beyond(ranges: Iterable[Range]) -> int:
    """The first seed that lies beyond all of the ranges; 0 without any."""
    return max((high + 1 for _, high in ranges), default=0)


def meets(ranges: Iterable[Range], seeds: range) -> bool:
    """Whether one of the seeds, which follow each other, is in a range."""
    return bool(seeds) and any(low <= seeds[-1] and seeds[0] <= high for low, high in ranges)


def covers(ranges: Iterable[Range], seeds: range) -> bool:
    """Whether all of the seeds, which follow each other, are in ranges."""
    return not seeds or any(low <= seeds[0] and seeds[-1] <= high for low, high in merged(ranges))


def in_words(ranges: Iterable[Range]) -> str:
    """`0 to 242, 1000`."""
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in ranges)
