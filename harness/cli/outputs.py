"""What a command leaves of a record: files, a copy in the history, and the report on the terminal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import history_option, show
from harness.cli.say import echo, note
from harness.disk import inside

if TYPE_CHECKING:
    from harness.report import Record


@dataclass(frozen=True)
class Rendered:
    """Where renderings of a record go; None of what is not wanted."""

    markdown: Path | None
    summary: Path | None
    html: Path | None

    def write(self, record: Record, history: Path, since: str | None = None) -> list[str]:
        """Write them, and say what was written. A page, and a summary with `since`, tell what has changed."""
        from harness.history.context import Context, context
        from harness.report import write_whole
        from harness.report.brief import brief
        from harness.report.html import page
        from harness.report.markdown import markdown

        written = []
        around = Context()
        if self.html is not None or since is not None:
            around = context(record, history, Path(), since)
            for each in around.notes:
                note(f"note: {each}")
        if self.markdown is not None:
            write_whole(self.markdown, markdown(record).encode())
            written.append(f"Markdown: {self.markdown}")
        if self.summary is not None:
            write_whole(self.summary, brief(record, around.changed).encode())
            written.append(f"Summary: {self.summary}")
        if self.html is not None:
            html = page(record, past=around.past, since=around.since, changed=around.changed)
            write_whole(self.html, html.encode())
            written.append(f"HTML: {self.html}")
        return written


@dataclass(frozen=True)
class Outputs:
    """Where a record goes, as the options say."""

    json: Path | None
    rendered: Rendered
    history: Path
    keep: bool

    def leave(self, record: Record) -> None:
        """Write and print it. The record comes first: what is made of it can be made again."""
        from harness.cli.namesakes import in_history, record_path
        from harness.history import keep
        from harness.report import to_json, write_whole

        path, said = self.json, ""
        if path is None:
            path, said = record_path(record.suites, inside(Path("reports"), "--json"))
        for each in [said] if said else in_history(record.suites, self.history) if self.keep else []:
            note(f"note: {each}")
        write_whole(path, to_json(record))
        written = [f"Record: {path}"]
        if self.keep:
            written.append(str(keep(self.history, record)))
        written += self.rendered.write(record, self.history)
        show(record)
        echo(" · ".join(written))


def rendering_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Rendered`, as its argument `rendered`."""

    @click.option("--markdown", type=click.Path(path_type=Path), help="Write Markdown.")
    @click.option("--summary", type=click.Path(path_type=Path), help="Write Markdown in brief.")
    @click.option("--html", type=click.Path(path_type=Path), help="Write one page of HTML.")
    @functools.wraps(command)
    def wrapped(markdown: Path | None, summary: Path | None, html: Path | None, **others: Any) -> None:
        command(rendered=Rendered(markdown, summary, html), **others)

    return wrapped


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Outputs`, as its argument `outputs`."""

    @click.option("--json", type=click.Path(path_type=Path), help="Where to write the record.")
    @rendering_options
    @history_option
    @click.option("--no-history", is_flag=True, help="Keep no copy of the record in the history.")
    @functools.wraps(command)
    def wrapped(
        json: Path | None, rendered: Rendered, history: Path, no_history: bool, **others: Any
    ) -> None:
        command(outputs=Outputs(json, rendered, history, not no_history), **others)

    return wrapped
