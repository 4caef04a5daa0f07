"""The page of what differs between two records, in the design of the page of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.html.templating import render
from harness.report.record import InstanceRecord

Kind = Literal[
    "flipped", "weakened", "changed", "redefined", "not-run", "removed", "added", "shifted", "strengthened",
    "numeric", "identical",
]  # fmt: skip

KINDS: dict[Kind, str] = {
    "flipped": "⇄",
    "weakened": "▿",
    "changed": "Δ",
    "redefined": "§",
    "not-run": "…",
    "removed": "−",
    "added": "+",
    "shifted": "→",
    "strengthened": "▵",
    "numeric": "≈",
    "identical": "=",
}
"""Kind → glyph, from the worst to what needs no look."""
_QUIET: tuple[Kind, ...] = ("numeric", "identical")


@dataclass(frozen=True)
class ComparisonRow:
    """An instance at two commits; None where a record lacks it."""

    id: str
    says: str
    kind: Kind
    before: InstanceRecord | None
    after: InstanceRecord | None
    note: str = ""


@dataclass(frozen=True)
class KindRows:
    """The rows of one kind."""

    kind: Kind
    glyph: str
    rows: tuple[ComparisonRow, ...]
    folded: bool


def comparison_page(
    rows: Sequence[ComparisonRow],
    *,
    before: str,
    after: str,
    title: str = "",
    environment: Sequence[tuple[str, str, str]] = (),
    notes: Sequence[str] = (),
) -> str:
    """The rows as one HTML file, the worst first, what is the same folded.

    `before` and `after` are the commits' hashes; `environment` has (name, before, after) of what differs
    between the places where the two were run.
    """
    groups = [
        KindRows(kind, mark, found, kind in _QUIET)
        for kind, mark in KINDS.items()
        if (found := tuple(row for row in rows if row.kind == kind))
    ]
    return render(
        "comparison.html",
        title=title or "Comparison",
        before=before[:9],
        after=after[:9],
        headline=headline(rows),
        groups=groups,
        total=len(rows),
        environment=environment,
        notes=notes,
    )


def headline(rows: Sequence[ComparisonRow]) -> str:
    """How many instances differ how."""
    if not rows:
        return "There is nothing to compare."
    counts = Counter(row.kind for row in rows)
    same = sum(counts[kind] for kind in _QUIET)
    noun = "instance" if len(rows) == 1 else "instances"
    found = [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind] and kind not in _QUIET]
    return f"{', '.join(found) or 'No verdict differs'}; {same} of {len(rows)} {noun} as before."
