"""A place in a file, and how a CI service names the file. Light: whoever reports mistakes imports it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FilePlace:
    """A file, relative to the repository where it is inside, and a line and a column from 1; 0: not known."""

    file: str = ""
    line: int = 0
    column: int = 0


NOWHERE = FilePlace()
"""No place in a file."""


def named_file(path: str | Path) -> str:
    """How a service names a file: relative to the repository (GITHUB_WORKSPACE, or here), with `/`."""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    file = Path(path)
    whole = Path(os.path.abspath(file))
    for base in (top, Path(os.path.realpath(top))):
        if whole.is_relative_to(base):
            return whole.relative_to(base).as_posix()
    return file.as_posix()
