"""What an installed distribution says that it has installed (its RECORD), and what is there.

A file counts as RECORD says it was, unless it looks touched since: it has another size, or one of its times
lies after RECORD's own. Then its bytes are compared with the digest that RECORD has of it. That is one look
at each file, and reads only those that were touched.
"""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from harness.measure.digests import GONE, Stamp, digest_of, stamp_of

INFO = ".dist-info"

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""\bextra\s*==\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True)
class Listed:
    """A file that RECORD lists: its name, its path, its SHA-256 in hexadecimal and its size ('' and -1 where
    RECORD has none)."""

    name: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Requirement:
    """A distribution that another requires, with extras of it; `extra` is the other's that asks for it, or
    ''. Names are normalised."""

    name: str
    extras: tuple[str, ...] = ()
    extra: str = ""


@dataclass(frozen=True)
class Metadata:
    """What a folder of metadata says; made by `read_metadata`. `digest` is of RECORD's lines about installed
    files, `newest` the later of RECORD's own times."""

    name: str
    version: str
    requires: tuple[Requirement, ...]
    digest: str
    listed: tuple[Listed, ...]
    newest: int


@functools.cache
def read_metadata(folder: str, stamps: tuple[Stamp, ...]) -> Metadata:
    """The facts of one `*.dist-info`, whose files have these stamps."""
    requires: list[Requirement] = []
    for line in read_text(os.path.join(folder, "METADATA")).partition("\n\n")[0].splitlines():
        field, _, text = line.partition(": ")
        if field == "Requires-Dist" and (required := _REQUIREMENT.match(text)):
            name, extras = normalised_name(required[1]), (required[2] or "").split(",")
            asked = tuple(normalised_name(each.strip()) for each in extras if each.strip())
            for extra in _EXTRA.findall(text) or [""]:
                requires.append(Requirement(name, asked, normalised_name(extra)))
    name, _, version = os.path.basename(folder).removesuffix(INFO).rpartition("-")
    lines = read_text(os.path.join(folder, "RECORD")).splitlines()
    # Of the installed files only: installers differ in scripts, bytecode and their own notes.
    kept = [line for line in lines if not re.search(r"^\.\./|\.dist-info/|\.pyc,", line)]
    _, content, entry, _ = stamps[-1]
    return Metadata(
        name=name,
        version=version,
        requires=tuple(requires),
        digest=hashlib.sha256("\n".join(sorted(kept)).encode("utf-8", "surrogateescape")).hexdigest(),
        listed=tuple(_listed(os.path.dirname(folder), kept)),
        newest=max(content, entry),
    )


def edits(metadata: Metadata) -> list[str]:
    """A line for each listed file that is not what RECORD says it is."""
    found = []
    for file in metadata.listed:
        stamp = stamp_of(file.path)
        touched = file.size != stamp[0] or stamp[1] > metadata.newest or stamp[2] > metadata.newest
        if stamp == GONE:
            found.append(f"gone {file.name}")
        elif touched or not file.sha256:
            digest = digest_of(file.path)
            if digest != file.sha256:
                found.append(f"{digest} {file.name}")
    return found


def _listed(root: str, lines: list[str]) -> Iterator[Listed]:
    for row in csv.reader(lines):
        if len(row) == 3 and row[0] and not os.path.isabs(row[0]):
            method, _, text = row[1].partition("=")
            digest = _hexadecimal(text) if method == "sha256" else ""
            size = int(row[2]) if row[2].isdecimal() else -1
            yield Listed(row[0], os.path.join(root, row[0]), digest, size)


def _hexadecimal(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except ValueError:
        return ""


def package_files(path: str) -> list[tuple[str, str]]:
    """The files of a package, as (name inside, path); of a module or an archive, itself. No bytecode of
    modules."""
    if not os.path.isdir(path):
        return [(os.path.basename(path), path)]
    found = []
    for above, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name != "__pycache__"]
        files = (os.path.join(above, name) for name in names)
        found += [(os.path.relpath(file, path).replace(os.sep, "/"), file) for file in files]
    return found


def python_texts(path: str) -> Iterator[bytes]:
    """The texts of the Python files of a package, a module or an archive."""
    for _, file in package_files(path):
        try:
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    yield from (archive.read(n) for n in archive.namelist() if n.endswith(".py"))
            elif file.endswith(".py"):
                with open(file, "rb") as opened:
                    yield opened.read()
        except (OSError, ValueError, zipfile.BadZipFile):  # whoever imports it will say so better
            continue


def read_text(path: str) -> str:
    """A text file; '' if there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def normalised_name(name: str) -> str:
    """A distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
