"""What was measured, kept in one SQLite file: a row for each stage of a fingerprint's trial.

Only the parent process writes, as soon as a trial ends; a process that is killed at any moment loses
nothing that was kept. Numbers are JSON text in Python's shortest form, which gives back every bit.
Several processes may use one store at once.

Each row has a checksum of itself, for SQLite does not notice a bit that flips in a number. A row that does
not match its own is as if it were not there, so that it is measured again; `Store.damaged` remembers it.
Nothing that is read is unpickled, evaluated or imported; and as anybody can compute a checksum, a row whose
content no trial can have put there counts as damaged as well (`rows`).
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.git import make_ignored
from harness.measure import rows as columns
from harness.measure.beside import journal_problem, why_not_opened
from harness.measure.holders import Wait, holder
from harness.measure.interrupts import interrupted
from harness.measure.locks import LockError, waiting
from harness.measure.migration import OLDER, migrate
from harness.measure.records import Measurement
from harness.measure.row_texts import missing_text, numbers_text, row_checksum, stages_text
from harness.measure.stages import union
from harness.questions import Trial
from harness.spelling import experiment_first

SCHEMA = 4
APPLICATION = 0x4E544B48  # "NTKH", in SQLite's application_id: this file is ours
BATCH = 500  # SQLite before 3.32 takes at most 999 parameters in a statement
WAL_PAGES = 4000  # pages (16 MB) that may wait in the log: each is brought in once for more rows
LARGEST = 2**24  # bytes of a text or a row; a trial's have some thousands
PATIENCE = 60.0  # seconds to wait for another writer, whose transactions take milliseconds
PAUSE = 0.05  # seconds between looks whether it is done

_CREATE = """
create table measurement (
    fingerprint text not null,
    stage       text not null,   -- the stage that the row is of; '' where it is of all
    trial       text not null,   -- Trial.key: JSON of experiment, parameters, seed
    experiment  text not null,
    quantities  text not null,   -- JSON: name to number
    missing     text not null,   -- JSON: name to reason
    stages      text not null,   -- JSON: [name, seconds, failure, fixed]
    seconds     real not null,
    device      text not null,
    cpu         text not null,   -- the model of the processor
    program     text not null,   -- digest: the fingerprint without parameters and seed
    ordinal     integer not null, -- how many trials its worker had run before
    changed     integer not null, -- 1 where it changed the state of its worker
    created     real not null,   -- Unix time
    checksum    text not null,   -- of the columns before it
    primary key (fingerprint, stage)
);
create index measurement_experiment on measurement (experiment, stage, fingerprint, seconds);
create index measurement_program on measurement (program);
create table recheck (
    passed   text primary key,   -- digest of what passed a recheck: Group.key
    program  text not null,
    trial    text not null,      -- Trial.key of the trial that was measured twice
    created  real not null,      -- Unix time
    checksum text not null       -- of the columns before it
);
"""
_INSERT = f"insert or replace into measurement values ({', '.join('?' * 15)})"
_SELECT = "select * from measurement"
_ENTRIES = "select type, name, tbl_name, sql from sqlite_master where sql is not null order by name"


def is_database(path: Path) -> bool:
    """Whether it is a file (or a link to one) that begins as SQLite's do."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


class StoreError(UserError):
    """The store cannot be used; says what was expected, what was found and what to do."""


class _Patient(sqlite3.Connection):
    """A connection that waits for other writers, with a word if that takes long, and until Ctrl-C."""

    files: Sequence[Path] = ()

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As SQLite's, which would wait without a word and could not be interrupted."""
        wait = Wait(f"store {self.files[0]}", self.files, "wait for it, end it, or name another store")
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not busy or wait.seconds > PATIENCE or interrupted():
                    raise
                wait.speak()
                time.sleep(PAUSE)


class Store:
    """An open store, for one thread at a time.

    Raises `StoreError` from every method where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._gathered: list[Sequence[object]] | None = None
        self.damaged: set[str] = set()
        """Fingerprints of rows that were looked for and do not match their checksums, or hold what no trial
        gives."""
        with self._explained():
            if path.is_dir():
                raise StoreError(f"store {path}: expected a file, found a directory; name a file inside it")
            if found := why_not_opened(path):
                raise StoreError(f"store {path}: {found}")
            make_ignored(path.parent)
            # The lock, because `pragma journal_mode=wal` ignores the busy timeout.
            with waiting(path.with_name(path.name + ".lock")):
                if found := journal_problem(path):
                    raise StoreError(f"store {path}: {found}")
                self._database = sqlite3.connect(
                    path, timeout=PAUSE, isolation_level=None, check_same_thread=False, factory=_Patient
                )
                self._database.files = _beside(path)
                try:
                    self._prepare()
                except BaseException:
                    self._database.close()
                    raise

    def recall(self, fingerprints: Iterable[str]) -> dict[str, Measurement]:
        """What is kept under these fingerprints, of whichever stages."""
        wanted = list(dict.fromkeys(fingerprints))
        found: dict[str, list[Measurement]] = {}
        with self._explained():
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                marks = ",".join("?" * len(batch))
                query = f"{_SELECT} where fingerprint in ({marks}) order by fingerprint, stage"
                for row in self._database.execute(query, batch):
                    *texts, checksum = map(_text, row)
                    try:
                        if row_checksum(texts) != checksum:
                            raise ValueError("another checksum")
                        measurement = _measurement(*texts)
                    except ValueError:
                        self.damaged |= {str(texts[0])} & set(batch)
                        continue
                    found.setdefault(measurement.fingerprint, []).append(measurement)
        return {fingerprint: union(rows) for fingerprint, rows in found.items()}

    def keep(self, measurement: Measurement, stage: str = "") -> None:
        """Write a measurement of a stage, or of a trial as a whole."""
        self.keep_rows([(stage, measurement)])

    def keep_rows(self, rows: Iterable[tuple[str, Measurement]]) -> None:
        """Write measurements, each of one stage, in one transaction: all or nothing."""
        made = [self._row(stage, measurement) for stage, measurement in rows]
        if self._gathered is not None:
            self._gathered += made
        else:
            self._write(made)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Write all that is kept in the block at its end, in one transaction."""
        gathered: list[Sequence[object]] = []
        self._gathered = gathered
        try:
            yield
        finally:
            self._gathered = None
            if gathered:
                self._write(gathered)

    def _write(self, made: Sequence[Sequence[object]]) -> None:
        with self._explained():
            if len(made) == 1:
                self._database.execute(_INSERT, made[0])
                return
            with self._transaction():
                self._database.executemany(_INSERT, made)

    @staticmethod
    def _row(stage: str, measurement: Measurement) -> list[object]:
        m = measurement
        row = [
            m.fingerprint,
            stage,
            m.trial.key,
            experiment_first(m.trial.experiment),
            numbers_text(m.values),
            missing_text(m.missing),
            stages_text(m.stages),
            float(m.seconds),
            m.device,
            m.cpu,
            m.program,
            m.ordinal,
            int(m.changed),
            time.time(),
        ]
        row.append(row_checksum(row))
        return row

    def passed(self, key: str) -> bool:
        """Whether it is kept that this passed a recheck."""
        with self._explained():
            found = self._database.execute("select * from recheck where passed = ?", [key]).fetchall()
        return any(row_checksum(texts) == checksum for *texts, checksum in (map(_text, row) for row in found))

    def keep_pass(self, key: str, program: str, trial: Trial) -> None:
        """Write that this passed a recheck, in which `trial` was measured twice."""
        row = [key, program, trial.key, time.time()]
        with self._explained():
            self._database.execute(
                "insert or replace into recheck values (?, ?, ?, ?, ?)", [*row, row_checksum(row)]
            )

    def forget(self, program: str, belongs: Callable[[Trial], bool]) -> int:
        """Remove the measurements by a program whose trials belong to what failed a recheck, and what passed
        by one of these trials; how many measurements. All or nothing."""
        with self._explained(), self._transaction():
            removed = self._remove("measurement", "fingerprint", program, belongs)
            self._remove("recheck", "passed", program, belongs)
        return removed

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        try:
            yield
            self._database.execute("commit")
        except BaseException:
            self._database.execute("rollback")
            raise

    def _remove(self, table: str, key: str, program: str, belongs: Callable[[Trial], bool]) -> int:
        query = f"select distinct {key}, trial from {table} where program = ?"
        rows = [tuple(map(_text, row)) for row in self._database.execute(query, [program])]
        gone = [[name] for name, trial in rows if _is_in(trial, belongs)]
        self._database.executemany(f"delete from {table} where {key} = ?", gone)
        return len(gone)

    def seconds_per_trial(self, experiment: str) -> float | None:
        """How long a trial of the experiment took on average; None if none is kept."""
        with self._explained():
            each = "select sum(seconds) as took from measurement where experiment = ? group by fingerprint"
            (mean,) = self._database.execute(
                f"select avg(took) from ({each})", [experiment_first(experiment)]
            ).fetchone()
        return _mean(mean)

    def seconds_by_stage(self, experiment: str) -> dict[str, float]:
        """How long each stage of a trial took on average, if the store has any; '' is a trial as a whole."""
        with self._explained():
            query = "select stage, avg(seconds) from measurement where experiment = ? group by stage"
            found = self._database.execute(query, [experiment_first(experiment)]).fetchall()
        means = {_text(stage): _mean(mean) for stage, mean in found}
        return {stage: mean for stage, mean in means.items() if isinstance(stage, str) and mean is not None}

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
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
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
        elif version == OLDER:
            with self._transaction():
                migrate(self._database, _CREATE, SCHEMA, row_checksum)
        elif version != SCHEMA:
            newer = "a newer harness; upgrade harness, or name another file"
            older = "an older harness, whose trials this one cannot use; name another file"
            raise StoreError(
                f"store {self.path}: expected schema version {SCHEMA}, found {version}, written by"
                f" {newer if version > SCHEMA else older}"
            )
        elif self._database.execute(_ENTRIES).fetchall() != _entries():
            raise sqlite3.DatabaseError("tables that are malformed")
        self._database.execute("pragma synchronous=normal")
        self._database.execute(f"pragma wal_autocheckpoint={WAL_PAGES}")

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
            elif any(word in found for word in ("malformed", "no such table", "codec", "too big")):
                found = f"a damaged one ({found})"
                cure = "move it away, and what it held is measured again (sqlite3's .recover may save some)"
            elif "locked" in found:
                found = f"{found} by {holder(*_beside(self.path))} for {PATIENCE:g} s"
                cure = "wait for it, end it, or name another file"
            raise StoreError(
                f"store {self.path}: expected a SQLite database that can be written, found: {found}; {cure}"
            ) from error
        except LockError as error:
            raise StoreError(f"store {self.path}: {error}") from error
        except OSError as error:
            what = os.strerror(error.errno) if error.errno else str(error)
            raise StoreError(
                f"store {self.path}: expected a file in a folder that can be written, found: {what};"
                " name another file"
            ) from error


def _beside(path: Path) -> list[Path]:
    """The files in which SQLite locks a database."""
    return [path.with_name(path.name + end) for end in ("", "-shm", "-wal")]


def _entries() -> list[tuple[bytes, ...]]:
    """What a store's list of tables says, as `_ENTRIES` reads it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = bytes
        database.executescript(_CREATE)
        return database.execute(_ENTRIES).fetchall()


def _mean(found: object) -> float | None:
    return float(found) if isinstance(found, float) and 0 <= found < math.inf else None


def _text(column: object) -> Any:
    return column.decode(errors="surrogateescape") if isinstance(column, bytes) else column


def _trial(key: str) -> Trial:
    run, params, seed = json.loads(key)
    return Trial(run, tuple((name, value) for name, value in params), seed)


def _is_in(key: str, belongs: Callable[[Trial], bool]) -> bool:
    """Whether a row's trial belongs; so does one that cannot be read."""
    try:
        return belongs(_trial(key))
    except (ValueError, TypeError, RecursionError):
        return True


def _measurement(
    fingerprint: str,
    stage: str,
    trial: str,
    run: str,
    quantities: str,
    missing: str,
    stages: str,
    seconds: float,
    device: str,
    cpu: str,
    program: str,
    ordinal: int,
    changed: int,
    created: float,
) -> Measurement:
    columns.seconds(created)
    columns.word(stage)
    return Measurement(
        trial=columns.trial(trial, run),
        fingerprint=columns.word(fingerprint),
        status="ok",
        values=columns.numbers(quantities),
        missing=columns.missing(missing),
        stages=columns.stages(stages),
        seconds=columns.seconds(seconds),
        device=columns.word(device),
        stored=True,
        reused=True,
        program=columns.word(program),
        ordinal=columns.count(ordinal),
        cpu=columns.word(cpu),
        changed=columns.flag(changed),
    )
