"""Handing records to asv: export-asv."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.say import echo
from harness.cli.say import note as say


@click.command("export-asv")
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORD...")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".asv/results"),
    show_default=True,
    help="asv's results, as in asv.conf.json.",
)
@click.option("--machine", default="claims", show_default=True, help="The machine's name in asv's results.")
@click.option("--allow-dirty", is_flag=True, help="Also enter records of runs with uncommitted changes.")
def export_asv(records: Sequence[Path], results: Path, machine: str, allow_dirty: bool) -> None:
    """Enter records into the history of asv.

    Each instance has two series: its distance from its claim, and its core-seconds. `asv publish` then shows
    claims and timings on one site.
    """
    from harness.export import export
    from harness.report import read_record

    for file in records:
        record = read_record(file)
        written = export(
            record, file=str(file), results=results, machine_name=machine, allow_dirty=allow_dirty
        )
        echo(f"{file}: {written.instances} instances of {written.claims} claims in {written.path}")
        for said in written.notes:
            say(f"  note: {said}")
