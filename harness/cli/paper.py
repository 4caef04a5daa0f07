"""Commands for a paper: figure, cite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.complete import complete_records
from harness.cli.say import echo


@click.command()
@click.argument("record", type=click.Path(path_type=Path), shell_complete=complete_records)
@click.argument("claim", default="")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write: .svg, or .pdf or .png, which need the extra `figures`.",
)
@click.option("--along", default="", metavar="AXIS", help="The axis that runs from left to right.")
@click.option("--at", "at", multiple=True, metavar="AXIS=VALUE", help="Only these instances (repeatable).")
def figure(record: Path, claim: str, out: Path, along: str, at: Sequence[str]) -> None:
    """Draw a claim of a record: estimates, intervals and the region along an axis.

    RECORD is a file, or @NAME: the published record of a suite that comes with harness. CLAIM is the id of a
    claim, of an instance or of a map. A power law, a boundary and a single instance have figures of their
    own; without CLAIM, each claim has a row. The figure is as wide as a column (85 mm). The command prints a
    caption.
    """
    from harness.report import read_record
    from harness.report.figure import draw_figure
    from harness.text import printable

    if mistaken := [each for each in at if "=" not in each]:
        raise click.UsageError(f"--at: expected AXIS=VALUE, found {mistaken[0]!r}")
    labels = {axis: label for axis, _, label in (each.partition("=") for each in at)}
    drawing = draw_figure(read_record(record), claim, along=along, at=labels)
    drawing.save(out)
    echo(printable(drawing.caption))
    echo(f"Figure: {out}")


@click.command()
@click.argument("record", type=click.Path(path_type=Path), shell_complete=complete_records)
@click.option(
    "--bib", type=click.Path(path_type=Path), help="Write the BibTeX to a file, and print only the sentences."
)
def cite(record: Path, bib: Path | None) -> None:
    """Print how a record's claims were judged, in sentences for a methods section, and BibTeX of its sources.

    RECORD is a file, or @NAME: the published record of a suite that comes with harness.
    """
    from harness.report import read_record, write_whole
    from harness.report.cite import bibtex, methods

    found = read_record(record)
    echo(methods(found))
    if bib is None:
        echo()
        echo(bibtex(found), nl=False)
    else:
        write_whole(bib, bibtex(found).encode())
        echo(f"BibTeX: {bib}")
