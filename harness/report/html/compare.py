"""The page of what differs between two records, in the design of a record's page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.change import CHANGE_GLYPHS, KINDS, QUIET, Change, ChangeKind
from harness.report.html.templating import render


@dataclass(frozen=True)
class KindRows:
    """The rows of one kind."""

    kind: ChangeKind
    glyph: str
    rows: tuple[Change, ...]
    folded: bool


def comparison_page(
    rows: Sequence[Change],
    *,
    before: str,
    after: str,
    title: str = "",
    environment: Sequence[tuple[str, str, str]] = (),
    notes: Sequence[str] = (),
    agreements: Sequence[tuple[str, str]] = (),
) -> str:
    """The rows as one HTML file, the worst first, with what is the same folded.

    `before` and `after` are the commits' hashes. `environment` has (name, before, after) of what differs
    between the places where the two were run. `agreements` has (claim, how) for claims whose agreement with
    their source changed.
    """
    groups = [
        KindRows(kind, CHANGE_GLYPHS[kind], found, kind in QUIET)
        for kind in KINDS
        if (found := tuple(row for row in rows if row.kind == kind))
    ]
    return render(
        "comparison.html",
        title=title or "Comparison",
        before=before[:9],
        after=after[:9],
        headline=change_headline(rows),
        groups=groups,
        total=len(rows),
        environment=environment,
        notes=notes,
        agreements=agreements,
    )


def change_headline(rows: Sequence[Change]) -> str:
    """How many instances differ, and how."""
    if not rows:
        return "There is nothing to compare."
    counts = Counter(row.kind for row in rows)
    same = counts["identical"] + counts["numeric"]
    noun = "instance" if len(rows) == 1 else "instances"
    others = [kind for kind in KINDS if counts[kind] and kind not in ("identical", "numeric")]
    found = [f"{counts[kind]} {kind}" for kind in others]
    return f"{', '.join(found) or 'No verdict differs'}; {same} of {len(rows)} {noun} as before."
