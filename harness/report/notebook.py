"""What a notebook and an interactive Python show of a record: its `repr`, and a table."""

from __future__ import annotations

import html
from collections import Counter

from harness.judge import FAILING
from harness.report.agreement import agreement_line, statements
from harness.report.dates import moment
from harness.report.headlines import headlines
from harness.report.record import InstanceRecord, Record
from harness.report.words import (
    GLYPHS,
    ORDER,
    by_claim,
    commit_text,
    effect,
    interval_text,
    provenance,
    summary,
)
from harness.text import printable

ROWS = 60
"""The most claims that a notebook shows; those that failed come first."""
_CELL = "text-align:left;vertical-align:top;padding:0.2em 0.8em 0.2em 0"


def short_instance(instance: InstanceRecord) -> str:
    """The `repr` of an instance: id, verdict, outcome, seeds, estimate and interval."""
    parts = [instance.verdict]
    parts += [instance.outcome] if instance.outcome != instance.verdict else []
    parts += [f"n = {instance.n}"] if instance.n else []
    numbers = [effect(instance.estimate, instance.unit)] if instance.estimate is not None else []
    numbers += [interval_text(instance.interval, instance.unit)] if instance.interval != (None, None) else []
    parts += [" ".join(numbers)] if numbers else []
    return printable(f"<{instance.id}: {', '.join(parts)}>")


def short_record(record: Record) -> str:
    """The `repr` of a record: titles, how its instances came out, commit and day."""
    titles = ", ".join(suite.title for suite in record.suites) or "no suite"
    began = moment(record.started)
    when = [] if began is None else [f"{began:%Y-%m-%d}"]
    where = ", ".join([commit_text(record.commit), *when])
    return printable(f"<Record of {titles}: {summary(record)} {where}>")


def record_html(record: Record) -> str:
    """The sentence of a record and a row for each claim, as HTML that acts on nothing and loads nothing."""
    stated = {claim.id: claim for claim in statements(record)}
    groups = sorted(by_claim(record.instances).items(), key=lambda item: _worst(item[1]))
    rows = []
    for name, instances in groups[:ROWS]:
        counts = Counter[str](instance.outcome for instance in instances)
        outcomes = "<br>".join(f"{counts[o]} {GLYPHS[o]}&nbsp;{o}" for o in ORDER if counts[o])
        said = agreement_line(stated[name]) if name in stated else ""
        first = instances[0]
        found = said if len(instances) > 1 else short_numbers(first)
        rows.append((outcomes, f"{_safe(first.claim_says)}<br><small>{_safe(name)}</small>", _safe(found)))
    titles = ", ".join(suite.title for suite in record.suites) or "Claims"
    notes = [*headlines(record)]
    if len(groups) > ROWS:
        notes.append(f"{len(groups) - ROWS} more claims are in the record.")
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in ("instances", "claim", "found"))
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<div><b>{_safe(titles)}</b><br>{_safe(summary(record))}"
        + "".join(f"<br>{_safe(note)}" for note in notes)
        + f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + f"<small>{_safe(provenance(record))}</small></div>"
    )


def short_numbers(instance: InstanceRecord) -> str:
    """`supported after 21 seeds: +1.01% [-1.98%, +4.08%]`."""
    said = instance.verdict + (f" after {instance.n} seeds" if instance.n and not instance.computed else "")
    if instance.interval == (None, None):
        return said
    numbers = f"{effect(instance.estimate, instance.unit)} {interval_text(instance.interval, instance.unit)}"
    return f"{said}: {numbers}"


def _worst(instances: list[InstanceRecord]) -> int:
    """Where a claim stands: those that fail first, in the order of the worst; others keep their order."""
    outcomes = [instance.outcome for instance in instances]
    return min((ORDER.index(o) for o in outcomes if o in FAILING), default=len(ORDER))


def _safe(text: str) -> str:
    return html.escape(printable(" ".join(text.split())))
