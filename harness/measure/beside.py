"""What stands in the place of a store and beside it: nothing but what this program has put there.

    STORE                        the database
    STORE-wal, STORE-shm         SQLite's log, and its index of it
    STORE.lock                   held while the store is made
    STORE.digests                digests of inputs and of edited libraries
    STORE.locks/, STORE.jax/     locks of trials; JAX's compiled programs

A link in one of these places would have us write, or delete, what it leads to. A rollback journal
(STORE-journal) may name any file as its *super-journal*, which SQLite deletes when it has rolled back; a
store keeps a log instead of a journal, so one is ours only if a run was killed while it made the store.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.disk import kind

FILES = ("", "-wal", "-shm", ".lock", ".digests")
FOLDERS = (".locks", ".jax")
PAGE = 4096
"""Bytes of the most that a store has while it has a journal: its first page."""

SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names a super-journal; https://www.sqlite.org/fileformat.html, the file's header
has the same bytes."""

TRIES = 3
"""How often a store is copied that changes meanwhile."""


def why_not_opened(path: Path) -> str:
    """Why a store at the path must not be opened: what was expected there, found, and what to do. '' if none.

    Raises OSError where that cannot be told. Of journals says `journal_problem`.
    """
    for suffixes, expected in ((FILES, "a file"), (FOLDERS, "a directory")):
        for suffix in suffixes:
            place = path.with_name(path.name + suffix)
            found = kind(place)
            if found not in ("", expected):
                cure = "name the file that it leads to" if not suffix and found == "a link" else "remove it"
                cure = "name a file" if not suffix and found != "a link" else cure
                return f"expected {expected}, found {found} at {place}: {cure}, or name another store"
    return ""


def journal_problem(path: Path) -> str:
    """What `why_not_opened` says, of a rollback journal; to be asked while nobody makes the store."""
    journal = path.with_name(path.name + "-journal")
    found = kind(journal)
    if not found:
        return ""
    if found == "a file":
        size = path.stat().st_size if path.exists() else 0
        if size <= PAGE and not _names_another(journal):
            return ""  # a run was killed while it made the store: SQLite begins anew
        found = "a rollback journal"
    return (
        f"expected none but files of a store beside it, found {found} at {journal}, which is not ours and"
        " could have SQLite delete other files: remove it, or name another store"
    )


def _names_another(journal: Path) -> bool:
    with journal.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(SUPER_JOURNAL)))
        return file.read() == SUPER_JOURNAL


@contextlib.contextmanager
def private_copy(path: Path) -> Iterator[Path]:
    """A copy of somebody's store, with its log, in a folder of our own: nothing beside the original is
    touched, or believed. Raises OSError where there is no file, or one that goes on changing."""
    path = Path(os.path.realpath(path))
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        copy = Path(folder) / "store.sqlite"
        for _ in range(TRIES):
            before = _stamps(path)
            for suffix in ("", "-wal"):
                copy.with_name(copy.name + suffix).unlink(missing_ok=True)
                if before[suffix]:
                    shutil.copyfile(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
            if _stamps(path) == before:
                break
        else:
            raise OSError("a store that is being written: merge it when its run has ended")
        yield copy


def _stamps(path: Path) -> dict[str, tuple[int, ...]]:
    """Inode, time and size of the store and of its log; () where there is none."""
    stamps: dict[str, tuple[int, ...]] = {}
    for suffix in ("", "-wal"):
        place = path.with_name(path.name + suffix)
        found = kind(place)
        if found not in ("", "a file"):
            raise OSError(f"{found} at {place}")
        status = place.stat() if found else None
        stamps[suffix] = (status.st_ino, status.st_mtime_ns, status.st_size) if status else ()
    return stamps
