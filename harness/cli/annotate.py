"""Annotations under GitHub Actions: mistakes and failing claims, each at its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.say import note, runner_command
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.export.annotations import Annotation
    from harness.history.against import AgainstPublished
    from harness.report import Record

FILE = "HARNESS_ANNOTATIONS"
"""The variable that names a file for them, where nothing may be printed that the runner obeys."""


def annotations_wanted() -> bool:
    """Whether anybody reads annotations."""
    return os.environ.get("GITHUB_ACTIONS") == "true" or bool(os.environ.get(FILE))


def annotate(annotations: list[Annotation]) -> None:
    """Print the annotations, or write them to the file that HARNESS_ANNOTATIONS names."""
    from harness.export.annotations import annotation_lines

    if not annotations or not annotations_wanted():
        return
    lines = annotation_lines(annotations)
    if named := os.environ.get(FILE):
        from harness.report import write_whole

        try:
            write_whole(Path(named), ("\n".join(lines) + "\n").encode())
        except UserError as error:
            note(str(error))
        return
    for line in lines:
        runner_command(line)


def annotate_error(error: UserError) -> None:
    """Annotate what is wrong: each mistake of a suite at its line, any other error as a whole."""
    if not annotations_wanted():
        return
    from harness.export.annotations import Annotation, of_mistakes
    from harness.suite import SuiteError

    annotate(of_mistakes(error) if isinstance(error, SuiteError) else [Annotation(str(error), "harness")])


def annotate_record(record: Record, comparison: AgainstPublished | None = None) -> None:
    """Annotate the claims that fail a run; of one that is held against published records, what differs."""
    if not annotations_wanted():
        return
    from harness.export.claim_annotations import of_record

    annotate(of_record(record, None if comparison is None else comparison.differs))
