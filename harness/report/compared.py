"""The results of comparing a run with a baseline (`--against`), and their counts.

differs    worse than there by more than the margin, or not equal within it; or it could not be compared
noted      undecided with these seeds, or not covered there
same       identical, no worse, or equal
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from harness.report.record import ComparisonRecord, Record
from harness.text import printable

ComparisonKind = Literal["differs", "noted", "same"]


def comparison_kind(found: ComparisonRecord) -> ComparisonKind:
    """The kind of a comparison's result."""
    if found.verdict == "supported":
        return "same"
    return "noted" if found.verdict in ("inconclusive", "not-covered") else "differs"


def comparisons_line(own: Sequence[ComparisonRecord]) -> str:
    """`Against v0.2.0 (1a2b3c4d5): 1 of 40 quantities differ, 30 identical, 9 no worse or equal.`"""
    counts = Counter(comparison_kind(each) for each in own)
    same = [each for each in own if comparison_kind(each) == "same"]
    identical = sum(each.same == "identical" for each in same)
    rounding = sum(each.same == "rounding" for each in same)
    rest = len(same) - identical - rounding
    parts = [f"{counts['differs']} of {len(own)} quantities differ"] if counts["differs"] else []
    parts += [f"{identical} identical"] if identical else []
    parts += [f"{rounding} equal up to rounding"] if rounding else []
    parts += [f"{rest} no worse or equal within the margin"] if rest else []
    parts += [f"{counts['noted']} noted"] if counts["noted"] else []
    head = "" if counts["differs"] else f"none of {len(own)} quantities differs: "
    return printable(f"Against {own[0].baseline}: {head}{', '.join(parts)}.")


def comparisons_exit_code(record: Record) -> int:
    """1 if a comparison differs."""
    return int(any(comparison_kind(each) == "differs" for each in record.comparisons))


def comparisons_lines(record: Record) -> list[str]:
    """A line for each baseline."""
    baselines = dict.fromkeys(each.baseline for each in record.comparisons)
    return [
        comparisons_line([each for each in record.comparisons if each.baseline == baseline])
        for baseline in baselines
    ]
