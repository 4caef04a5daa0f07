"""The report on a terminal: what is not as expected, a table for each claim, then one sentence.

A record of more than `FEW` instances is shown in short, a line for each claim, unless everything is wanted;
what is not as expected then stands first and last. Rows are never wrapped: columns are left out instead, and
what is cut ends with `…`.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence

from tabulate import tabulate

from harness.report.agreement import agreement_line, statements
from harness.report.columns import cut, table_of, visible
from harness.report.confirmed import confirmation_text
from harness.report.data import data_used
from harness.report.findings import first_ids, grouped_by_reason, sentence, why_not_covered
from harness.report.headlines import headlines
from harness.report.maps import map_rows, map_summary, not_as_expected
from harness.report.record import InstanceRecord, MapRecord, Record
from harness.report.remarks import of_points
from harness.report.verdicts import verdict_sentence
from harness.report.words import (
    GLYPHS,
    HEADERS,
    ORDER,
    advice,
    by_claim,
    cited,
    predicate,
    provenance,
    rechecked,
    row,
    scope,
    summary,
)
from harness.text import printable

IDS = 3
"""How many of the instances that have the same mistake are named."""
FEW = 40
"""The most instances that are shown one by one without being asked for: about a screen of them."""
LAST = 10
"""How many of the instances that are not as expected are named again at the end of many."""
LEFT_OUT = ("core-s", "again", "stance", "region", "control", "n")
"""Columns of a table in the order in which they are left out, where there is no room."""
LEFT_OUT_LAST = ("estimate",)
"""Those that go where it is not enough to cut the points."""

Paint = Callable[[str, str], str]
"""(text, outcome) → text, perhaps coloured."""


def plain(text: str, outcome: str) -> str:
    """No colour."""
    return text


def terminal(
    record: Record, paint: Paint = plain, *, width: int | None = None, everything: bool = True
) -> str:
    """The record as text for a terminal of `width` columns (None: as wide as it takes).

    `everything`: every instance, also where there are many.
    """
    many = len(record.instances) > FEW
    failing = grouped_by_reason(not_as_expected(record))
    lines = _prose([printable(line) for line in headlines(record)], width)
    if many:
        lines += ["", *_prose([verdict_sentence(record), summary(record)], width)]
        lines += _attention(failing, paint, width)
    if many and not everything:
        lines += _claims_in_short(record, width)
    else:
        lines += _claims(record, paint, width)
    lines += [line for found in record.maps for line in _map_lines(found, record)]
    if not many:
        lines += _attention(failing, paint, width)
    lines += _undecided(record, width)
    uncovered = [i for i in record.instances if i.outcome == "not-covered"]
    if uncovered:
        lines += ["", "Not covered:"]
        said = [f"{GLYPHS[i.outcome]} {printable(f'{i.id}: {why_not_covered(i)}')}" for i in uncovered]
        shown = said if everything or not many else said[:LAST]
        lines += _prose(shown, width, indent="  ")
        lines += [f"  … and {len(said) - len(shown)} more"] if len(said) > len(shown) else []
    foot = [f"Note: {printable(note)}" for note in record.notes]
    foot += [f"Data: {printable(data.describe())}" for data in data_used(record.instances)]
    foot += ["", scope(record), *filter(None, [printable(rechecked(record))]), printable(provenance(record))]
    lines += _prose(foot, width)
    if many:
        lines += _once_more(failing, paint, width)
        if not everything:
            lines += _prose(["--all shows every instance."], width)
    lines += _prose([summary(record)], width)
    return "\n".join(lines).lstrip("\n") + "\n"


def _claims(record: Record, paint: Paint, width: int | None) -> list[str]:
    """A table for each claim, a row for each instance."""
    lines: list[str] = []
    stated = {claim.id: claim for claim in statements(record)}
    for name, instances in by_claim(record.instances).items():
        first = instances[0]
        lines += ["", *_prose([printable(f"{name}  ({cited(first.source) or 'no source'})")], width)]
        said = [printable(first.claim_says), printable(predicate(first))]
        if name in stated and (agreed := agreement_line(stated[name])):
            said.append(printable(agreed))
        lines += _prose(said, width, indent="  ")
        rows = []
        for instance in instances:
            cells = tuple(map(printable, row(instance)))
            rows.append((paint(cells[0], instance.outcome), *cells[1:]))
        room = None if width is None else width - 2
        lines += ["  " + line for line in table_of(rows, HEADERS, room, LEFT_OUT, "at", LEFT_OUT_LAST)]
        lines += _prose([printable(remark) for remark in of_points(instances)], width, indent="  ")
    return lines


def _claims_in_short(record: Record, width: int | None) -> list[str]:
    """A line for each claim: how its instances came out, and where it holds."""
    stated = {claim.id: claim for claim in statements(record)}
    rows = []
    for name, instances in by_claim(record.instances).items():
        counts = Counter[str](instance.outcome for instance in instances)
        outcomes = " ".join(f"{counts[o]}{GLYPHS[o]}" for o in ORDER if counts[o])
        found = agreement_line(stated[name]) if name in stated else ""
        rows.append((outcomes, printable(name), printable(found or instances[0].verdict)))
    legend = ", ".join(f"{GLYPHS[o]} {o}" for o in ORDER if any(i.outcome == o for i in record.instances))
    table = table_of(rows, ("instances", "claim", "found"), width, (), shortened="found")
    return ["", *table, *_prose([f"({legend})"], width)]


def _attention(groups: Sequence[Sequence[InstanceRecord]], paint: Paint, width: int | None) -> list[str]:
    """What is not as expected, and what it would take."""
    lines = ["", "Not as expected:"] if groups else []
    for group in groups:
        instance = group[0]
        mark = paint(f"{GLYPHS[instance.outcome]} {instance.outcome}", instance.outcome)
        what = f"{instance.id}: {sentence(instance)}"
        if len(group) > 1:
            what = f"{len(group)} instances: {first_ids(group, IDS)}"
        room = None if width is None else width - 4 - visible(mark)
        head, *rest = _prose([printable(what)], room)
        lines += [f"  {mark}  {head}", *(f"      {line}" for line in rest)]
        second = confirmation_text(instance) if len(group) == 1 else ""
        said = "\n".join(filter(None, [second, advice(instance)]))
        lines += _prose([printable(line) for line in said.splitlines()], width, indent="      ")
    return lines


def _once_more(groups: Sequence[Sequence[InstanceRecord]], paint: Paint, width: int | None) -> list[str]:
    """The same in short, for whoever sees the end of the report first."""
    lines = ["", "Not as expected:"] if groups else []
    for group in groups[:LAST]:
        instance = group[0]
        mark = paint(f"{GLYPHS[instance.outcome]} {instance.outcome}", instance.outcome)
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        what = printable(f"{instance.id}{more}: {sentence(instance)}")
        lines.append(f"  {mark}  {cut(what, None if width is None else width - 4 - visible(mark))}")
    more_groups = len(groups) - LAST
    return [*lines, f"  … and {more_groups} more, above"] if more_groups > 0 else lines


def _undecided(record: Record, width: int | None) -> list[str]:
    """What it would take to decide what nothing is expected of: at most `LAST` instances."""
    found = [i for i in record.instances if i.outcome == "measured" and i.verdict == "inconclusive"]
    if not found:
        return []
    lines = ["", "Undecided, where nothing was expected:"]
    for instance in found[:LAST]:
        lines += _prose([f"? {printable(f'{instance.id}: {advice(instance)}')}"], width, indent="  ")
    more = len(found) - LAST
    return [*lines, f"  … and {more} more"] if more > 0 else lines


def _prose(texts: Sequence[str], width: int | None, indent: str = "") -> list[str]:
    """Texts in lines that fit, broken between words; a word that is longer than a line stays whole."""
    if width is None:
        return [indent + text for text in texts]
    lines: list[str] = []
    for text in texts:
        lines += textwrap.wrap(
            text, max(20, width), initial_indent=indent, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    return lines


def _map_lines(found: MapRecord, record: Record) -> list[str]:
    """A map: how far it is, and where the boundaries lie, as a table."""
    lines = ["", printable(f"map {found.id}: {found.title}")]
    lines += [f"  {printable(map_summary(found, record.instances))}"]
    head, *rows = ([printable(cell) for cell in row] for row in map_rows(found, record.instances))
    table = tabulate(rows, head, tablefmt="simple", disable_numparse=True)
    return lines + ["  " + line for line in table.splitlines()] if rows else lines
