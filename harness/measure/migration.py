"""A store of an older schema becomes one of today's, with all that it holds.

Until schema 4 a trial had one row. It stays one row, of all stages: nothing has to be known of its
experiment, whose module is not imported for this, and whoever looks the trial up finds every stage in it.
What was damaged stays so. All of it is one transaction: a process that is killed leaves the store as it was.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence

OLDER = 3
"""The schema that can be migrated. What wrote earlier ones is older than any trial that is measured today."""

TABLES = {
    "measurement": (
        "create table measurement (fingerprint text primary key, trial text not null,"
        " experiment text not null, quantities text not null, missing text not null, stages text not null,"
        " seconds real not null, device text not null, cpu text not null, program text not null,"
        " ordinal integer not null, changed integer not null, created real not null, checksum text not null)"
    ),
    "measurement_experiment": "create index measurement_experiment on measurement (experiment, seconds)",
    "measurement_program": "create index measurement_program on measurement (program)",
    "recheck": (
        "create table recheck (passed text primary key, program text not null, trial text not null,"
        " created real not null, checksum text not null)"
    ),
}
"""What such a store consists of: nothing else may be in it, as a trigger would run."""


def migrate(
    database: sqlite3.Connection, create: str, schema: int, checksum: Callable[[Sequence[object]], str]
) -> None:
    """Bring a store from the schema `OLDER` to `schema`, whose tables `create` makes; within a transaction.

    Raises `sqlite3.DatabaseError` where the store is no such store.
    """
    found = database.execute("select name, sql from sqlite_master where sql is not null").fetchall()
    if {_text(name): _plain(_text(sql)) for name, sql in found} != {
        name: _plain(sql) for name, sql in TABLES.items()
    }:
        raise sqlite3.DatabaseError("tables that are malformed")
    database.execute("drop index measurement_experiment")
    database.execute("drop index measurement_program")
    for table in ("measurement", "recheck"):
        database.execute(f"alter table {table} rename to older_{table}")
    for statement in create.split(";\n"):
        database.execute(statement)
    columns = [_text(row[1]) for row in database.execute("pragma table_info(older_measurement)")]
    names = ", ".join(columns)
    database.execute(
        f"insert into measurement (rowid, stage, {names}) select rowid, '', {names} from older_measurement"
    )
    database.execute("insert into recheck select * from older_recheck")
    for rowid, *row in database.execute("select rowid, * from older_measurement"):
        fingerprint, *rest, kept = map(_text, row)
        if checksum([fingerprint, *rest]) == kept:
            renewed = checksum([fingerprint, "", *rest])
            database.execute("update measurement set checksum = ? where rowid = ?", [renewed, rowid])
    for table in ("measurement", "recheck"):
        database.execute(f"drop table older_{table}")
    database.execute(f"pragma user_version={schema}")


def _text(column: object) -> str:
    return column.decode(errors="surrogateescape") if isinstance(column, bytes) else column  # type: ignore[return-value]


def _plain(statement: str) -> str:
    """A statement without comments and the space between its words."""
    return re.sub(r"\s+", "", re.sub(r"--[^\n]*", "", statement)).lower()
