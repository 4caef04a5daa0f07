"""Annotations of GitHub Actions: `::error file=suites/x.toml,line=12,title=…::message`.

The service shows ten of a step. So nine are written, and how many more there are. What is in a message is
escaped: nobody's text ends it, or begins another command. `claim_annotations` makes those of a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.export.locations import NOWHERE, FilePlace, named_file
from harness.suite import SuiteError
from harness.text import printable, shortened

MOST = 9
"""How many are written one by one; the tenth that the service shows is the count of the others."""
LONGEST = 2000
"""Characters of a message."""


@dataclass(frozen=True)
class Annotation:
    """One thing that is wrong, and where."""

    message: str
    title: str = ""
    place: FilePlace = NOWHERE


def of_mistakes(error: SuiteError) -> list[Annotation]:
    """An annotation for each mistake of a suite."""
    file = named_file(error.file)
    return [
        Annotation(mistake.says, "mistake in a suite", FilePlace(file, mistake.line, mistake.column))
        for mistake in error.mistakes
    ]


def annotation_lines(annotations: Sequence[Annotation]) -> list[str]:
    """The commands: nine, and one that counts the others."""
    lines = [_command(each) for each in annotations[:MOST]]
    more = len(annotations) - MOST
    if more > 0:
        lines.append(
            _command(Annotation(f"{more} more: {len(annotations)} mistakes and failing claims in all"))
        )
    return lines


def _command(annotation: Annotation) -> str:
    place = annotation.place
    properties = {
        "file": place.file,
        "line": str(place.line) if place.file and place.line else "",
        "col": str(place.column) if place.file and place.line and place.column else "",
        "title": annotation.title,
    }
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::error{' ' if said else ''}{said}::{_data(shortened(annotation.message, LONGEST))}"


def _data(text: str) -> str:
    """A message as commands take it: `%`, carriage returns and line feeds escaped, nothing invisible."""
    lines = [printable(line) for line in text.replace("\r", "").split("\n")]
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    """A property as commands take it: `:` and `,` are escaped besides."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
