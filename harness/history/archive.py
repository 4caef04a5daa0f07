"""The records of all runs, one file each, which nobody rewrites.

A file is named by time, commit (of the code under test) and machine: `20261123T181918Z-be97ab592-host.json`.
Those of other names are read as well. What cannot be read is told, and passed over.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.report.files import OutputError, read_record
from harness.report.record import CommitRecord, Record, RecordError, TrackedRecord, Versioned, decode
from harness.report.temporary import temporary_file

FOLDER = Path("reports") / "history"
"""Where records are kept unless told otherwise, in the current directory."""


class _Suite(msgspec.Struct, frozen=True):
    given: dict[str, object] = {}


class _Environment(msgspec.Struct, frozen=True):
    machine: str = ""
    device: str = ""


class Head(Versioned, frozen=True, kw_only=True):
    """What a record says of itself, without its instances: all that is needed to choose it."""

    started: str
    commit: CommitRecord | None
    fresh: bool
    suites: tuple[_Suite, ...]
    environment: _Environment
    tracked: TrackedRecord | None = None

    @property
    def given(self) -> dict[str, object]:
        """The parameters that the run was given in place of its suites' own."""
        return {name: value for suite in self.suites for name, value in suite.given.items()}


@dataclass(frozen=True)
class Kept:
    """A record's file, and what it says of itself."""

    path: Path
    head: Head

    def read(self) -> Record:
        """The whole of it. Raises `RecordError`."""
        return read_record(self.path)


def keep(folder: Path, record: Record) -> Path:
    """Write the record to a new file of the folder. Raises `OutputError`; never replaces a file."""
    started = datetime.fromisoformat(record.started).astimezone(UTC)
    of = record.tracked or record.commit
    commit = of.hash[:9] if of else "none"
    machine = re.sub(r"[^A-Za-z0-9]+", "-", record.environment.machine).strip("-") or "unknown"
    name = f"{started:%Y%m%dT%H%M%SZ}-{commit}-{machine[:40]}"
    try:
        return _write_new(folder, name, msgspec.json.encode(record) + b"\n")
    except OSError as error:
        raise OutputError(f"{folder}: a record cannot be kept there: {error.strerror or error}") from error


def _write_new(folder: Path, name: str, data: bytes) -> Path:
    """Write beside, then link: the name exists with all of the data, or not; a taken one gets a number."""
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_file(folder, ".new-") as (file, temporary):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o644)
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
    kept, problems = listed(folder)
    for each in kept:
        try:
            instances = each.read().instances
        except RecordError as error:
            problems.append(str(error))
            continue
        names.update(name for i in instances for trials in i.trials for name in trials.fingerprints)
    return names, problems


def listed(folder: Path) -> tuple[list[Kept], list[str]]:
    """The records of a folder, oldest first; and what is wrong with those that cannot be read."""
    if not folder.is_dir():
        return [], []
    found: list[Kept] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Kept(path, decode(path.read_bytes(), str(path), Head)))
        except (RecordError, OSError) as error:
            problems.append(str(error))
    found.sort(key=lambda kept: datetime.fromisoformat(kept.head.started))
    return found, problems
