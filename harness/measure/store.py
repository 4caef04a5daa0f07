"""What was measured, kept in one SQLite file: a row per fingerprint.

Only the parent process writes, as soon as a trial ends; a process that is killed at any moment loses
nothing that was kept. Numbers are JSON text in Python's shortest form, which gives back every bit.
Several processes may use one store at once.
"""

from __future__ import annotations

import contextlib
import json
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

SCHEMA = 1
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
    created     real not null    -- Unix time
);
create index measurement_experiment on measurement (experiment, seconds);
"""
_INSERT = "insert or replace into measurement values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = "select fingerprint, trial, quantities, missing, stages, seconds, device from measurement"


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
        if path.is_dir():
            raise StoreError(f"store {path}: expected a file, found a directory; name a file inside it")
        with self._explained():
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
                    found[row[0]] = _measurement(*row)
        return found

    def keep(self, measurement: Measurement) -> None:
        """Write a measurement, in a transaction of its own."""
        m = measurement
        stages = [[stage.name, stage.seconds, stage.failure] for stage in m.stages]
        texts = [json.dumps(part) for part in (dict(m.values), dict(m.missing), stages)]
        row = [m.fingerprint, m.trial.key, m.trial.run, *texts, m.seconds, m.device, time.time()]
        with self._explained():
            self._database.execute(_INSERT, row)

    def seconds_per_trial(self, run: str) -> float | None:
        """How long a trial of the experiment took on average; None where none is kept."""
        with self._explained():
            query = "select avg(seconds) from measurement where experiment = ?"
            (mean,) = self._database.execute(query, [run]).fetchone()
        return None if mean is None else float(mean)

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a statement of `upkeep` gives."""
        with self._explained():
            return self._database.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _prepare(self) -> None:
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
        self._database.execute("pragma synchronous=normal")

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"pragma {name}").fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            found, cure = str(error), "free the disk, mend its permissions, or name another file"
            if "not a database" in found:
                found, cure = "a file of another kind", "name another file"
            raise StoreError(
                f"store {self.path}: expected a SQLite database that can be written, found: {found}; {cure}"
            ) from error
        except OSError as error:
            what = os.strerror(error.errno) if error.errno else str(error)
            raise StoreError(
                f"store {self.path}: expected a file in a folder that can be written, found: {what};"
                " name another file"
            ) from error


def _measurement(
    fingerprint: str, trial: str, quantities: str, missing: str, stages: str, seconds: float, device: str
) -> Measurement:
    run, params, seed = json.loads(trial)
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
