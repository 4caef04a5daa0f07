"""What a notebook and an interactive Python show of a record: its `repr`, and a table."""

from __future__ import annotations

import html

from harness.judge import FAILING
from harness.report.claim_verdicts import ClaimSummary, facts, lead, summaries
from harness.report.dates import moment
from harness.report.headlines import headlines
from harness.report.record import InstanceRecord, Record
from harness.report.words import (
    CLAIM_GLYPHS,
    GLYPHS,
    commit_text,
    effect,
    interval_text,
    provenance,
    summary,
)
from harness.text import printable

ROWS = 60
"""The most claims that a notebook shows. Those that failed come first."""
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
    """The `repr` of a record: titles, counts of outcomes, commit and day."""
    titles = ", ".join(suite.title for suite in record.suites) or "no suite"
    began = moment(record.started)
    when = [] if began is None else [f"{began:%Y-%m-%d}"]
    where = ", ".join([commit_text(record.commit), *when])
    return printable(f"<Record of {titles}: {summary(record)} {where}>")


def record_html(record: Record) -> str:
    """Counts of a record's claims, and a row for each, as HTML without actions or external content.

    As on the page, the verdict leads, and claims that are not as expected come first.
    """
    claims = sorted(summaries(record), key=_worst)
    rows = []
    for claim in claims[:ROWS]:
        verdict = [f"<b>{CLAIM_GLYPHS[claim.verdict]}&nbsp;{claim.verdict}</b>"]
        verdict += [
            f"{count} {GLYPHS[outcome]}&nbsp;{outcome}" for outcome, count in claim.unexpected.items()
        ]
        found = " · ".join(filter(None, (claim.where, claim.effects, claim.source)))
        says = f"{_safe(claim.says)}<br><small>{_safe(claim.id)}</small>"
        rows.append(("<br>".join(verdict), says, _safe(found)))
    titles = ", ".join(suite.title for suite in record.suites) or "Claims"
    notes = [*headlines(record), facts(claims), summary(record)]
    if len(claims) > ROWS:
        notes.append(f"{len(claims) - ROWS} more claims are in the record.")
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in ("verdict", "claim", "found"))
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<div>{_safe(titles)}<br><b>{_safe(lead(claims))}</b>"
        + "".join(f"<br>{_safe(note)}" for note in notes if note)
        + f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + f"<small>{_safe(provenance(record))}</small></div>"
    )


def _worst(claim: ClaimSummary) -> int:
    """The order of a claim: those that are not as expected first, by the worst; others keep their order."""
    return min((FAILING.index(outcome) for outcome in claim.unexpected), default=len(FAILING))


def _safe(text: str) -> str:
    return html.escape(printable(" ".join(text.split())))
