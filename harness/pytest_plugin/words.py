"""A record as a failure's text, and as the properties of a test in a JUnit file."""

from __future__ import annotations

import json

from harness.questions import Unit
from harness.report.agreement import settled_by
from harness.report.confirmed import confirmation_text
from harness.report.findings import sentence
from harness.report.record import InstanceRecord, PartRecord
from harness.report.remarks import STANDINGS
from harness.report.words import (
    advice,
    control,
    control_words,
    effect,
    interval_text,
    leaves_open,
    point,
    predicate,
    region,
    seeds_taken,
    stance,
)
from harness.suite import Suite
from harness.suite.explored import in_words, meets, merged
from harness.text import printable


def safe(text: str) -> str:
    """`text`, each of its lines safe to print, in a terminal as in XML."""
    return "\n".join(map(printable, text.splitlines()))


def properties(record: InstanceRecord) -> list[tuple[str, object]]:
    """Names and values for `user_properties`. Numbers are JSON, in the units of `harness.report.record`."""
    texts = ("verdict", "outcome", "expect", "agreement", "unit", "says")
    numbers = (
        "n", "budget", "computed", "first_seed", "explored_seeds", "estimate", "interval", "region",
        "leaves_open", "seconds",
    )  # fmt: skip
    return [
        *((name, printable(getattr(record, name))) for name in texts),
        *((name, json.dumps(getattr(record, name))) for name in numbers),
        ("control", control(record)),
        ("id", record.id),
    ]


def explored(suite: Suite, first_seed: int, seeds: int | None) -> str:
    """A warning if claims of the suite would read explored seeds, from this first seed on; else ''."""
    found = []
    for instance in suite.instances:
        if instance.claim.computed:
            continue
        fixed = seeds is None or not instance.claim.predicate.STATISTICS
        budget = instance.seeds if fixed else seeds
        if meets(instance.claim.explored, range(first_seed, first_seed + (budget or 0))):
            found.append(instance)
    if not found:
        return ""
    ranges = in_words(merged(each for i in found for each in i.claim.explored)[:3])
    who = f"{len(found)} of {len(suite.instances)} instances of {suite.name}"
    return safe(
        f"harness: explored seeds: {who} may read seeds on which their expectations were formed ({ranges}),"
        " so an outcome as expected is no evidence"
    )


def explanation(record: InstanceRecord, command: str, differs: str = "") -> str:
    """Why the instance failed, and what shows it again; safe to print. The first line can stand alone.

    `differs` is how it differs from what it is held against.
    """
    lines = [("claim", record.says), ("at", point(record)), ("predicate", predicate(record))]
    if record.because:
        lines.append(("because", record.because))
    if record.source:
        where = f", {record.source.where}" if record.source.where else ""
        about = [f"{record.source.cite}{where}: {_said_of(record)}"]
        about += [f"agreement: {agreement}"] if (agreement := settled_by(record)) else []
        lines.append(("source", "; ".join(about)))
    for part in record.parts:
        lines.append((part.name, f"{_found(part, record)}: {_measured(part, record.unit_of_parts)}"))
    if not record.parts or record.boundary is not None:
        lines.append(("measured", _measured(record, record.unit)))
    if record.leaves_open is not None:
        lines.append(("unseen", leaves_open(record)))
    if record.confirmation is not None:
        lines.append(("confirm", confirmation_text(record)))
    if record.control:
        lines.append(("control", control_words(record.control)))
        for part in record.control.parts:
            reason = f"; {part.reason}" if part.reason else ""
            found = f"{_found(part, record)}: {_measured(part, record.unit_of_parts)}{reason}"
            lines.append(("", f"{part.name}: {found}" if part.name else found))
    said = advice(record)
    if said:
        lines.append(("error" if record.verdict == "error" else "advice", said))
    lines.append(("again", command))
    first = differs or sentence(record)
    return "\n".join([printable(first), *_laid_out(lines)])


def _said_of(record: InstanceRecord) -> str:
    """What the source says of the instance: `asserts it`, or `asserts it of most instances`."""
    assert record.source is not None
    if stance(record) == "none":
        return f"{record.source.stance} it, but says nothing of this instance"
    scope = record.source.scope
    return f"{stance(record) or record.source.stance} it" + (
        f" of {scope} instances" if scope not in ("", "every") else ""
    )


def _found(part: PartRecord, record: InstanceRecord) -> str:
    """The verdict on a part; at a point of a boundary, how the point stands to it."""
    return part.verdict if record.boundary is None else STANDINGS.get(part.verdict, part.verdict)


def _measured(part: InstanceRecord | PartRecord, unit: Unit) -> str:
    """`+65% [+62%, +67%] against ±5%, after 14 of 21 seeds`."""
    seeds = seeds_taken(part)
    if part.estimate is None and part.interval == (None, None):
        return f"nothing, {seeds}"
    found = f"{effect(part.estimate, unit)} {interval_text(part.interval, unit)}"
    return f"{found} against {region(part.region, unit)}, {seeds}"


def _laid_out(lines: list[tuple[str, str]]) -> list[str]:
    """Labels in one column, texts in another; further lines of a text stand below its first."""
    width = max(len(label) for label, _ in lines) + 2
    return [
        f"  {(label if not number else '').ljust(width)}{printable(line)}".rstrip()
        for label, text in lines
        for number, line in enumerate(text.splitlines() or [""])
    ]
