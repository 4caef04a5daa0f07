"""The report in brief, as Markdown for a pull request or a job summary.

It says what the run found about the claims, then lists in a table what is not as expected or has changed,
then the rest folded (`<details>`). GitHub takes a comment of at most 65,536 characters and a summary of at
most 1 MiB for a step: the brief is cut to `LIMIT` bytes, which is within both, and says what it left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from harness.questions import COMPUTED
from harness.report import findings
from harness.report.agreement import contradicted
from harness.report.claim_verdicts import facts, lead, summaries
from harness.report.excused import not_as_expected
from harness.report.headlines import headlines
from harness.report.markdown import escape
from harness.report.record import InstanceRecord, Record
from harness.report.words import (
    GLYPHS,
    ORDER,
    advice,
    control,
    effect,
    interval_text,
    provenance,
    region,
    scope,
    summary,
)

LIMIT = 65_536
"""The most bytes of UTF-8. A text has at least as many bytes as characters."""
_CELL = 300  # characters of a text in a table: enough for a sentence, few enough for other columns
_SPARE = 300  # bytes that each of the three folds takes at least
_LEFT = 50  # bytes of the line that says how many rows are left out
_FOLDED = 0.5  # the least share of the limit that the first table leaves to the folds


def brief(record: Record, changed: Mapping[str, str] | None = None, *, limit: int = LIMIT) -> str:
    """The record in brief, within `limit` bytes.

    `changed` says in a word how instances changed since an earlier run, by id: `{"s/c[x=1]": "flipped"}`. Ids
    that the record lacks are shown too, because removed instances have changed.
    """
    since = dict(changed or {})
    head = _head(record)
    foot = ["", escape(scope(record)), "", escape(provenance(record))]
    room = limit - _size([*head, *foot])
    first = _attention(record, since, int(room * (1 - _FOLDED)))
    room -= _size(first) + _SPARE
    folded: list[str] = []
    for part in (_uncovered(record), _against(record), _claims(record)):
        folded += part.folded(room - _size(folded))
    return "\n".join([*head, *first, *folded, *foot]) + "\n"


def _head(record: Record) -> list[str]:
    titles = ", ".join(suite.title for suite in record.suites)
    lines = [part for line in headlines(record) for part in (f"**{_clipped(line)}**", "")]
    lines += [f"## {_clipped(titles) or 'Claims'}", ""]
    claims = summaries(record)
    lines += [f"**{escape(lead(claims))}**", ""]
    lines += [escape(said), ""] if (said := facts(claims)) else []
    lines += [escape(summary(record))]
    for note in record.notes[:10]:
        lines += ["", f"Note: {_clipped(note)}"]
    more = len(record.notes) - 10
    return [*lines, "", f"{more} more notes are in the record."] if more > 0 else lines


def _attention(record: Record, since: dict[str, str], room: int) -> list[str]:
    failing = {i.id for i in not_as_expected(record)}
    chosen = [i for i in record.instances if i.id in failing or i.id in since]
    changed = [i for i in chosen if i.id in since]
    groups = [*((i,) for i in changed), *findings.grouped_by_reason([i for i in chosen if i.id not in since])]
    groups.sort(key=lambda group: ORDER.index(group[0].outcome))
    rows = [_row(group, since) for group in groups]
    known = {i.id for i in record.instances}
    rows += [(id_, "not in this run", "", said, "", "") for id_, said in since.items() if id_ not in known]
    if not rows:
        return ["", "Nothing is other than expected."]
    headers: tuple[str, ...] = ("instance", "found", "outcome", "changed", "expected", "what it would take")
    if not since:
        headers, rows = _without(headers, 3), [_without(row, 3) for row in rows]
    head = ["", "### Not as expected, or changed" if since else "### Not as expected", ""]
    return [*head, *_BriefTable(headers, rows).lines(room - _size(head))]


def _row(group: Sequence[InstanceRecord], since: Mapping[str, str]) -> tuple[str, ...]:
    instance = group[0]
    found = f"{findings.found(instance)}: {effect(instance.estimate, instance.unit)}"
    found += (
        f" {interval_text(instance.interval, instance.unit)} against {region(instance.region, instance.unit)}"
    )
    found += f", {COMPUTED}" if instance.computed else f", n = {instance.n}"
    if instance.control:
        found += f", control {control(instance)}"
    shown = f"{GLYPHS[instance.outcome]} {instance.outcome}{', fragile' if instance.fragile else ''}"
    expected = ", ".join(dict.fromkeys(each.expect for each in group))
    return (findings.first_ids(group), found, shown, since.get(instance.id, ""), expected, advice(instance))


def _uncovered(record: Record) -> _BriefTable:
    rows = [(i.id, findings.why_not_covered(i)) for i in record.instances if i.outcome == "not-covered"]
    return _BriefTable(("instance", "what is lacking"), rows, "Not covered")


def _against(record: Record) -> _BriefTable:
    headers = ("claim", "source", "measured", "because")
    return _BriefTable(headers, contradicted(record), "Against the source")


def _claims(record: Record) -> _BriefTable:
    rows = []
    for claim in summaries(record):
        counts = Counter[str](i.outcome for i in claim.instances)
        outcomes = ", ".join(f"{counts[o]} {o}" for o in ORDER if counts[o])
        found = " · ".join(filter(None, (claim.where, claim.effects, claim.source)))
        rows.append((claim.verdict, claim.says, found, outcomes, claim.id))
    headers = ("verdict", "claim", "where, estimates, source", "instances", "id")
    return _BriefTable(headers, rows, "Claims")


@dataclass(frozen=True)
class _BriefTable:
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    title: str = ""
    """Fixed text: Markdown is not read inside `<summary>`."""

    def folded(self, room: int) -> list[str]:
        """The table under its title, folded; nothing without rows."""
        if not self.rows:
            return []
        head = ["", f"<details><summary>{self.title} ({len(self.rows)})</summary>", ""]
        foot = ["", "</details>"]
        return [*head, *self.lines(room - _size([*head, *foot])), *foot]

    def lines(self, room: int) -> list[str]:
        """The table, without its last rows if it would be too long. Not padded, as programs show it."""
        cells = [self.headers, ("---",) * len(self.headers), *(tuple(map(_clipped, r)) for r in self.rows)]
        lines = [f"| {' | '.join(row)} |" for row in cells]
        if _size(lines) <= room:
            return lines
        kept = sum(size <= room - _LEFT for size in accumulate(_size([line]) for line in lines))
        left = f"{len(self.rows) - max(0, kept - 2)} more are in the record."
        return [*lines[:kept], "", left] if kept > 2 else [left]


def _clipped(text: str) -> str:
    """`text` escaped, and cut if it is too long for a table."""
    flat = " ".join(text.split())
    return escape(flat if len(flat) <= _CELL else f"{flat[: _CELL - 1]}…")


def _without(row: tuple[str, ...], index: int) -> tuple[str, ...]:
    return row[:index] + row[index + 1 :]


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
