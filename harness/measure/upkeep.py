"""Looking after a store: what it holds, what nobody needs any more, what other stores have.

Beside the store lie a folder of locks (`.locks`) and JAX's compiled programs (`.jax`); both can be deleted
whenever nothing runs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.disk import kind
from harness.measure.beside import private_copy
from harness.measure.locks import remove_unheld
from harness.measure.store import Store, StoreError
from harness.spelling import experiment_today

_USUAL = (
    "typeof(fingerprint) = 'text' and typeof(experiment) = 'text'"
    " and seconds between 0 and 1e12 and created between 0 and 1e11"
)
"""What holds for the rows that a store has written; its columns would take anything."""

_SECONDS = "case when seconds between 0 and 1e12 then seconds end"

PREFIX = 16
"""Digits of a fingerprint by which records name trials."""


@dataclass(frozen=True)
class Contents:
    """The trials of one experiment in a store: how many, their core-seconds, Unix times of first and last."""

    experiment: str
    trials: int
    seconds: float
    oldest: float
    newest: float


@dataclass(frozen=True)
class Pruned:
    """What was removed, or would be: trials, their core-seconds, and of how many in all."""

    trials: int
    seconds: float
    of: int


def contents(store: Store) -> list[Contents]:
    """What the store holds, the experiment of most trials first."""
    query = (
        "select experiment, count(distinct fingerprint) as trials, sum(seconds), min(created), max(created)"
        f" from measurement where {_USUAL} group by experiment order by trials desc, experiment"
    )
    return [Contents(experiment_today(name), *rest) for name, *rest in store.rows(query)]


def size_on_disk(path: Path) -> int:
    """Bytes on disk of a file (a store with its log), or of all files beneath a folder."""
    if path.is_dir():
        return sum(status.st_size for _, status in _files(path))
    logs = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return sum(file.stat().st_size for file in logs if file.is_file())


def prune(
    store: Store,
    *,
    before: float | None = None,
    reachable: Collection[str] | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Remove the trials that were measured before a Unix time, all stages, and (if given) are not reachable.

    `reachable` holds the first `PREFIX` digits of fingerprints. With neither, nothing is removed.
    """
    (of,) = store.rows("select count(distinct fingerprint) from measurement")[0]
    if before is None and reachable is None:
        return Pruned(0, 0.0, of)
    condition, values = "1", list[object]()
    if before is not None:
        newest = "select max(created) from measurement as other where other.fingerprint = m.fingerprint"
        condition, values = f"({newest}) < ?", [before]
    if reachable is not None:
        store.rows("create temp table reachable (prefix text primary key)")
        for prefix in reachable:
            store.rows("insert or ignore into reachable values (?)", [prefix])
        condition += f" and substr(fingerprint, 1, {PREFIX}) not in (select prefix from reachable)"
    chosen = f"from measurement as m where {condition}"
    counted = f"count(distinct fingerprint), coalesce(sum({_SECONDS}), 0.0)"
    trials, seconds = store.rows(f"select {counted} {chosen}", values)[0]
    if not dry_run:
        store.rows(f"delete {chosen}", values)
        store.rows("delete from recheck where program not in (select program from measurement)")
        store.rows("vacuum")
        store.rows("pragma wal_checkpoint(truncate)")
    if reachable is not None:
        store.rows("drop table reachable")
    return Pruned(trials, seconds, of)


def clean(path: Path, before: float | None) -> int:
    """Remove what lies beside the store: locks that nobody holds, and programs compiled before a Unix time.

    Gives the number of files.
    """
    removed = 0
    locks, programs = (path.with_name(path.name + suffix) for suffix in (".locks", ".jax"))
    for file, status in list(_files(locks)):
        removed += file.parent == locks and not status.st_size and remove_unheld(file)
    for file, status in list(_files(programs)) if before is not None else ():
        if status.st_mtime < (before or 0.0):
            file.unlink(missing_ok=True)
            removed += 1
    return removed


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files beneath a folder; of links, neither they nor what they lead to, also of the folder itself."""
    if kind(folder) != "a directory":
        return
    for above, _, names in os.walk(folder, followlinks=False):
        for name in names:
            file = Path(above, name)
            try:
                status = os.lstat(file)
            except FileNotFoundError:  # a run has removed its lock
                continue
            if stat.S_ISREG(status.st_mode):
                yield file, status


def merge_stores(into: Store, other: Path) -> tuple[int, int]:
    """Copy what another store has of trials that this one lacks, stage by stage, and what has passed a
    recheck there; of how many trials something was copied, and how many it has.

    The other is somebody's: a private copy of it is read. Raises `StoreError` if it is no store, or one of
    another schema.
    """
    if not other.is_file():
        raise StoreError(f"store {other}: expected a store of measurements, found no file")
    try:
        with private_copy(other) as copy:
            return _merge_copy(into, copy)
    except StoreError as error:
        raise StoreError(str(error).replace(f"store {copy}:", f"store {other}:", 1)) from None
    except OSError as error:
        found = error.strerror or str(error)
        raise StoreError(f"store {other}: expected a store that can be copied, found: {found}") from None


def _merge_copy(into: Store, copy: Path) -> tuple[int, int]:
    Store(copy).close()  # says what is wrong with it
    into.rows("attach database ? as other", [str(copy)])
    try:
        (found,) = into.rows("select count(distinct fingerprint) from other.measurement")[0]
        (added,) = into.rows(
            f"select count(distinct fingerprint) from other.measurement as o where {_USUAL} and not exists"
            " (select 1 from main.measurement as m where (m.fingerprint, m.stage) = (o.fingerprint, o.stage))"
        )[0]
        into.rows(f"insert or ignore into main.measurement select * from other.measurement where {_USUAL}")
        into.rows("insert or ignore into main.recheck select * from other.recheck")
    finally:
        into.rows("detach database other")
    return added, found
