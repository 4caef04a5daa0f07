"""Reading `inputs` of an experiment's table: patterns of files, each of which must match one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from harness.declare import Inputs, TooManyFilesError
from harness.suite.errors import KeyPath, shown
from harness.suite.reader import Notes, Table

Patterns = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]
EXPECTED = 'a list of files, such as ["data/*.csv"], relative to the suite'


def read_inputs(table: Table, folder: str) -> Inputs | None:
    """What the table says that trials read; a note for each pattern that matches no file."""
    patterns = table.take("inputs", Patterns, None, expected=EXPECTED)
    if patterns is None:
        return None
    inputs = Inputs(folder, patterns)
    note_unmatched(inputs, table.notes, [(*table.path, "inputs", place) for place in range(len(patterns))])
    return inputs


def note_unmatched(inputs: Inputs, notes: Notes, paths: Sequence[KeyPath]) -> None:
    """Note each pattern that matches no file, or too many; `paths` has the place of each in the suite."""
    for pattern, path in zip(inputs.patterns, paths, strict=True):
        try:
            if Inputs(inputs.folder, (pattern,)).unmatched():
                found = f"none for {shown(pattern)} in {inputs.folder}"
                notes.add(path, "a pattern that matches files", found)
        except TooManyFilesError as error:
            notes.add(path, "a pattern that matches files", f"{error}: {shown(pattern)}")
