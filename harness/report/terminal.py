"""The report on a terminal, in as many columns as it has.

First it says what the run found about the claims, and which are not as expected. Then each claim has three
lines, with a table of its instances if there are few, or if all are asked for. Notes follow. Last, where they
stay on the screen, come the instances that are not as expected, and one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.judge import FAILING
from harness.report.claim_verdicts import ClaimSummary, facts, lead, summaries
from harness.report.columns import Column, table_lines, wrap_words
from harness.report.confirmed import confirmation_text
from harness.report.data import data_used
from harness.report.excused import not_as_expected
from harness.report.findings import first_ids, grouped_by_reason, sentence, why_not_covered
from harness.report.headlines import headlines
from harness.report.maps import map_rows, map_summary
from harness.report.record import InstanceRecord, MapRecord, Record
from harness.report.remarks import of_points
from harness.report.words import (
    GLYPHS,
    advice,
    cited,
    expectation,
    instance_columns,
    point,
    predicate,
    provenance,
    rechecked,
    scope,
    seconds_text,
    summary,
)
from harness.text import printable

FEW = 24
"""The most instances that are shown in tables without `--all`."""
NAMED = 9
"""The most entries named among what is not as expected, unless all is asked for."""
IDS = 3
"""The most instances with the same mistake that are named."""
UNDECIDED = 3
"""The most undecided instances of a claim without expectation for which the report says what they need."""
LEAST, ENDLESS = 40, 10**6
"""Columns of the narrowest terminal for which a report is formatted, and of an unlimited one."""
_VERDICT = 13
"""Columns of a claim's verdict."""

Paint = Callable[[str, str], str]
"""A function of a text and an outcome that gives the text, perhaps coloured."""


def plain(text: str, outcome: str) -> str:
    """The text without colour."""
    return text


def terminal(
    record: Record, paint: Paint = plain, *, width: int | None = None, everything: bool = False
) -> str:
    """The record as text for a terminal of `width` columns (None: as many as lines need).

    With `everything`, it shows all that the record has.
    """
    return "\n".join(_Report(record, paint, width, everything).lines()).lstrip("\n") + "\n"


class _Report:
    def __init__(self, record: Record, paint: Paint, width: int | None, everything: bool) -> None:
        self.record = record
        self.paint = paint
        self.width = ENDLESS if width is None else max(width, LEAST)
        self.everything = everything
        self.claims = summaries(record)
        self.tables = everything or len(record.instances) <= FEW

    def lines(self) -> Iterator[str]:
        record = self.record
        for line in headlines(record):
            yield from self._text(line)
        yield from self._head()
        for claim in self.claims:
            yield ""
            yield from self._claim(claim)
        for found in self.record.maps:
            yield from self._map(found)
        yield from self._uncovered()
        for note in record.notes:
            yield from self._text(f"Note: {note}", hanging="  ")
        yield ""
        for data in data_used(record.instances):
            yield from self._text(f"Data: {data.describe()}", hanging="  ")
        yield from self._text(scope(record))
        if rechecked(record):
            yield from self._text(rechecked(record))
        yield from self._text(provenance(record))
        yield from self._attention()
        yield from self._text(summary(record))

    def _text(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        return wrap_words(printable(text), self.width, indent, hanging)

    def _head(self) -> Iterator[str]:
        """What the run says about the claims, and which of them are not as expected."""
        yield from self._text(", ".join(suite.title for suite in self.record.suites))
        yield from self._text(lead(self.claims))
        if said := facts(self.claims):
            yield from self._text(said)
        odd = [claim for claim in self.claims if claim.unexpected]
        if odd:
            yield ""
            yield "Not as expected (the instances stand at the end):"
        for claim in odd:
            counts = ", ".join(f"{n} {outcome}" for outcome, n in claim.unexpected.items())
            yield from self._text(f"{claim.id}: {counts}", "  ", "    ")

    def _claim(self, claim: ClaimSummary) -> Iterator[str]:
        first = claim.instances[0]
        yield from self._text(f"{claim.id}  ({cited(first.source) or 'no source'})")
        room = self.width - _VERDICT
        says, *more = wrap_words(printable(claim.says), room) or [""]
        worst = next(iter(claim.unexpected), "as-expected")
        yield self.paint(f"{claim.verdict.upper():{_VERDICT}}", worst if claim.unexpected else "") + says
        indent = " " * _VERDICT
        yield from (indent + line for line in more)
        found = [claim.where if len(claim.instances) > 1 else "", claim.effects, claim.source]
        if found := [each for each in found if each]:
            yield from self._text(" · ".join(found), indent)
        if len(claim.instances) == 1 and not claim.unexpected:
            yield from self._text(expectation(first.outcome), indent)
        yield from self._what_it_would_take(claim, indent)
        if self.tables:
            kind = "Boundary" if first.boundary else "Holds when"
            yield from self._text(f"{kind}: {predicate(first)}", "  ", "    ")
            yield from self._table(claim.instances)
            for remark in of_points(claim.instances):
                yield from self._text(remark, "  ", "    ")

    def _table(self, instances: Sequence[InstanceRecord]) -> Iterator[str]:
        columns = [
            Column(heading, [printable(cell) for cell in cells], rank)
            for heading, cells, rank in instance_columns(instances)
        ]
        outcomes = [instance.outcome for instance in instances]
        for line in table_lines(columns, self.width - 2, lambda row, text: self.paint(text, outcomes[row])):
            yield f"  {line}"

    def _what_it_would_take(self, claim: ClaimSummary, indent: str) -> Iterator[str]:
        """What undecided instances without expectation need. No other part of a report mentions them."""
        undecided = [i for i in claim.instances if i.verdict == "inconclusive" and i.outcome == "measured"]
        if self.everything or len(undecided) <= UNDECIDED:
            for i in undecided:
                yield from self._text(f"undecided at {point(i)}: {advice(i)}", indent, indent + "  ")
            return
        seeds = [i.seeds_to_decision for i in undecided if i.seeds_to_decision is not None]
        hours = [i.hours_to_decision for i in undecided if i.hours_to_decision is not None]
        if seeds:
            took = f" ({seconds_text(3600 * sum(hours))} more on one core, all of them)" if hours else ""
            between = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else str(seeds[0])
            said = f"{len(seeds)} of {len(undecided)} undecided: about {between} seeds would decide them"
            yield from self._text(f"{said} as they stand{took}", indent, indent + "  ")

    def _map(self, found: MapRecord) -> Iterator[str]:
        """How far a map is, and where the boundaries lie, as a table."""
        yield ""
        yield from self._text(f"map {found.id}: {found.title}", hanging="  ")
        yield from self._text(map_summary(found, self.record.instances), "  ", "    ")
        head, *rows = map_rows(found, self.record.instances)
        if rows:
            cells = [[printable(cell) for cell in column] for column in zip(*rows, strict=True)]
            columns = [Column(printable(h), column) for h, column in zip(head, cells, strict=True)]
            yield from (f"  {line}" for line in table_lines(columns, self.width - 2))

    def _uncovered(self) -> Iterator[str]:
        uncovered = [i for i in self.record.instances if i.outcome == "not-covered"]
        if uncovered:
            yield from ("", "Not covered:")
        shown = uncovered if self.everything else uncovered[:NAMED]
        for i in shown:
            said = f"{GLYPHS[i.outcome]} {i.id}: {why_not_covered(i)}"
            yield from self._text(said, "  ", "      ")
        yield from self._more(len(uncovered) - len(shown))

    def _attention(self) -> Iterator[str]:
        attention = sorted(not_as_expected(self.record), key=lambda i: FAILING.index(i.outcome))
        yield ""
        if attention:
            yield "Not as expected:"
        groups = grouped_by_reason(attention)
        shown = groups if self.everything else groups[:NAMED]
        for group in shown:
            instance = group[0]
            mark = f"{GLYPHS[instance.outcome]} {instance.outcome}"
            what = f"{instance.id}: {sentence(instance)}"
            if len(group) > 1:
                what = f"{len(group)} instances: {first_ids(group, IDS)}"
            first, *more = self._text(f"{mark}  {what}", "  ", "      ")
            yield from (first.replace(mark, self.paint(mark, instance.outcome), 1), *more)
            second = confirmation_text(instance) if len(group) == 1 else ""
            for text in filter(None, (second, advice(instance))):
                for line in text.splitlines():
                    yield from self._text(line, "      ")
        yield from self._more(sum(map(len, groups)) - sum(map(len, shown)))

    def _more(self, left: int) -> Iterator[str]:
        if left:
            yield f"  and {left} more: --all shows them"
