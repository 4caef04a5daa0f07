"""The report as Markdown: for a file beside the record, a pull request, or a job summary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from harness.report import findings
from harness.report.agreement import agreement_line, contradicted, statements
from harness.report.claim_verdicts import ClaimSummary, facts, lead, summaries
from harness.report.data import data_used
from harness.report.excused import not_as_expected
from harness.report.headlines import headlines
from harness.report.maps import map_rows, map_summary
from harness.report.record import ClaimRecord, InstanceRecord, Record
from harness.report.remarks import of_points
from harness.report.words import (
    HEADERS,
    ORDER,
    advice,
    control,
    control_words,
    effect,
    interval_text,
    point,
    predicate,
    provenance,
    rechecked,
    region,
    row,
    scope,
    statement,
    summary,
)
from harness.text import printable

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
_LEADING = re.compile(r"^(\d*)([-+#=.)])")
_LINK = re.compile(r"(?<=[a-zA-Z])(://)|(?<=www)(\.)", re.IGNORECASE)
_REFERENCE = re.compile(r"([@#])(?=\w)")


def markdown(record: Record) -> str:
    """The record as Markdown."""
    titles = ", ".join(escape(suite.title) for suite in record.suites)
    lines = [part for line in headlines(record) for part in (f"**{escape(line)}**", "")]
    lines += [f"# {titles or 'Claims'}", ""]
    claims = summaries(record)
    lines += [f"**{escape(lead(claims))}**", ""]
    lines += [escape(said), ""] if (said := facts(claims)) else []
    lines += [escape(summary(record)), ""]
    lines += [escape(provenance(record)), "", escape(scope(record)), ""]
    lines += [escape(rechecked(record)), ""] if rechecked(record) else []
    used = data_used(record.instances)
    lines += [*(f"- Data: {escape(data.describe())}." for data in used), ""] if used else []
    lines += [f"Note: {escape(note)}" for note in record.notes]
    attention = sorted(not_as_expected(record), key=lambda i: ORDER.index(i.outcome))
    if attention:
        lines += ["## Not as expected", ""]
        rows = [_attention(group) for group in findings.grouped_by_reason(attention)]
        lines += [_table(rows, ("instance", "found", "outcome", "expected", "what it would take")), ""]
    uncovered = [i for i in record.instances if i.outcome == "not-covered"]
    if uncovered:
        rows = [(i.id, findings.why_not_covered(i)) for i in uncovered]
        lines += ["## Not covered", "", _table(rows, ("instance", "what is lacking")), ""]
    against = contradicted(record)
    if against:
        lines += ["## Against the source", ""]
        lines += ["What was measured contradicts what the source says, whether expected here or not.", ""]
        lines += [_table(against, ("claim", "source", "measured", "because")), ""]
    for found in record.maps:
        head, *cells = map_rows(found, record.instances)
        lines += [f"## {escape(found.title)}", "", f"{escape(map_summary(found, record.instances))}.", ""]
        lines += [_table(cells, tuple(map(escape, head))), ""] if cells else []
    lines += ["## Claims", ""]
    stated = {claim.id: claim for claim in statements(record)}
    for claim in claims:
        lines += _claim(claim, stated.get(claim.id))
    return "\n".join(lines).rstrip() + "\n"


def _claim(claim: ClaimSummary, stated: ClaimRecord | None) -> list[str]:
    instances = claim.instances
    first = instances[0]
    lines = [f"### {escape(claim.id)}", "", f"**{claim.verdict.capitalize()}**: {escape(claim.says)}", ""]
    if first.source:
        where = f", {first.source.where}" if first.source.where else ""
        arxiv = f" (arXiv:{first.source.arxiv})" if first.source.arxiv else ""
        said = f"{first.source.title}{arxiv}{where}. {statement(first.source)}"
        lines += [escape(said), ""]
    if stated and (said := agreement_line(stated)):
        lines += [f"{'Agreement' if stated.agreement else 'Measured'}: {escape(said)}.", ""]
    lines += [f"{'Boundary' if first.boundary else 'Holds when'}: {escape(predicate(first))}.", ""]
    controls = {control_words(i.control) for i in instances if i.control}
    lines += [f"Control: {escape(text)}." for text in sorted(controls)]
    lines += [""] if controls else []
    lines += [_table([row(i) for i in instances], HEADERS), ""]
    remarks = of_points(instances)
    lines += [*(f"- {escape(remark)}" for remark in remarks), ""] if remarks else []
    reasons = {i.because for i in instances if i.because}
    for because in sorted(reasons):
        points = "; ".join(point(i) for i in instances if i.because == because)
        lines += [f"- {escape(points)}: {escape(because)}"]
    return [*lines, ""] if reasons else lines


def _attention(group: Sequence[InstanceRecord]) -> tuple[str, ...]:
    instance = group[0]
    found = f"{findings.found(instance)}: {effect(instance.estimate, instance.unit)}"
    found += (
        f" {interval_text(instance.interval, instance.unit)} against {region(instance.region, instance.unit)}"
    )
    if instance.control:
        found += f", control {control(instance)}"
    expected = ", ".join(dict.fromkeys(each.expect for each in group))
    return (findings.first_ids(group), found, instance.outcome, expected, advice(instance))


def _table(rows: Sequence[tuple[str, ...]], headers: tuple[str, ...]) -> str:
    cells = [[escape(cell) for cell in row] for row in rows]
    return str(tabulate(cells, headers, tablefmt="pipe", disable_numparse=True))


def escape(text: str) -> str:
    """`text` as inert Markdown on one line.

    Nothing in it is markup, HTML, a control character, a link, or a GitHub mention of a person or an issue (a
    space of no width breaks these).
    """
    flat = _SPECIAL.sub(r"\\\1", printable(" ".join(text.split())))
    linkless = _LINK.sub(r"\\\g<0>", flat)
    return _LEADING.sub(r"\1\\\2", _REFERENCE.sub(r"\1&#8203;", linkless))
