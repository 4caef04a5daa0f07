"""The place of a suite's file, however its path was typed. It distinguishes two suites of one name."""

from __future__ import annotations

import os
from pathlib import Path

from harness.git import repository_above
from harness.shipped import packaged_name
from harness.text import encodable


def place_of(path: Path) -> str:
    """The path relative to the top of its repository, or else to the current folder, or absolute.

    The separator is /. A suite of an installed package is at @NAME, wherever that package is.
    """
    if name := packaged_name(path):
        return name
    file = path.parent.resolve() / path.name
    top = repository_above(file.parent) or Path.cwd()
    found = file.relative_to(top) if file.is_relative_to(top) else file
    return encodable(found.as_posix())


def typed_place(path: str, top: Path) -> str:
    """A path as it was typed, relative to `top` if it is absolute and beneath it."""
    plain = os.path.normpath(path)
    if os.path.isabs(plain) and Path(plain).is_relative_to(top):
        plain = os.path.relpath(plain, top)
    return Path(plain).as_posix()
