"""Digests of files' bytes, taken again only where the file's *stamp* has changed.

A stamp is what the file system says of a file: size, times of its content and of its entry, inode. Nobody
can set the time of the entry (ctime), so an edit that restores size and time of the content is seen as well.
What one process has read is kept beside the store for the next one, except of files that were touched in the
last seconds: these may change again within one tick of the file system's clock.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from pathlib import Path

from harness.disk import kind
from harness.temporary import temporary_file

Stamp = tuple[int, int, int, int]
"""Size, time of the content, time of the entry, inode."""

GONE: Stamp = (-1, 0, 0, 0)
"""The stamp where there is no regular file."""

SETTLED = 2 * 10**9
"""Nanoseconds after which no change can fall into the same tick: file systems count 10 ms, FAT 2 s."""

MOST = 200_000
"""How many digests are kept for the next process; an entry takes 200 bytes."""

_CHUNK = 2**20
_VERSION = 1

known_digests: dict[str, tuple[Stamp, str]] = {}
unsaved_digests: set[str] = set()


def stamp_of(path: str) -> Stamp:
    """The stamp of a regular file, or what its link leads to; `GONE` where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return GONE
    if not stat.S_ISREG(status.st_mode):
        return GONE
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def digest_of(path: str) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal; '' where there is no file that can be read."""
    stamp = stamp_of(path)
    if stamp == GONE:
        return ""
    known = known_digests.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError:
        return ""
    if stamp_of(path) == stamp and time.time_ns() - max(stamp[1], stamp[2]) > SETTLED:
        known_digests[path] = (stamp, found.hexdigest())
        unsaved_digests.add(path)
    return found.hexdigest()


def beside_store(store: Path) -> Path:
    """Where digests are kept for a store."""
    return store.with_name(store.name + ".digests")


def recall_digests(file: Path) -> None:
    """Take what an earlier process has kept in the file; what cannot be read counts for nothing."""
    try:
        if kind(file) != "a file":
            return
        kept = json.loads(file.read_bytes())
        if kept["version"] != _VERSION:
            return
        entries = {path: (_stamp(entry[0]), str(entry[1])) for path, entry in kept["files"].items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return
    for path, known in entries.items():
        known_digests.setdefault(path, known)


def recall_store_digests(store: Path | None) -> None:
    """Take what an earlier process has kept for a store."""
    if store is not None:
        recall_digests(beside_store(store))


def keep_digests(file: Path) -> None:
    """Write what this process knows, if it has learnt anything; what cannot be written is taken again."""
    if not unsaved_digests:
        return
    newest = [*(path for path in known_digests if path not in unsaved_digests), *unsaved_digests][-MOST:]
    text = json.dumps({"version": _VERSION, "files": {path: known_digests[path] for path in newest}})
    with (
        contextlib.suppress(OSError),
        temporary_file(file.parent, f".{file.name}.new-") as (written, temporary),
    ):
        written.write(text.encode("ascii"))
        written.flush()
        os.replace(temporary, file)
        unsaved_digests.clear()


def _stamp(numbers: list[int]) -> Stamp:
    size, content, entry, inode = (int(number) for number in numbers)
    return size, content, entry, inode
