"""The files that a trial may read, as its suite and its experiment declare them, and their digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.declare import Inputs
from harness.measure.digests import Stamp, digest_of, stamp_of


@dataclass(frozen=True)
class Declared:
    """What is declared for a trial; made by `declared_inputs`.

    `digest` is of names and bytes ('' where nothing is declared). `files` has the stamp that each file had,
    `folders` are those whose lists of names are declared, too; as a trial may depend on what they lack, their
    names are part of the digest.
    """

    digest: str = ""
    files: dict[str, Stamp] = field(default_factory=dict, compare=False)
    folders: frozenset[str] = frozenset()

    def is_current(self) -> bool:
        """Whether no file was touched since its bytes were read."""
        return all(stamp_of(file) == stamp for file, stamp in self.files.items())

    def readable(self) -> frozenset[str]:
        """The files and folders, as they are called where links are followed."""
        return frozenset(map(os.path.realpath, (*self.files, *self.folders)))


def declared_inputs(inputs: Iterable[Inputs]) -> Declared:
    """What these declare together. Raises TooManyFilesError."""
    lines: set[str] = set()
    files: dict[str, Stamp] = {}
    folders: set[str] = set()
    for each in inputs:
        for path, name in each.files().items():
            files[path] = stamp_of(path)
            lines.add(f"{name} {digest_of(path)}")
        listed = each.folders()
        lines |= {f"{os.path.relpath(path, each.folder)}/" for path in listed}
        folders |= listed
    if not lines:
        return Declared()
    digest = hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()
    return Declared(digest, files, frozenset(folders))
