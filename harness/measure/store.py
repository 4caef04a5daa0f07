"""What was measured, kept in one SQLite file: a row per fingerprint.

Only the parent process writes, as soon as a trial ends; a process that is killed at any moment loses
nothing that was kept. Numbers are JSON text in Python's shortest form, which gives back every bit.
Several processes may use one store at once.

Each row has a checksum of itself, for SQLite does not notice a bit that flips in a number. A row that does
not match its own is as if it were not there, so that it is measured again; `Store.damaged` remembers it.
Nothing that is read is unpickled, evaluated or imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.measure.locks import waiting
from harness.measure.records import Measurement, Stage
from harness.plan.records import Trial

SCHEMA = 2
APPLICATION = 0x4E544B48  # "NTKH", in SQLite's application_id: this file is ours
BATCH = 500  # SQLite before 3.32 takes at most 999 parameters in a statement
PATIENCE = 60.0  # seconds to wait for another writer, whose transactions take milliseconds

_CREATE = """
create table measurement (
    fingerprint text primary key,
    trial       text not null,   -- Trial.key: JSON of experiment, parameters, seed
    experiment  text not null,
    quantities  text not null,   -- JSON: name to number
    missing     text not null,   -- JSON: name to reason
    stages      text not null,   -- JSON: [name, seconds, failure]
    seconds     real not null,
    device      text not null,
    created     real not null,   -- Unix time
    checksum    text not null    -- of the columns before it
);
create index measurement_experiment on measurement (experiment, seconds);
"""
_INSERT = "insert or replace into measurement values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = "select * from measurement"
_ENTRIES = "select type, name, tbl_name, sql from sqlite_master where sql is not null order by name"


def is_database(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


class StoreError(UserError):
    """The store cannot be used; says what was expected, what was found and what to do."""


class Store:
    """An open store. Raises `StoreError` from every method where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: set[str] = set()
        """Fingerprints of rows that were looked for and do not match their checksums."""
        with self._explained():
            if path.is_dir():
                raise StoreError(f"store {path}: expected a file, found a directory; name a file inside it")
            path.parent.mkdir(parents=True, exist_ok=True)
            # The lock, because `pragma journal_mode=wal` ignores the busy timeout.
            with waiting(path.with_name(path.name + ".lock")):
                self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
                try:
                    self._prepare()
                except BaseException:
                    self._database.close()
                    raise

    def recall(self, fingerprints: Iterable[str]) -> dict[str, Measurement]:
        """The measurements that are kept under these fingerprints."""
        wanted = list(dict.fromkeys(fingerprints))
        found = {}
        with self._explained():
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                marks = ",".join("?" * len(batch))
                for row in self._database.execute(f"{_SELECT} where fingerprint in ({marks})", batch):
                    *texts, checksum = map(_text, row)
                    if _checksum(texts) != checksum:
                        self.damaged |= {str(texts[0])} & set(batch)
                        continue
                    measurement = _measurement(*texts)
                    found[measurement.fingerprint] = measurement
        return found

    def keep(self, measurement: Measurement) -> None:
        """Write a measurement, in a transaction of its own."""
        m = measurement
        stages = [[stage.name, stage.seconds, stage.failure, stage.fixed] for stage in m.stages]
        texts = [json.dumps(part) for part in (dict(m.values), dict(m.missing), stages)]
        row = [m.fingerprint, m.trial.key, m.trial.run, *texts, float(m.seconds), m.device, time.time()]
        with self._explained():
            self._database.execute(_INSERT, [*row, _checksum(row)])

    def seconds_per_trial(self, run: str) -> float | None:
        """How long a trial of the experiment took on average; None where none is kept."""
        with self._explained():
            query = "select avg(seconds) from measurement where experiment = ?"
            (mean,) = self._database.execute(query, [run]).fetchone()
        return float(mean) if isinstance(mean, float) and 0 <= mean < math.inf else None

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a statement of `upkeep` gives."""
        with self._explained():
            found = self._database.execute(statement, values).fetchall()
        return [tuple(map(_text, row)) for row in found]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _prepare(self) -> None:
        self._database.text_factory = bytes  # what is damaged may not be UTF-8
        self._database.execute("pragma trusted_schema=off")
        self._database.execute("pragma cell_size_check=on")
        application, version = self._pragma("application_id"), self._pragma("user_version")
        tables = self._database.execute("select count(*) from sqlite_master").fetchone()[0]
        if not tables and not application and not version:
            self._database.execute("pragma journal_mode=wal")
            script = f"pragma application_id={APPLICATION}; pragma user_version={SCHEMA};"
            self._database.executescript(f"begin immediate; {_CREATE} {script} commit;")
        elif application != APPLICATION:
            raise StoreError(
                f"store {self.path}: expected a store of measurements, found another program's database;"
                " name another file"
            )
        elif version != SCHEMA:
            age, cure = ("a newer", "upgrade harness") if version > SCHEMA else ("an older", "delete it")
            raise StoreError(
                f"store {self.path}: expected schema version {SCHEMA}, found {version}, written by"
                f" {age} harness; {cure}, or name another file"
            )
        elif self._database.execute(_ENTRIES).fetchall() != _entries():
            raise sqlite3.DatabaseError("tables that are malformed")
        self._database.execute("pragma synchronous=normal")

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"pragma {name}").fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite's own words may not be UTF-8
            found, cure = str(error), "free the disk, mend its permissions, or name another file"
            if "not a database" in found:
                found, cure = "a file of another kind", "name another file"
            elif any(word in found for word in ("malformed", "no such table", "codec")):
                found = f"a damaged one ({found})"
                cure = "move it away, and what it held is measured again (sqlite3's .recover may save some)"
            raise StoreError(
                f"store {self.path}: expected a SQLite database that can be written, found: {found}; {cure}"
            ) from error
        except OSError as error:
            what = os.strerror(error.errno) if error.errno else str(error)
            raise StoreError(
                f"store {self.path}: expected a file in a folder that can be written, found: {what};"
                " name another file"
            ) from error


def _entries() -> list[tuple[bytes, ...]]:
    """What a store's list of tables says, as `_ENTRIES` reads it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = bytes
        database.executescript(_CREATE)
        return database.execute(_ENTRIES).fetchall()


def _text(column: object) -> Any:
    return column.decode(errors="surrogateescape") if isinstance(column, bytes) else column


def _checksum(columns: Sequence[object]) -> str:
    return hashlib.blake2b(json.dumps(columns).encode(), digest_size=16).hexdigest()


def _measurement(
    fingerprint: str, trial: str, run: str, quantities: str, missing: str, stages: str, seconds: float,
    device: str, created: float,
) -> Measurement:
    _, params, seed = json.loads(trial)
    return Measurement(
        trial=Trial(run, tuple((name, value) for name, value in params), seed),
        fingerprint=fingerprint,
        status="ok",
        values=json.loads(quantities),
        missing=json.loads(missing),
        stages=tuple(Stage(*stage) for stage in json.loads(stages)),
        seconds=seconds,
        device=device,
        stored=True,
        reused=True,
    )
