"""Stores that others made: nothing beside them is written or removed, and no row of theirs stops a run."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.declare import Missing
from harness.measure import (
    Laboratory,
    Measurement,
    Stage,
    Store,
    StoreError,
    clean,
    contents,
    merge_stores,
    prune,
)
from harness.measure.beside import PAGE, SUPER_JOURNAL
from harness.measure.locks import LOCK, LockError, Machine, acquire, lock_of
from harness.measure.store import row_checksum
from harness.plan import Trial

TRIAL = Trial("toys:pair", (("size", 1),), 3)
PRINT = "f" * 64
WHY = Missing("failed", "s", "why")
GOOD = Measurement(TRIAL, PRINT, "ok", {"a": 0.5}, {"b": WHY}, (Stage("s", 1.0, ""),), seconds=2.0)


@dataclass(frozen=True)
class Place:
    """A store with a file that is not its own, elsewhere."""

    store: Path
    victim: Path

    def beside(self, suffix: str) -> Path:
        return self.store.with_name(self.store.name + suffix)

    def make(self) -> None:
        made = Store(self.store)
        made.keep(GOOD)
        made.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/victim").write_text("precious")
    (tmp_path / "here").mkdir()
    return Place(tmp_path / "here/s.sqlite", tmp_path / "elsewhere/victim")


@pytest.mark.parametrize("suffix", [".locks", ".jax"])
def test_what_links_beside_a_store_lead_to_is_not_removed(place: Place, suffix: str) -> None:
    place.make()
    shutil.rmtree(place.beside(suffix), ignore_errors=True)
    place.beside(suffix).symlink_to(place.victim.parent)
    place.victim.write_text("")  # as empty as a lock
    assert clean(place.store, time.time() + 60) == 0
    assert place.victim.exists()
    with pytest.raises(StoreError, match=r"expected a directory, found a link at .*remove it"):
        Store(place.store)


def test_links_and_files_that_are_no_locks_stay(place: Place) -> None:
    place.make()
    locks, programs = place.beside(".locks"), place.beside(".jax")
    (locks / "deeper").mkdir(parents=True)
    programs.mkdir()
    (locks / "link").symlink_to(place.victim)
    (locks / "notes.txt").write_text("mine")
    (locks / "deeper/empty").write_text("")
    (programs / "link").symlink_to(place.victim.parent)
    (programs / "one").symlink_to(place.victim)
    assert clean(place.store, time.time() + 60) == 0
    assert sorted(p.name for p in locks.iterdir()) == ["deeper", "link", "notes.txt"]
    assert place.victim.read_text() == "precious"
    for victim in (place.victim, place.victim.with_name("created")):
        file, _ = lock_of(locks, "print")
        file.symlink_to(victim)
        with pytest.raises(OSError, match="symbolic links"):
            acquire(locks, "print")
        file.unlink()
    assert not place.victim.with_name("created").exists()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "named pipe", "directory"])
def test_only_files_are_opened(place: Place, suffix: str, kind: str) -> None:
    at = place.beside(suffix)
    if kind == "named pipe":
        os.mkfifo(at)
    elif kind == "directory":
        at.mkdir()
    else:
        at.symlink_to(place.victim if kind == "link" else place.victim.with_name("created"))
    with pytest.raises(StoreError, match=f"expected a file, found a {kind.removeprefix('dangling ')}"):
        Store(place.store)
    assert place.victim.read_text() == "precious"
    assert [file.name for file in place.victim.parent.iterdir()] == ["victim"]


def journal(victim: Path) -> bytes:
    """A rollback journal of no pages that names a super-journal, which has no journals of its own."""
    name = os.fsencode(victim)
    header = bytes.fromhex("d9d505f920a163d7") + (0).to_bytes(4) + bytes(4) + (2).to_bytes(4)
    header = (header + (512).to_bytes(4) + (4096).to_bytes(4)).ljust(512, b"\0")
    total = sum(byte if byte < 128 else byte - 256 for byte in name) % 2**32
    end = (2**32 - 1).to_bytes(4) + name + len(name).to_bytes(4) + total.to_bytes(4)
    return header + end + SUPER_JOURNAL


@pytest.mark.parametrize("made", [True, False])
def test_a_journal_cannot_have_sqlite_delete_a_file(place: Place, made: bool) -> None:
    if made:
        place.make()
    else:
        place.store.write_bytes(b"\0" * 512)
    place.beside("-journal").write_bytes(journal(place.victim))
    with pytest.raises(StoreError, match=r"found a rollback journal at .*-journal, .*not ours.*remove it"):
        Store(place.store)
    assert place.victim.exists()
    place.beside("-journal").unlink()
    place.beside("-journal").symlink_to(place.victim)
    with pytest.raises(StoreError, match="found a link at"):
        Store(place.store)


def test_that_journal_is_one_on_which_sqlite_acts(place: Place) -> None:
    """Else the test before would show nothing."""
    with sqlite3.connect(place.store) as database:
        database.execute("create table t (x)")
    database.close()
    place.beside("-journal").write_bytes(journal(place.victim))
    with sqlite3.connect(place.store) as database:
        database.execute("select * from t").fetchall()
    database.close()
    assert not place.victim.exists()


def test_a_run_that_was_killed_while_it_made_the_store_hinders_no_other(place: Place) -> None:
    """Its journal is there still: as SQLite leaves it on the way to a write-ahead log."""
    making = sqlite3.connect(place.victim.with_name("s.sqlite"), isolation_level=None)
    making.executescript("pragma journal_mode=delete; begin immediate; create table t (x);")
    making.execute("insert into t values (1)")
    for suffix in ("", "-journal"):
        shutil.copy(f"{place.victim.with_name('s.sqlite')}{suffix}", place.beside(suffix))
    assert place.beside("-journal").exists()
    assert place.store.stat().st_size <= PAGE
    place.make()
    assert not place.beside("-journal").exists()
    making.close()


def test_merging_leaves_no_trace_beside_the_other_store(place: Place, tmp_path: Path) -> None:
    place.make()
    place.beside("-journal").write_bytes(journal(place.victim))
    before = {file.name: file.read_bytes() for file in place.store.parent.iterdir() if file.is_file()}
    into = Store(tmp_path / "into.sqlite")
    assert merge_stores(into, place.store) == (1, 1)
    assert into.recall([PRINT])[PRINT].values == GOOD.values
    into.close()
    assert {file.name: file.read_bytes() for file in place.store.parent.iterdir() if file.is_file()} == before
    assert place.victim.exists()


def test_merging_reads_what_is_in_the_log_alone(place: Place, tmp_path: Path) -> None:
    writer = Store(place.store)
    writer.keep(GOOD)
    into = Store(tmp_path / "into.sqlite")
    assert place.beside("-wal").stat().st_size
    assert merge_stores(into, place.store) == (1, 1)
    writer.close()
    os.mkfifo(place.beside("-wal"))
    with pytest.raises(StoreError, match=r"store .*s\.sqlite: .*found: a named pipe"):
        merge_stores(into, place.store)
    into.close()


def test_the_machines_lock_follows_no_link(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name in the folder for temporary files is known to every user of the machine."""
    monkeypatch.delenv(LOCK, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(place.store.parent))
    for suffix in (".lock", ".lock.gate"):
        link = place.store.with_name(f"ntk-harness-{os.getuid()}{suffix}")
        link.symlink_to(place.victim.with_name("created"))
        with pytest.raises(LockError, match="Too many levels of symbolic links"):
            Machine()
        assert not place.victim.with_name("created").exists()
        link.unlink()


DEEP = "[" * 900 + "]" * 900
CONTENT: list[tuple[str, object]] = [
    ("trial", "[]"),
    ("trial", json.dumps(["toys:pair", {"size": 1}, 3])),
    ("trial", json.dumps(["toys:pair", [["size", 1]], -3], separators=(",", ":"))),
    ("trial", json.dumps(["toys:pair", [["size", [1]]], 3], separators=(",", ":"))),
    ("trial", json.dumps(["other", [["size", 1]], 3], separators=(",", ":"))),
    ("trial", "[" * 100_000),
    ("trial", None),
    ("quantities", "[0.5]"),
    ("quantities", '{"a": "0.5"}'),
    ("quantities", '{"a": null}'),
    ("quantities", '{"a": true}'),
    ("quantities", '{"a": 1' + "0" * 400 + "}"),
    ("quantities", '{"a": 1' + "0" * 5000 + "}"),
    ("quantities", '{"a": ' + DEEP + "}"),
    ("quantities", "{" * 3),
    ("quantities", " " * 5_000_000 + "{}"),
    ("missing", '{"b": 1}'),
    ("missing", '["b"]'),
    ("missing", '{"b": "main: no"}'),
    ("missing", '{"b": ["failed", "main"]}'),
    ("missing", '{"b": ["failed", "main", 3]}'),
    ("missing", '{"b": ["neither", "main", "no"]}'),
    ("stages", '{"s": 1}'),
    ("stages", '[["s", 1.0]]'),
    ("stages", '[["s", -1.0, ""]]'),
    ("stages", '[["s", NaN, ""]]'),
    ("stages", '[[1, 1.0, ""]]'),
    ("seconds", -1.0),
    ("seconds", float("inf")),
    ("seconds", "long"),
    ("device", b"cpu\xff"),
    ("device", 7.5),
    ("created", "then"),
    ("created", 1e300),
]


def forge(path: Path, column: str, value: object, fingerprint: str = PRINT) -> None:
    """Change a column of a row, and its checksum with it."""
    with sqlite3.connect(path) as database:
        database.execute(f"update measurement set {column} = ? where fingerprint = ?", [value, fingerprint])
        database.text_factory = lambda data: data.decode(errors="surrogateescape")
        found = database.execute("select * from measurement where fingerprint = ?", [fingerprint]).fetchone()
        row = [c.decode(errors="surrogateescape") if isinstance(c, bytes) else c for c in found]
        names = [column[1] for column in database.execute("pragma table_info(measurement)")]
        place = names.index("checksum")
        database.execute(
            "update measurement set checksum = ? where fingerprint = ?",
            [row_checksum(row[:place]), fingerprint],
        )
    database.close()


@pytest.mark.parametrize(("column", "value"), CONTENT)
def test_content_that_no_trial_gives_counts_as_damaged(place: Place, column: str, value: object) -> None:
    place.make()
    if value is None:
        value = b"\xff"
    forge(place.store, column, value)
    store = Store(place.store)
    recalled = store.recall([PRINT])
    if (column, value) in (("device", b"cpu\xff"), ("device", 7.5), ("created", 1e300)):
        assert set(recalled) <= {PRINT}  # any text is a device's name, and any time is one
    else:
        assert recalled == {}
        assert store.damaged == {PRINT}
    for found in contents(store):
        assert 0 <= found.seconds < 1e13
        time.localtime(found.newest)
    assert prune(store, before=time.time() + 60, dry_run=True).seconds < 1e13
    into = Store(place.victim.with_name("into.sqlite"))
    merge_stores(into, place.store)
    contents(into)
    into.keep(GOOD)
    assert into.recall([PRINT])[PRINT].values == GOOD.values
    into.close()
    store.close()


def test_a_row_as_large_as_memory_is_refused(place: Place) -> None:
    place.make()
    with sqlite3.connect(place.store) as database:
        database.execute("update measurement set missing = zeroblob(20000000)")
    database.close()
    store = Store(place.store)
    with pytest.raises(StoreError, match="too big"):
        store.recall([PRINT])
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda path, text: forge(path, "trial", TRIAL.key, text),
        lambda path, text: forge(path, "quantities", "{}", text),
        lambda path, text: forge(path, "quantities", '{"a.error": 0.5, "more": 1.0}', text),
    ],
)
def test_a_row_about_another_trial_is_measured_again(
    place: Place, change: Callable[[Path, str], None]
) -> None:
    trial = Trial("toys:pair", (), 0)
    with Laboratory(place.store, workers=1) as laboratory:
        text = laboratory.fingerprint(trial)
        laboratory.request(trial, 60.0)
        (first,) = laboratory.collect(60.0)
    change(place.store, text)
    with Laboratory(place.store, workers=1) as laboratory:
        assert laboratory.recall([trial]) == {}
        laboratory.request(trial, 60.0)
        (again,) = laboratory.collect(60.0)
        assert laboratory.pending == 0
    assert (again.trial, again.values) == (trial, first.values)
    assert "were measured again" in again.note
