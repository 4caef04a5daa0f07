"""The page of one record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.judge import FAILING
from harness.report.agreement import statements
from harness.report.claim_verdicts import CLAIM_VERDICTS, facts, lead
from harness.report.excused import excused
from harness.report.headlines import headlines
from harness.report.html.map_figure import shown_maps
from harness.report.html.sweeps import sweeps
from harness.report.html.templating import render
from harness.report.html.views import ODD, ClaimView, Mark, chunks, claim_views, glyph, verdict_token
from harness.report.record import Record
from harness.report.words import CLAIM_GLYPHS

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_PAST: Mapping[str, Sequence[Mark]] = MappingProxyType({})


@dataclass(frozen=True)
class Filter:
    """A choice of claims: those whose tokens have `token`, and their number."""

    token: str
    glyph: str
    word: str
    count: int


@dataclass(frozen=True)
class TableColumns:
    """The columns that a table has beside those that all tables have."""

    past: bool
    chances: bool

    @property
    def columns(self) -> int:
        """The number of columns."""
        return 5 + self.past + self.chances


def page(
    record: Record,
    *,
    past: Mapping[str, Sequence[Mark]] = _NO_PAST,
    since: str = "",
    changed: Mapping[str, str] = _NOTHING,
    notes: Sequence[str] = (),
    guide: str = "",
) -> str:
    """The record as one HTML file.

    `notes` are shown with the record's own. `past` has the marks of each instance id, one per commit, oldest
    first (the last 20 are shown). `changed` has a word for each instance id that changed since the commit
    `since`. `guide` is the address of docs/reading.md, relative to where the page will be; '' if it is not
    there.
    """
    views = claim_views(
        record.instances, past, changed, statements(record), excused(record.instances, record.maps)
    )
    with_maps = sweeps(views)
    summaries = [view.summary for view in views]
    return render(
        "page.html",
        record=record,
        notes=(*record.notes, *notes),
        title=", ".join(suite.title for suite in record.suites) or "Claims",
        headlines=headlines(record),
        lead=lead(summaries),
        facts=facts(summaries, sum(bool(view.changed) for view in views), since),
        guide=guide,
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


def filters(views: Sequence[ClaimView]) -> list[Filter]:
    """The verdicts that occur, then what is not as expected, and other useful filters."""
    found = Counter(token for view in views for token in view.tokens)
    choices = [
        *((verdict_token(v), CLAIM_GLYPHS[v], v) for v in CLAIM_VERDICTS),
        ("contradicts", "≠", "against its source"),
        ("changed", "Δ", "changed"),
        ("fragile", "≈", "fragile"),
        (ODD, "✗", "not as expected"),
        *((outcome, glyph(outcome), outcome) for outcome in FAILING),
    ]
    return [
        Filter("all", "", "all", len(views)),
        *(Filter(token, mark, word, found[token]) for token, mark, word in choices if found[token]),
    ]
