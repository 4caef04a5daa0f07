"""Files that trials may read: patterns relative to a folder, and the files that they match.

A pattern is a path; `*`, `?` and `[…]` match within a name, `**` any number of folders. A folder that matches
stands for all files beneath it. Links to files are followed, links to folders only if a pattern names them.

Patterns come from whoever wrote the suite, so the search for them is bounded.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

MOST_FILES = 100_000
"""The most files that patterns may match. Each is looked at whenever a command starts."""
MOST_LOOKED_AT = 1_000_000
"""The most names that may be looked through to find them: some seconds."""

_WILD = re.compile(r"[*?\[]")


class TooManyFilesError(ValueError):
    """A pattern matches, or searches through, too many files."""


@dataclass(frozen=True)
class Inputs:
    """The files that trials of a suite or an experiment may read: patterns relative to `folder`."""

    folder: str
    patterns: tuple[str, ...]

    def files(self) -> dict[str, str]:
        """The matching files: absolute path → name relative to the folder. Raises TooManyFilesError."""
        found: dict[str, str] = {}
        for pattern in self.patterns:
            for path in matches(self.folder, pattern):
                found[path] = os.path.relpath(path, self.folder).replace(os.sep, "/")
        return found

    def folders(self) -> set[str]:
        """The folders whose lists of names count as declared.

        These are the folders that a pattern matches, and those in which its last part looks for names.
        """
        found = set()
        for pattern in self.patterns:
            for path in _find(self.folder, pattern, _NameCount()):
                if os.path.isdir(path):
                    found |= {path, *(above for above, _, _ in os.walk(path))}
                elif _WILD.search(os.path.basename(pattern)):
                    found.add(os.path.dirname(path))
        return found

    def unmatched(self) -> list[str]:
        """The patterns that match no file. Raises TooManyFilesError."""
        return [p for p in self.patterns if next(iter(matches(self.folder, p)), None) is None]


def matches(folder: str, pattern: str) -> Iterator[str]:
    """The regular files that one pattern matches, in a fixed order. Raises TooManyFilesError."""
    count = 0
    budget = _NameCount()
    try:
        for path in dict.fromkeys(_find(folder, pattern, budget)):
            for file in _beneath(path, budget):
                count += 1
                if count > MOST_FILES:
                    raise TooManyFilesError(f"a pattern that matches more than {MOST_FILES:,} files")
                yield file
    except RecursionError:
        raise TooManyFilesError("folders that are nested too deeply") from None


class _NameCount:
    """Counts the names that are looked at."""

    def __init__(self) -> None:
        self.left = MOST_LOOKED_AT

    def names(self, folder: str) -> list[str]:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return []
        self.left -= len(names) + 1
        if self.left < 0:
            raise TooManyFilesError(f"a pattern for which more than {MOST_LOOKED_AT:,} names are looked at")
        return names


def _find(folder: str, pattern: str, budget: _NameCount) -> Iterator[str]:
    """The files and folders that the whole pattern matches."""
    start = os.path.join(folder, os.path.expanduser(pattern))
    drive, parts = os.path.splitdrive(start)
    names = parts.split(os.sep)
    first = next((place for place, name in enumerate(names) if _WILD.search(name)), len(names))
    base = os.path.normpath(drive + (os.sep.join(names[:first]) or os.sep))
    yield from _descend(base, [name for name in names[first:] if name not in ("", ".")], budget)


def _descend(base: str, parts: list[str], budget: _NameCount) -> Iterator[str]:
    if not parts:
        if os.path.lexists(base):
            yield base
        return
    part, rest = parts[0], parts[1:]
    if part == "**" and not rest:  # a folder stands for all files beneath it
        yield from _descend(base, [], budget)
    elif part == "**":
        yield from _descend(base, rest, budget)
        for name in budget.names(base):
            inside = os.path.join(base, name)
            if os.path.isdir(inside) and not os.path.islink(inside):
                yield from _descend(inside, parts, budget)
    elif _WILD.search(part):
        hidden = part.startswith(".")
        match = re.compile(fnmatch.translate(part)).match
        for name in budget.names(base):
            if match(name) and (hidden or not name.startswith(".")):
                yield from _descend(os.path.join(base, name), rest, budget)
    else:
        yield from _descend(os.path.normpath(os.path.join(base, part)), rest, budget)


def _beneath(path: str, budget: _NameCount) -> Iterator[str]:
    """The path itself if it is a regular file; for a folder, all such files beneath it."""
    if _is_regular(path):
        yield path
        return
    for name in budget.names(path) if os.path.isdir(path) else ():
        inside = os.path.join(path, name)
        if _is_regular(inside) or (os.path.isdir(inside) and not os.path.islink(inside)):
            yield from _beneath(inside, budget)


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
