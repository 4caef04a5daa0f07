"""The records of all runs, one file each. Files are never rewritten.

A file is named by time, commit (of the code under test) and machine: `20261123T181918Z-be97ab592-host.json`.
Files with other names are read as well. Files that cannot be read, and records without a time, are reported
and skipped.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from harness.disk import read
from harness.git import make_ignored
from harness.report.dates import has_zone, moment
from harness.report.files import OutputError, read_record
from harness.report.record import (
    DEEPEST,
    LETTERS,
    CommitRecord,
    Record,
    RecordError,
    TrackedRecord,
    Versioned,
    deeper,
    head_of,
    to_json,
)
from harness.temporary import temporary_file
from harness.text import printable

FOLDER = Path("reports") / "history"
"""Where records are kept by default, in the current directory."""


class SuiteHead(msgspec.Struct, frozen=True, rename=LETTERS):
    """Which suite file was run, and how; see `SuiteRecord`."""

    name: str = ""
    path: str = ""
    place: str = ""
    overrides: dict[str, object] = {}
    commit: CommitRecord | None = None


class _Environment(msgspec.Struct, frozen=True):
    machine: str = ""
    device: str = ""


class Head(Versioned, frozen=True, kw_only=True):
    """What a record says about itself, without its instances: enough to choose it."""

    started: str
    commit: CommitRecord | None
    fresh: bool
    suites: tuple[SuiteHead, ...]
    environment: _Environment
    tracked: TrackedRecord | None = None


@dataclass(frozen=True)
class Kept:
    """A record's file, and what it says about itself."""

    path: Path
    head: Head
    started: datetime
    """In UTC."""

    def read(self) -> Record:
        """The whole record. Raises `RecordError`."""
        return read_record(self.path)


def keep(folder: Path, record: Record) -> Path:
    """Write the record to a new file of the folder. Never replaces a file. Raises `OutputError`."""
    started = moment(record.started)
    if started is None:
        found = f"found {printable(record.started[:40])!r}"
        raise OutputError(f"{folder}: a record cannot be kept there: expected when it was started, {found}")
    try:
        return write_new(folder, _name(record, started), to_json(record))
    except OSError as error:
        raise OutputError(f"{folder}: a record cannot be kept there: {error.strerror or error}") from error


def _name(record: Record | Head, started: datetime) -> str:
    """The name of a record's file, before the number that distinguishes those of one second."""
    of = record.tracked or record.commit
    commit = of.hash[:9] if of else "none"
    machine = re.sub(r"[^A-Za-z0-9]+", "-", record.environment.machine).strip("-") or "unknown"
    return f"{started:%Y%m%dT%H%M%SZ}-{commit}-{machine[:40]}"


def write_new(folder: Path, name: str, data: bytes) -> Path:
    """Write beside, then link, so that the name exists with all of the data, or not at all.

    A name that is taken gets a number.
    """
    if folder == FOLDER:  # the default folder; a folder of the user's choice may be meant for git
        make_ignored(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_file(folder, ".new-") as (file, temporary):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        for number in range(1, 10_000):
            path = folder / (f"{name}.json" if number == 1 else f"{name}-{number}.json")
            try:
                os.link(temporary, path)
            except FileExistsError:
                continue
            return path
        raise FileExistsError(f"10,000 records named {name}")


def fingerprints(folder: Path) -> tuple[set[str], list[str]]:
    """The beginnings of all fingerprints that the folder's records name, and what cannot be read."""
    names: set[str] = set()
    problems: list[str] = []
    for path in _files(folder):
        try:
            instances = read_record(path).instances
        except RecordError as error:
            problems.append(str(error))
            continue
        names.update(name for i in instances for trials in i.trials for name in trials.fingerprints)
    return names, problems


def listed(folder: Path) -> tuple[list[Kept], list[str]]:
    """The records of a folder, oldest first, and what is wrong with those that cannot be read.

    Of two that were started at the same time, the one that was kept first comes first.
    """
    found: list[tuple[tuple[datetime, int, int, str], Kept]] = []
    problems: list[str] = []
    for path in _files(folder):
        try:
            head = head_of(read(path), str(path), Head)
            if any(deeper(suite.overrides, DEEPEST) for suite in head.suites):
                raise RecordError(f"{path}: expected at most {DEEPEST} tables in each other, found more")
            kept_at = path.stat().st_mtime_ns
        except RecordError as error:
            problems.append(str(error))
            continue
        except OSError as error:
            problems.append(f"{path}: expected a record, found: {error.strerror or error}")
            continue
        started = moment(head.started)
        if started is None:
            shown = printable(head.started[:40])
            problems.append(f"{path}: expected when the run was started, found {shown!r}: it is skipped")
            continue
        if not has_zone(head.started):
            problems.append(f"{path}: {printable(head.started)} names no time zone: it is read as UTC")
        found.append(((started, _number(path, head, started), kept_at, path.name), Kept(path, head, started)))
    found.sort(key=lambda pair: pair[0])
    return [kept for _, kept in found], problems


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _number(path: Path, head: Head, started: datetime) -> int:
    """The number of the file among the records of one second, commit and machine; 1 for other names."""
    found = re.fullmatch(re.escape(_name(head, started)) + r"-([0-9]{1,9})", path.stem)
    return int(found[1]) if found else 1
