"""A record as a failure's text, and as the properties of a test in a JUnit file."""

from __future__ import annotations

import json

from harness.report.findings import sentence
from harness.report.record import InstanceRecord, PartRecord, Unit
from harness.report.words import advice, control, effect, interval, leaves_open, point, region, rival
from harness.text import printable


def safe(text: str) -> str:
    """`text`, each of its lines safe to print, in a terminal as in XML."""
    return "\n".join(map(printable, text.splitlines()))


def properties(record: InstanceRecord) -> list[tuple[str, object]]:
    """Names and values for `user_properties`. Numbers are JSON, in the units of `harness.report.record`."""
    texts = ("verdict", "outcome", "expect", "agreement", "unit", "says")
    numbers = ("n", "budget", "estimate", "interval", "region", "leaves_open", "seconds")
    return [
        *((name, printable(getattr(record, name))) for name in texts),
        *((name, json.dumps(getattr(record, name))) for name in numbers),
        ("control", control(record)),
        ("id", record.id),
    ]


def explanation(record: InstanceRecord, command: str) -> str:
    """Why the instance failed, and what shows it again; safe to print. The first line can stand alone."""
    lines = [("claim", record.says), ("at", point(record)), ("predicate", record.predicate)]
    if record.because:
        lines.append(("because", record.because))
    if record.source:
        where = f", {record.source.where}" if record.source.where else ""
        agreement = f"; agreement: {record.agreement}" if record.agreement else ""
        lines.append(("source", f"{record.source.cite}{where}: {record.source.stance} it{agreement}"))
    for part in record.parts:
        lines.append((part.name, f"{part.verdict}: {_measured(part, record.unit)}"))
    if not record.parts:
        lines.append(("measured", _measured(record, record.unit)))
    if record.leaves_open is not None:
        lines.append(("open", leaves_open(record)))
    if record.control:
        lines.append(("control", rival(record.control)))
        for part in record.control.parts:
            reason = f"; {part.reason}" if part.reason else ""
            found = f"{part.verdict}: {_measured(part, record.unit)}{reason}"
            lines.append(("", f"{part.name}: {found}" if part.name else found))
    said = advice(record)
    if said:
        lines.append(("error" if record.verdict == "error" else "advice", said))
    lines.append(("again", command))
    return "\n".join([printable(sentence(record)), *_laid_out(lines)])


def _measured(part: InstanceRecord | PartRecord, unit: Unit) -> str:
    """`+65% [+62%, +67%] against ±5%, after 6 of 21 seeds`."""
    seeds = f"after {part.n} of {part.budget} seeds"
    if part.estimate is None:
        return f"nothing, {seeds}"
    found = f"{effect(part.estimate, unit)} {interval(part.interval, unit)}"
    return f"{found} against {region(part.region, unit)}, {seeds}"


def _laid_out(lines: list[tuple[str, str]]) -> list[str]:
    """Labels in one column, texts in another; further lines of a text stand below its first."""
    width = max(len(label) for label, _ in lines) + 2
    return [
        f"  {(label if not number else '').ljust(width)}{printable(line)}".rstrip()
        for label, text in lines
        for number, line in enumerate(text.splitlines() or [""])
    ]
