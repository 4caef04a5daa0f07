"""Numbers that are a baseline's own, or differ from these by the same on every seed.

The same seeds give two programs the same trials. Where every number of a look is equal *to the bit*, the two
are *identical*; where they are equal *up to rounding*, as after a change in the order of sums, the
differences are too small to matter. Either puts the mean inside a region that holds 0, and so supports
`equal` and `no-worse`. It decides nothing where 0 is not inside: of `less`, the seeds that differ may be yet
to come.

A program may also differ by the same on every seed, as where a constant was changed. Such differences have
too few distinct values for a mean's interval; as no seed shows anything else, the median's, which assumes
nothing, decides in its place.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

from harness.questions import Linear, Question, Region

ROUNDING = 1e-6
"""Relative, as between two commits (`harness.history.change`): far below any margin that is worth asking
for."""

Sameness = Literal["", "constant", "rounding", "identical"]


def sameness(rows: Sequence[Sequence[float]], effect: Linear, values: Sequence[float]) -> Sameness:
    """How the numbers in the first half of each row agree with those in the second, on every seed; `values`
    are the effects of the rows.

    Up to rounding are those that differ by `ROUNDING` of the larger at most, or by the `floor`, the size of
    what is only rounding in an effect.
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
