"""The page of one record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.judge import FAILING
from harness.report import words
from harness.report.agreement import statements
from harness.report.headlines import headlines
from harness.report.html.map_figure import shown_maps
from harness.report.html.sweeps import sweeps
from harness.report.html.templating import render
from harness.report.html.views import ClaimView, Mark, chunks, claim_views, glyph
from harness.report.record import InstanceRecord, Record

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_PAST: Mapping[str, Sequence[Mark]] = MappingProxyType({})


@dataclass(frozen=True)
class Filter:
    """A choice of rows: those whose tokens have `token`."""

    token: str
    glyph: str
    word: str
    count: int


@dataclass(frozen=True)
class TableColumns:
    """Which columns a table has beside those that all have."""

    past: bool
    chances: bool

    @property
    def columns(self) -> int:
        """How many it has."""
        return 6 + self.past + self.chances


def page(
    record: Record,
    *,
    past: Mapping[str, Sequence[Mark]] = _NO_PAST,
    since: str = "",
    changed: Mapping[str, str] = _NOTHING,
    notes: Sequence[str] = (),
) -> str:
    """The record as one HTML file.

    `notes` are shown with the record's own.
    `past` has the marks of each instance id, one per commit, oldest first (the last 20 are shown).
    `changed` has a word for each instance id that is not as it was at the commit `since`.
    """
    views = claim_views(record.instances, past, changed, statements(record))
    with_maps = sweeps(views)
    return render(
        "page.html",
        record=record,
        notes=(*record.notes, *notes),
        title=", ".join(suite.title for suite in record.suites) or "Claims",
        headlines=headlines(record),
        headline=headline(views, since),
        chunks=chunks(views),
        filters=filters(views),
        has=TableColumns(
            past=any(past.get(i.id) for i in record.instances),
            chances=any(i.reproducibility is not None or i.fragile for i in record.instances),
        ),
        sweeps=with_maps,
        swept={sweep.claim.anchor for sweep in with_maps},
        timed=[i for i in record.instances if i.timings],
        maps=shown_maps(record),
    )


def headline(views: Sequence[ClaimView], since: str) -> str:
    """How many claims came out how, and how many instances changed, in a sentence."""
    if not views:
        return "Nothing was judged."
    counts = Counter(view.outcome for view in views)
    definite = sum(counts.values()) - counts["measured"] - counts["not-covered"]
    noun = "claim" if (definite or len(views)) == 1 else "claims"
    if definite:
        found = [f"{counts['as-expected']} of {definite} {noun} as expected"]
    else:
        found = [f"{len(views)} {noun}, of which nothing was expected"]
    said = [f"{counts[o]} {o}" for o in (*FAILING, "not-covered") if counts[o]]
    if definite and counts["measured"]:
        said.append(f"{counts['measured']} only measured")
    found += [", ".join(said)] if said else []
    moved = sum(bool(row.changed) for view in views for row in view.instances)
    if since:
        what = "nothing" if not moved else f"{moved} instance{'s' if moved > 1 else ''}"
        found.append(f"{what} changed since {since[:9] if since.isalnum() else since[:200]}")
    return f"{'; '.join(found)}."


def filters(views: Sequence[ClaimView]) -> list[Filter]:
    """The outcomes that occur, the worst first, then what else one may look for."""
    instances: list[InstanceRecord] = [row.record for view in views for row in view.instances]
    found = Counter(token for view in views for row in view.instances for token in row.tokens)
    choices = [Filter(o, glyph(o), o, found[o]) for o in (*words.ORDER, "other") if found[o]]
    choices += [
        Filter(token, mark, word, found[token])
        for token, mark, word in (
            ("changed", "Δ", "changed"),
            ("contradicts", "≠", "against its source"),
            ("fragile", "≈", "fragile"),
        )
        if found[token]
    ]
    return [Filter("all", "", "all", len(instances)), *choices]
