"""What a command leaves of a record: files, a copy in the history, and the report on the terminal."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.annotate import annotate_record
from harness.cli.options import NOTHING, USAGE, all_option, history_option, painter, print_report
from harness.cli.say import echo, note
from harness.disk import file_name, inside
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.history.against import Published, References
    from harness.report import Record
    from harness.targets import Selected

_FOLDER = Path("reports")
"""Where records are written unless told otherwise, in the current directory."""


@dataclass(frozen=True)
class OutputFile:
    """What is to be written: what it is called, where it goes, and how it is made."""

    what: str
    path: Path
    made: Callable[[], str | bytes]


@dataclass(frozen=True)
class Rendered:
    """Where renderings of a record go; None of what is not wanted."""

    markdown: Path | None = None
    summary: Path | None = None
    html: Path | None = None
    junit: Path | None = None
    openmetrics: Path | None = None
    badge: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Where files are to be written."""
        return [path for field in fields(self) if (path := getattr(self, field.name)) is not None]

    def files(
        self, record: Record, history: Path, since: str | None = None, against: Published | None = None
    ) -> Iterator[OutputFile]:
        """What is wanted. A page, and a summary with `since`, tell what has changed; tests, metrics and a
        badge fail by what differs from `against`, where the run is held against records."""
        yield from self._pages(record, history, since)

        @functools.cache
        def differs() -> Mapping[str, str] | None:
            return None if against is None else against.hold(record).differs

        if self.junit is not None:
            from harness.export.junit import junit

            yield OutputFile("JUnit", self.junit, lambda: junit(record, differs()))
        if self.openmetrics is not None:
            from harness.export.openmetrics import openmetrics

            yield OutputFile("OpenMetrics", self.openmetrics, lambda: openmetrics(record, differs()))
        if self.badge is not None:
            from harness.export.badge import badge_json, badge_of, badge_svg

            made = badge_json if self.badge.suffix == ".json" else badge_svg
            yield OutputFile("Badge", self.badge, lambda: made(badge_of(record, differs())))

    def _pages(self, record: Record, history: Path, since: str | None) -> Iterator[OutputFile]:
        from harness.history.context import Context, context
        from harness.report.brief import brief
        from harness.report.html import page
        from harness.report.markdown import markdown

        @functools.cache
        def around() -> Context:
            found = context(record, history, Path(), since)
            for each in found.notes:
                note(f"note: {each}")
            return found

        if self.markdown is not None:
            yield OutputFile("Markdown", self.markdown, lambda: markdown(record))
        if self.summary is not None:
            changed = around().changed if since is not None else {}
            yield OutputFile("Summary", self.summary, lambda: brief(record, changed))
        if self.html is not None:
            yield OutputFile("HTML", self.html, lambda: page(
                record,
                past=around().past,
                since=around().since,
                changed=around().changed,
                notes=around().notes,
                guide=_guide(self.html) if self.html else "",
            ))  # fmt: skip


def _guide(page: Path) -> str:
    """docs/reading.md as seen from a page, where both are in one checkout of harness; else ''."""
    top, place = Path(__file__).parents[2], page.absolute()
    guide = top / "docs" / "reading.md"
    if not (guide.is_file() and place.is_relative_to(top)):
        return ""
    return Path(os.path.relpath(guide, place.parent)).as_posix()


@dataclass(frozen=True)
class RecordOutputs:
    """Where a record goes, as the options say."""

    json: Path | None
    rendered: Rendered
    history: Path
    keep: bool
    against: References | None = None
    """What the run is held against."""
    everything: bool = False
    """Whether every instance is printed, however many."""

    def attempt(self, selected: Sequence[Selected]) -> None:
        """Say, before anything is measured, which files could not be written as things are.

        Raises `AgainstError` if the run cannot be held against what it is to be.
        """
        from harness.report.files import hindrance

        if self.against is not None and self.against.published is not None:
            self.against.published.check({chosen.suite.name: chosen.suite.overrides for chosen in selected})
        suites = [chosen.suite.name for chosen in selected]

        record = self.json or inside(_FOLDER, "--json") / f"{file_name(suites)}.json"
        found = {path: hindrance(path) for path in (record, *self.rendered.paths)}
        if self.keep:
            found[self.history] = hindrance(self.history / "a-record.json")
        for path, why in found.items():
            if why:
                meanwhile = "the run continues, and prints its results at the end"
                note(f"{path}: cannot be written: {why}; {meanwhile}")

    def leave(self, record: Record, show: Callable[[Record, bool], None] = print_report) -> int:
        """Print the report, as `show` does, write the record and what is made of it; the exit code.

        That is the record's own, or that of holding it against the published ones; 4 where a file cannot be
        written. The report comes first, even
        if a file cannot be written; the files are written also where nobody reads the report to its end.
        """
        try:
            show(record, self.everything)
        finally:
            written, problems = self._write(record)
            for problem in problems:
                note(problem)
        if written:
            echo(" · ".join(written))
        code = hold_and_print(record, self.against)
        return USAGE if problems else code

    def _record(self, record: Record) -> Path:
        """Where the record goes; says so where that is beside the record of another suite of that name."""
        from harness.cli.namesakes import in_history, record_path

        path, said = self.json, ""
        if path is None:
            path, said = record_path(record.suites, inside(_FOLDER, "--json"))
        for each in [said] if said else in_history(record.suites, self.history) if self.keep else []:
            note(f"note: {each}")
        return path

    def _write(self, record: Record) -> tuple[list[str], list[str]]:
        """The record first: what is made of it can be made again. What was written, and what could not be."""
        from harness.history import keep
        from harness.report import to_json

        written: list[str] = []
        problems: list[str] = []
        try:
            path = self._record(record)
        except UserError as error:
            problems.append(str(error))
        else:
            written, problems = save([OutputFile("Record", path, lambda: to_json(record))])
        if self.keep:
            try:
                written.append(str(keep(self.history, record)))
            except UserError as error:
                problems.append(str(error))
        published = self.against.published if self.against else None
        more = save(self.rendered.files(record, self.history, against=published))
        return written + more[0], problems + more[1]


def hold_and_print(record: Record, against: References | None) -> int:
    """Print how the record is beside what it is held against, and annotate what fails; the exit code. That is
    the record's own without any, and where nothing was judged."""
    from harness.history.against import against_text
    from harness.report.compared import comparisons_exit_code
    from harness.report.comparisons import comparisons_text

    if not against:
        annotate_record(record)
        return record.exit_code
    against.check_compared(record)
    code, comparison = comparisons_exit_code(record), None
    if against.published is not None:
        comparison = against.published.hold(record)
        echo(against_text(comparison, painter()))
        code = max(code, comparison.exit_code)
    for line in comparisons_text(record, painter()):
        echo(line)
    annotate_record(record, comparison)
    return NOTHING if record.exit_code == NOTHING else code


def against_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--against`, as its argument `against`: the records, read before all else."""

    @click.option(
        "--against",
        "refs",
        metavar="REF",
        multiple=True,
        help="Exit with 1 if something differs from REF: a record (a folder; @NAME), or a compared commit.",
    )
    @functools.wraps(command)
    def wrapped(refs: Sequence[str], **others: Any) -> None:
        command(against=references(refs), **others)

    return wrapped


def references(refs: Sequence[str]) -> References | None:
    """What a run is held against, read before all else; None of nothing."""
    if not refs:
        return None
    from harness.history.against import read_references

    return read_references(refs)


def save(files: Iterator[OutputFile] | Sequence[OutputFile]) -> tuple[list[str], list[str]]:
    """Write the files; what was written, and why what was not."""
    from harness.git import make_ignored
    from harness.report.files import write_whole

    written, problems = [], []
    for file in files:
        try:
            made = file.made()
            with contextlib.suppress(OSError):  # writing the file itself says more
                if file.path.absolute().is_relative_to(_FOLDER.absolute()):
                    make_ignored(_FOLDER)
            write_whole(file.path, made.encode() if isinstance(made, str) else made)
        except UserError as error:
            problems.append(str(error))
        else:
            written.append(f"{file.what}: {file.path}")
    return written, problems


def _badge(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix not in (".svg", ".json"):
        raise click.BadParameter(f"expected a file that ends with .svg or .json, found {str(path)!r}")
    return path


def rendering_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Rendered`, as its argument `rendered`."""

    @click.option("--markdown", type=click.Path(path_type=Path), help="Write Markdown.")
    @click.option("--summary", type=click.Path(path_type=Path), help="Write short Markdown.")
    @click.option("--html", type=click.Path(path_type=Path), help="Write a page of HTML.")
    @click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML, a test per instance.")
    @click.option("--openmetrics", type=click.Path(path_type=Path), help="Write metrics for Prometheus.")
    @click.option(
        "--badge",
        type=click.Path(path_type=Path),
        callback=_badge,
        help="Write a badge, .svg, or .json for shields.io.",
    )
    @functools.wraps(command)
    def wrapped(**values: Any) -> None:
        rendered = Rendered(**{field.name: values.pop(field.name) for field in fields(Rendered)})
        command(rendered=rendered, **values)

    return wrapped


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `RecordOutputs`, as its argument `outputs`, but for what the record is
    held against."""

    @click.option("--json", type=click.Path(path_type=Path), help="Where to write the record.")
    @rendering_options
    @history_option
    @click.option("--no-history", is_flag=True, help="Keep no copy of the record in the history.")
    @all_option
    @functools.wraps(command)
    def wrapped(
        json: Path | None,
        rendered: Rendered,
        history: Path,
        no_history: bool,
        everything: bool,
        **others: Any,
    ) -> None:
        outputs = RecordOutputs(json, rendered, history, not no_history, everything=everything)
        command(outputs=outputs, **others)

    return wrapped
