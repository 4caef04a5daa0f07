"""What a command leaves of a record: files, a copy in the history, and the report on the terminal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import history_option, show

if TYPE_CHECKING:
    from harness.report import Record


@dataclass(frozen=True)
class Outputs:
    """Where a record goes, as the options say."""

    json: Path | None
    markdown: Path | None
    summary: Path | None
    history: Path | None

    def leave(self, record: Record) -> None:
        """Write and print it. The record comes first: what is made of it can be made again."""
        from harness.history import keep
        from harness.report import to_json, write_whole
        from harness.report.brief import brief
        from harness.report.markdown import markdown

        path = self.json or Path("reports") / f"{'+'.join(suite.name for suite in record.suites)}.json"
        write_whole(path, to_json(record))
        written = [f"Record: {path}"]
        if self.history is not None:
            written.append(str(keep(self.history, record)))
        if self.markdown is not None:
            write_whole(self.markdown, markdown(record).encode())
            written.append(f"Markdown: {self.markdown}")
        if self.summary is not None:
            write_whole(self.summary, brief(record).encode())
            written.append(f"Summary: {self.summary}")
        show(record)
        click.echo(" · ".join(written))


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Outputs`, as its argument `outputs`."""

    @click.option("--json", type=click.Path(path_type=Path), help="Where to write the record.")
    @click.option("--markdown", type=click.Path(path_type=Path), help="Write Markdown as well.")
    @click.option("--summary", type=click.Path(path_type=Path), help="Write Markdown in brief as well.")
    @history_option
    @click.option("--no-history", is_flag=True, help="Keep no copy of the record in the history.")
    @functools.wraps(command)
    def wrapped(
        json: Path | None,
        markdown: Path | None,
        summary: Path | None,
        history: Path,
        no_history: bool,
        **others: Any,
    ) -> None:
        command(outputs=Outputs(json, markdown, summary, None if no_history else history), **others)

    return wrapped
