"""Histories and comparisons as text for a terminal, and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tabulate import tabulate

from harness.git import Commit
from harness.history.agreements import AgreementChange, AgreementRow
from harness.history.compare import CommitComparison
from harness.history.timeline import Timeline, TimelineRow
from harness.report.change import CHANGE_GLYPHS, KINDS, QUIET, Change
from harness.report.markdown import escape
from harness.report.words import cited, seconds_text
from harness.text import printable

Paint = Callable[[str, str], str]
"""A function of a text and the kind of a change that gives the text, perhaps coloured."""

LETTERS = {
    "supported": "S",
    "refuted": "R",
    "located": "L",
    "≥": "≥",
    "≤": "≤",
    "inconclusive": "?",
    "error": "!",
    "not-covered": "○",
    "not-run": "…",
}
LEGEND = (
    "S supported, R refuted, L located, ≥ ≤ beyond an end of the range, ? inconclusive, ! error, "
    "○ not covered, … not run, · no record, | redefined"
)


AGREEMENTS = {"agrees": "A", "contradicts": "C", "undecided": "?", "": "·"}
AGREEMENT_LEGEND = "A agrees with its source, C contradicts it, ? undecided, · no record"


def plain(text: str, kind: str) -> str:
    """The text without colour."""
    return text


def strip(row: TimelineRow) -> str:
    """A letter for each commit: `SSS|RR·?`."""
    marks = []
    for mark in row.marks:
        if mark.change and mark.change.kind == "redefined":
            marks.append("|")
        marks.append(LETTERS[mark.instance.verdict] if mark.instance else "·")
    return "".join(marks)


def history_text(timeline: Timeline, paint: Paint = plain) -> str:
    """Claims × commits, and what changed at which commit."""
    table = [
        (number, *map(printable, _described(commit, modified)))
        for number, (commit, modified) in enumerate(zip(timeline.commits, timeline.modified, strict=True), 1)
    ]
    lines = [tabulate(table, ("", "commit", "date", "author", "subject"), tablefmt="simple"), "", LEGEND, ""]
    rows = [_row(row) for row in timeline.rows]
    lines += [tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True)]
    for commit, events in zip(timeline.commits, timeline.events, strict=True):
        told = [event for event in events if event.kind not in QUIET]
        if events and (told or any(event.kind == "numeric" for event in events)):
            lines += ["", f"{commit.short}  {printable(commit.subject)}: {_tally(events)}"]
            lines += [f"  {_event(event, paint)}" for event in told]
    if timeline.agreements:
        rows = [tuple(map(printable, _agreement_row(row))) for row in timeline.agreements]
        table = tabulate(rows, _AGREEMENT_HEADERS, tablefmt="simple", disable_numparse=True)
        lines += ["", AGREEMENT_LEGEND, "", table]
    return "\n".join(lines) + "\n"


def history_markdown(timeline: Timeline) -> str:
    """The same as Markdown."""
    table = [
        tuple(map(escape, _described(commit, modified)))
        for commit, modified in zip(timeline.commits, timeline.modified, strict=True)
    ]
    rows = [tuple(map(escape, map(str, _row(row)))) for row in timeline.rows]
    lines = ["# History", "", _pipe(table, ("commit", "date", "author", "subject")), "", escape(LEGEND), ""]
    lines += [_pipe(rows, _HEADERS), ""]
    if timeline.agreements:
        stated = [tuple(map(escape, _agreement_row(row))) for row in timeline.agreements]
        lines += ["## Agreement", "", escape(AGREEMENT_LEGEND), "", _pipe(stated, _AGREEMENT_HEADERS), ""]
    lines += ["## What changed", ""]
    for commit, events in zip(timeline.commits, timeline.events, strict=True):
        told = [event for event in events if event.kind not in QUIET]
        if told:
            lines += [f"**{escape(commit.short)}** {escape(commit.subject)}: {_tally(events)}", ""]
            lines += [_pipe([_cells(event) for event in told], ("", "instance", "what moved")), ""]
    return "\n".join(lines).rstrip() + "\n"


def diff_text(comparison: CommitComparison, paint: Paint = plain) -> str:
    """What changed between two commits, worst first."""
    lines = [f"{_name(comparison.before)} → {_name(comparison.after)}", ""]
    told = [change for change in comparison.changes if change.kind not in QUIET]
    lines += [_event(change, paint) for change in told] + ([""] if told else [])
    lines += [f"agreement: {printable(': '.join(each))}" for each in agreements(comparison)]
    for name, was, now in comparison.environment:
        lines.append(printable(f"environment: {name} {was} → {now}"))
    lines += [_timings(comparison), summary(comparison)]
    return "\n".join(lines) + "\n"


def diff_markdown(comparison: CommitComparison) -> str:
    """The same as Markdown, for a pull request: the sentence, what changed, the rest folded."""
    lines = [f"**{escape(_name(comparison.before))} → {escape(_name(comparison.after))}: "]
    lines[0] += f"{escape(summary(comparison))}**"
    told = [change for change in comparison.changes if change.kind not in QUIET]
    if told:
        lines += ["", _pipe([_cells(change) for change in told], ("", "instance", "what moved"))]
    if comparison.agreements:
        rows = [tuple(map(escape, each)) for each in agreements(comparison)]
        lines += ["", _pipe(rows, ("claim", "agreement"))]
    quiet = [change for change in comparison.changes if change.kind in QUIET]
    if quiet:
        rows = [_cells(change) for change in quiet]
        lines += ["", f"<details><summary>{_tally(quiet)}</summary>", ""]
        lines += [_pipe(rows, ("", "instance", "")), "", "</details>"]
    if comparison.environment:
        rows = [tuple(map(escape, row)) for row in comparison.environment]
        lines += ["", "<details><summary>environment</summary>", ""]
        lines += [_pipe(rows, ("", "before", "after")), "", "</details>"]
    return "\n".join([*lines, "", _timings(comparison)]) + "\n"


def agreements(comparison: CommitComparison) -> list[tuple[str, str]]:
    """Each claim whose agreement with its source differs, and how."""
    return [_agreement(each) for each in comparison.agreements]


def summary(comparison: CommitComparison) -> str:
    """`36 instances: 1 flipped, 35 identical.`"""
    total = len(comparison.changes)
    if not total:
        return "Nothing to compare."
    return f"{total} {'instance' if total == 1 else 'instances'}: {_tally(comparison.changes)}."


_AGREEMENT_HEADERS = ("claim", "source", "agreement", "at the last")


def _agreement_row(row: AgreementRow) -> tuple[str, ...]:
    strip = "".join("·" if mark is None else AGREEMENTS.get(mark.agreement, "?") for mark in row.marks)
    return row.id, cited(row.last.source), strip, row.last.where


def _agreement(found: AgreementChange) -> tuple[str, str]:
    was, now = (claim.agreement or "none" for claim in (found.before, found.after))
    name = f"{found.after.id} ({cited(found.after.source or found.before.source)})"
    return name, f"{was} → {now}; {found.after.where}"


_HEADERS = ("instance", "verdicts", "distance", "core-s")


def _row(row: TimelineRow) -> tuple[str, ...]:
    """Distances of the first and the last commit at which there are any."""
    recorded = [mark for mark in row.marks if mark.instance and mark.instance.verdict != "not-run"]
    ends = [recorded[0], recorded[-1]] if len(recorded) > 1 else recorded
    far = ["–" if mark.distance is None else f"{mark.distance:.3g}" for mark in ends]
    spent = [f"{mark.instance.seconds:.1f}" for mark in ends if mark.instance]
    return row.id, strip(row), " → ".join(far), spent[-1] if spent else "–"


def _described(commit: Commit, modified: bool) -> tuple[str, str, str, str]:
    marks = [*(["modified"] if modified else []), *([commit.place] if commit.place else [])]
    name = commit.short + (f" ({', '.join(marks)})" if marks else "")
    return name, commit.date[:10], commit.author, commit.subject


def _name(commit: Commit) -> str:
    return printable(f"{commit.short} {commit.subject}".strip())


def _event(change: Change, paint: Paint) -> str:
    mark = paint(f"{CHANGE_GLYPHS[change.kind]} {change.kind}", change.kind)
    return f"{mark}  {change.id}" + (f": {printable(change.note)}" if change.note else "")


def _cells(change: Change) -> tuple[str, ...]:
    return f"{CHANGE_GLYPHS[change.kind]} {change.kind}", escape(change.id), escape(change.note)


def _tally(changes: Iterable[Change]) -> str:
    counts = Counter(change.kind for change in changes)
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def _timings(comparison: CommitComparison) -> str:
    before, after = comparison.seconds
    return f"Core time of the trials of both: {seconds_text(before)} → {seconds_text(after)}."


def _pipe(rows: Sequence[tuple[str, ...]], headers: tuple[str, ...]) -> str:
    return str(tabulate(rows, headers, tablefmt="pipe", disable_numparse=True))
