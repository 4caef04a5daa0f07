"""Numbers that equal a baseline's, or differ from these by the same amount for every seed.

The same seeds give two programs the same trials. If every number of a look is equal *to the bit*, the two are
*identical*. If they are equal *up to rounding*, as after a change in the order of sums, the differences are
too small to matter. Either puts the mean inside a region that holds 0, and so supports `equal` and
`no-worse`. It decides nothing if 0 is not inside: for `less`, seeds that differ may still follow.

A program may also differ by the same amount for every seed, as after a changed constant. Such differences
have too few distinct values for a mean's interval. As no seed shows anything else, the median's interval,
which assumes nothing, decides instead.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

from harness.questions import Linear, Question, Region

ROUNDING = 1e-6
"""The relative difference that counts as rounding, as between two commits (`harness.history.change`). It is
far below any useful margin."""

Sameness = Literal["", "constant", "rounding", "identical"]


def sameness(rows: Sequence[Sequence[float]], effect: Linear, values: Sequence[float]) -> Sameness:
    """How the numbers in the first half of each row agree with those in the second half, for every seed.

    `values` are the effects of the rows. Numbers are equal up to rounding if they differ by at most
    `ROUNDING` of the larger, or by at most the `floor`, the size of rounding in an effect.
    """
    pairs = [pair for row in rows for pair in zip(row[: len(row) // 2], row[len(row) // 2 :], strict=True)]
    if all(_bits(now) == _bits(then) for now, then in pairs):
        return "identical"
    floor = effect.floor
    if all(abs(a - b) <= max(ROUNDING * max(abs(a), abs(b)), floor) for a, b in pairs):
        return "rounding"
    size = 1.0 if effect.scale == "log" else max(max(abs(a), abs(b)) for a, b in pairs)
    return "constant" if max(values) - min(values) <= max(ROUNDING * size, floor) else ""


def same_text(same: str, n: int) -> str:
    """The word for numbers that are the same on the first n seeds; '' for others."""
    if not same:
        return ""
    if same == "constant":
        return "the same difference on every seed, so judged by the median"
    how = "identical to the bit" if same == "identical" else f"equal up to rounding ({ROUNDING:g})"
    return f"{how} on the first {n} seeds" if n != 1 else how


def holds_zero(region: Region) -> bool:
    """Whether an effect of 0 lies inside the open region."""
    return region.low < 0 < region.high


def decided_by_zero(question: Question) -> Literal["supported", "refuted"] | None:
    """The verdict that effects of 0 mean; None if they decide nothing."""
    if not holds_zero(question.region):
        return None
    return "refuted" if question.exchanged else "supported"


def _bits(number: float) -> bytes:
    return struct.pack("<d", number)
