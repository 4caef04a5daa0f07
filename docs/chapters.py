"""Write what came out of suites into their chapters of findings.md, from the published records.

Usage:

    python docs/chapters.py

A chapter has a line `<!-- outcomes of depth: python docs/chapters.py -->`, and ends with one of its own: what
stands between them is written anew. A suite whose record is yet to be published has a sentence there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import harness
from harness.report.agreement import agreement_line, statements
from harness.report.maps import lines_of, map_rows, map_summary
from harness.report.markdown import escape
from harness.report.record import MapRecord
from harness.report.remarks import excluded as laws_excluded
from harness.report.words import by_claim, cited, effect, region, seconds_text

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "docs" / "findings.md"
PUBLISHED = ROOT / "reports" / "published"
BEGIN, END = "<!-- outcomes of {}: python docs/chapters.py -->\n", "<!-- end of outcomes of {} -->\n"
MOST = 6
"""Instances of one claim that count, where a suite is asked how much it asks: more are the same question at
further points."""
GOOD = ("as-expected", "measured")
UNPUBLISHED = "The record of this suite is yet to be published.\n"


def suites(findings: str) -> list[str]:
    """The suites that have a chapter with outcomes, in its order."""
    return re.findall(BEGIN.format("([a-z-]+)"), findings)


def chapter(record: harness.Record) -> str:
    """How much was asked and how it came out, in a paragraph, and a row for each claim; of maps, where their
    boundaries lie."""
    maps = [map_text(each, record.instances) for each in record.maps]
    return "\n".join([f"{paragraph(record)}\n", table(record), *maps])


def map_text(found: MapRecord, instances: Sequence[harness.InstanceRecord]) -> str:
    """The title of a map, how far it is, its boundaries as a table, and the exponents that they exclude."""
    head, *rows = map_rows(found, instances)
    lines = [f"**{escape(found.title)}.** {map_summary(found, instances)}.", ""]
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(map(escape, row))} |" for row in rows]
    excluded = [
        f"- `{members[0].claim}`, {escape(said)}."
        for members in by_claim(lines_of(found, instances)).values()
        for said in laws_excluded(members)
    ]
    return "\n".join([*lines, *([""] if excluded else []), *excluded]) + "\n"


def paragraph(record: harness.Record) -> str:
    """How many claims, sources and instances there are, how they came out, on which seeds, at what cost."""
    claims = by_claim(record.instances)
    sources = {claim.source.cite for claim in statements(record) if claim.source}
    counted = sum(min(MOST, len(instances)) for instances in claims.values())
    computed = sum(instance.computed for instance in record.instances)
    outcomes = Counter(instance.outcome for instance in record.instances)
    expected = sum(instance.expect != "open" for instance in record.instances)
    failing = [f", {n} {name}" for name, n in sorted(outcomes.items()) if name not in GOOD]
    firsts = sorted({i.first_seed for i in record.instances if not i.computed and i.first_seed is not None})
    seeds = f" on seeds from {' and '.join(map(str, firsts))} on," if firsts else ""
    commit = f" at commit {record.commit.hash[:9]}," if record.commit else ""
    came_out = (
        f"**{outcomes['as-expected']} of {expected} expected outcomes are as expected{''.join(failing)}**; "
        f"of {len(record.instances) - expected} instances nothing was expected. "
        if expected
        else f"**Nothing was expected of them{''.join(failing)}**. "
    )
    return (
        f"{len(claims)} claims from {len(sources)} sources, {len(record.instances)} instances ({counted} "
        f"with at most {MOST} of a claim), of which {computed} are computed, not sampled. "
        f"{came_out}Measured{commit}{seeds} in {seconds_text(sum(_seconds(record)))} of one core."
    )


def _seconds(record: harness.Record) -> list[float]:
    """Core-seconds of each set of trials, once, however many claims read it."""
    each: dict[tuple[object, ...], float] = {}
    for instance in record.instances:
        key = tuple(sorted(str(trials) for trials in instance.trials))
        each[key] = max(each.get(key, 0.0), instance.seconds)
    return list(each.values())


def table(record: harness.Record) -> str:
    """A row per claim: its sentence, its source, what would be so if it held, what was measured, how many
    instances came out as expected, and whether and where it agrees with its source."""
    lines = ["| claim | source | holds if | measured | as expected | agreement, and where |"]
    lines += ["|---|---|---|---|---|---|"]
    stated = {claim.id: claim for claim in statements(record)}
    for name, instances in by_claim(record.instances).items():
        first = instances[0]
        definite = [instance for instance in instances if instance.expect != "open"]
        expected = sum(instance.outcome == "as-expected" for instance in definite)
        sentence = f"`{first.claim}`: {escape(first.claim_says)}"
        holds = ("outside " if first.exchanged else "") + region(first.region, first.unit)
        cells = [sentence, escape(cited(first.source)) or "none", holds]
        cells += [measured(instances), f"{expected} of {len(definite)}" if definite else ""]
        cells += [escape(agreement_line(stated[name]))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measured(instances: Sequence[harness.InstanceRecord]) -> str:
    """The least and the largest estimate, in units that people think in; of what is exact, in tolerances."""
    found = sorted(each.estimate for each in instances if each.estimate is not None)
    if not found:
        return "–"
    unit = instances[0].unit
    ends = dict.fromkeys(effect(each, unit) for each in (found[0], found[-1]))
    return " to ".join(ends) + (" of the tolerance" if unit == "violation" else "")


def written(findings: str, folder: Path = PUBLISHED) -> str:
    """The text with what came out of each suite between its markers."""
    for name in suites(findings):
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = findings.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{FINDINGS}: expected the line {end!r} after {begin!r}")
        path = folder / f"{name}.json"
        text = chapter(harness.read_record(path)) if path.exists() else UNPUBLISHED
        findings = f"{before}{begin}\n{text}\n{end}{after}"
    return findings


if __name__ == "__main__":
    FINDINGS.write_text(written(FINDINGS.read_text(encoding="utf-8")), encoding="utf-8")
