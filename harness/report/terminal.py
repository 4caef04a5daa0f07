"""The report on a terminal: a table for each claim, then what needs attention, then one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tabulate import tabulate

from harness.report.agreement import agreement_line, statements
from harness.report.confirmed import confirmation_text
from harness.report.data import data_used
from harness.report.findings import first_ids, grouped_by_reason, sentence, why_not_covered
from harness.report.headlines import headlines
from harness.report.maps import map_rows, map_summary, not_as_expected
from harness.report.record import MapRecord, Record
from harness.report.remarks import of_points
from harness.report.words import (
    GLYPHS,
    HEADERS,
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

Paint = Callable[[str, str], str]
"""(text, outcome) → text, perhaps coloured."""


def plain(text: str, outcome: str) -> str:
    """No colour."""
    return text


def terminal(record: Record, paint: Paint = plain) -> str:
    """The record as text for a terminal."""
    lines = [printable(line) for line in headlines(record)]
    stated = {claim.id: claim for claim in statements(record)}
    for name, instances in by_claim(record.instances).items():
        first = instances[0]
        lines += ["", printable(f"{name}  ({cited(first.source) or 'no source'})")]
        lines += [f"  {printable(first.claim_says)}", f"  {printable(predicate(first))}"]
        if name in stated and (said := agreement_line(stated[name])):
            lines += [f"  {printable(said)}"]
        rows = []
        for instance in instances:
            cells = tuple(map(printable, row(instance)))
            rows.append((paint(cells[0], instance.outcome), *cells[1:]))
        table = tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True)
        lines += ["  " + line for line in table.splitlines()]
        lines += [f"  {printable(remark)}" for remark in of_points(instances)]
    lines += [line for found in record.maps for line in _map_lines(found, record)]
    attention = not_as_expected(record)
    if attention:
        lines += ["", "Not as expected:"]
    for group in grouped_by_reason(attention):
        instance = group[0]
        mark = paint(f"{GLYPHS[instance.outcome]} {instance.outcome}", instance.outcome)
        what = f"{instance.id}: {sentence(instance)}"
        if len(group) > 1:
            what = f"{len(group)} instances: {first_ids(group, IDS)}"
        lines.append(f"  {mark}  {printable(what)}")
        second = confirmation_text(instance) if len(group) == 1 else ""
        said = "\n".join(filter(None, [second, advice(instance)]))
        if said:
            lines += [f"      {printable(line)}" for line in said.splitlines()]
    uncovered = [i for i in record.instances if i.outcome == "not-covered"]
    if uncovered:
        lines += ["", "Not covered:"]
        lines += [f"  {GLYPHS[i.outcome]} {printable(f'{i.id}: {why_not_covered(i)}')}" for i in uncovered]
    lines += [f"Note: {printable(note)}" for note in record.notes]
    lines += [f"Data: {printable(data.describe())}" for data in data_used(record.instances)]
    lines += ["", scope(record)]
    lines += [printable(rechecked(record))] if rechecked(record) else []
    lines += [printable(provenance(record)), summary(record)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _map_lines(found: MapRecord, record: Record) -> list[str]:
    """A map: how far it is, and where the boundaries lie, as a table."""
    lines = ["", printable(f"map {found.id}: {found.title}")]
    lines += [f"  {printable(map_summary(found, record.instances))}"]
    head, *rows = ([printable(cell) for cell in row] for row in map_rows(found, record.instances))
    table = tabulate(rows, head, tablefmt="simple", disable_numparse=True)
    return lines + ["  " + line for line in table.splitlines()] if rows else lines
