"""Targets of what others made: rows with right checksums, records to merge, and folders with planted links.

As in `targets`, `read` may raise `UserError`; these also check that nothing beside is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from harness.declare import Missing
from harness.errors import UserError
from harness.history import keep
from harness.history.archive import listed
from harness.history.merge import ShardFile, merge
from harness.measure import Measurement, Stage, Store, contents, merge_stores, prune
from harness.measure.store import row_checksum
from harness.plan import Trial
from harness.report.brief import brief
from harness.report.html import page
from harness.report.record import from_json, to_json
from harness.report.terminal import terminal

PRINT = "f" * 64
COLUMNS = (
    "trial", "experiment", "quantities", "missing", "stages", "seconds", "device", "created",
)  # fmt: skip
KEPT = Measurement(
    Trial("m:f", (("width", 16), ("data", "sphere")), 3), PRINT, "ok", {"x": 0.5},
    {"z": Missing("failed", "training", "why")}, (Stage("training", 0.5, "step budget"),), seconds=2.0,
)  # fmt: skip


def row_seeds() -> list[bytes]:
    """The columns of a row; those that are JSON as what they say, so that it is changed, too."""
    row = [
        ["m:f", [["width", 16], ["data", "sphere"]], 3], "m:f", {"x": 0.5},
        {"z": ["failed", "training", "why"]}, [["training", 0.5, "step budget"]], 2.0, "cpu", 1.7e9,
    ]  # fmt: skip
    return [json.dumps(row).encode()]


def read_row(data: bytes, folder: Path) -> None:
    """What is recalled can be judged and shown, and the row is measured again if not."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return
    path = folder / "s.sqlite"
    store = Store(path)
    store.keep(KEPT)
    _forge(path, row if isinstance(row, list) else [row])
    found = store.recall([PRINT]).get(PRINT)
    if found is not None:
        assert found.trial.key
        assert all(isinstance(value, float) for value in found.values.values())
        assert all(isinstance(why, Missing) for why in found.missing.values())
        assert sum(stage.seconds for stage in found.stages) >= 0
        assert 0 <= found.seconds < float("inf")
        store.keep(found)
        assert store.recall([PRINT]).keys() == {PRINT}
    for each in contents(store):
        assert each.experiment.encode(errors="replace")
        assert 0 <= each.seconds < float("inf")
    prune(store, before=2e9, dry_run=True)
    store.close()
    into = Store(folder / "into.sqlite")
    with mock.patch("tempfile.tempdir", str(folder)):
        merge_stores(into, path)
    into.recall([PRINT])
    into.keep(KEPT)
    into.close()


def _forge(path: Path, row: list[Any]) -> None:
    """Write the columns over a row's own, and the checksum that they then have."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for place, (name, value) in enumerate(zip(COLUMNS, row, strict=False)):
            text = value
            if place in (0, 2, 3, 4) or not isinstance(value, (str, int, float)):
                text = json.dumps(value, separators=(",", ":"))
            if isinstance(text, str):
                text = text.encode(errors="surrogatepass").decode(errors="replace")
            if isinstance(text, int) and not -(2**63) <= text < 2**63:
                text = float(min(text, 10**300))
            with contextlib.suppress(sqlite3.IntegrityError):  # null where there must be something
                database.execute(f"update measurement set {name} = ?", [text])
        (found,) = database.execute("select * from measurement").fetchall()
        names = [column[1] for column in database.execute("pragma table_info(measurement)")]
        database.execute(
            "update measurement set checksum = ?", [row_checksum(found[: names.index("checksum")])]
        )


def read_shards(data: bytes, folder: Path) -> None:
    """Two records, or what became of them, are merged, shown and kept."""
    try:
        records = [json.dumps(record).encode() for record in json.loads(data)]
    except (ValueError, TypeError, RecursionError):
        return
    try:
        merged = merge(
            [ShardFile(f"{n}.json", from_json(each, f"{n}.json")) for n, each in enumerate(records)]
        )
    except UserError:
        return
    assert merged.exit_code in range(6)
    for text in (terminal(merged), brief(merged), page(merged)):
        assert all(c.isprintable() or c == "\n" for c in text), "control characters"
    assert from_json(to_json(merged), "r.json") == merged
    with contextlib.suppress(UserError):
        path = keep(folder / "history", merged)
        assert path.parent == folder / "history"
        kept, problems = listed(folder / "history")
        assert len(kept) + len(problems) == 1


NAMES = (
    "s.sqlite", "s.sqlite-wal", "s.sqlite-shm", "s.sqlite-journal", "s.sqlite.lock", "s.sqlite.locks",
    "s.sqlite.locks/x", "s.sqlite.jax", "s.sqlite.jax/x", "r.json", "reports", "reports/derivation.json",
    "reports/history", "reports/history/x.json", ".harness", ".harness/store.sqlite", "out.json", "toys.toml",
)  # fmt: skip
KINDS = ("file", "empty", "folder", "pipe", "link", "dangling", "out", "zero", "self")
COMMANDS = (
    ["store", "--store", "s.sqlite"], ["store", "--store", "s.sqlite", "prune", "--older-than", "1s"],
    ["merge", "s.sqlite", "--store", "t.sqlite"], ["merge", "r.json"], ["report", "r.json"],
    ["merge", "r.json", "--json", "out.json", "--no-history"], ["history"], ["check", "toys.toml"],
    ["store"], ["store", "prune", "--older-than", "1s"],
)  # fmt: skip


def folder_seeds() -> list[bytes]:
    return [json.dumps([[name, "link"]]).encode() for name in NAMES]


def change_folder(data: bytes, choice: random.Random) -> bytes:
    return json.dumps(
        [[choice.choice(NAMES), choice.choice(KINDS)] for _ in range(choice.choice((1, 2, 4)))]
    ).encode()


def folder_reader(
    project: Callable[[Path], contextlib.AbstractContextManager[None]], command: Callable[[list[str]], None]
) -> Callable[[bytes, Path], None]:
    """Commands in a folder in which the input's links, pipes and files stand; one beside stays as it is."""

    def read(data: bytes, folder: Path) -> None:
        (folder / "elsewhere").mkdir()
        (folder / "elsewhere/victim").write_text("")  # as empty as a lock
        here = folder / "here"
        here.mkdir()
        with project(here), mock.patch("tempfile.tempdir", str(folder)), _no_places():
            store = Store(here / "s.sqlite")
            store.keep(KEPT)
            store.close()
            for name, kind in json.loads(data):
                with contextlib.suppress(OSError):
                    _plant(here / name, kind, folder / "elsewhere")
            for arguments in COMMANDS:
                command(list(arguments))
        assert [path.name for path in (folder / "elsewhere").iterdir()] == ["victim"], "a file elsewhere"
        assert (folder / "elsewhere/victim").read_bytes() == b"", "a file elsewhere was changed"

    return read


@contextlib.contextmanager
def _no_places() -> Iterator[None]:
    """Nothing in the environment names a store or a history."""
    named = {name: value for name, value in os.environ.items() if name not in _PLACES}
    with mock.patch.dict(os.environ, named, clear=True):
        yield


_PLACES = ("HARNESS_STORE", "HARNESS_HISTORY")


def _plant(path: Path, kind: str, elsewhere: Path) -> None:
    """Put something there, in the place of what is there, unless a link is on the way."""
    if os.path.realpath(path.parent) != str(path.parent.absolute()):
        return
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "file":
            path.write_text("text")
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(elsewhere / "victim")
        case "dangling":
            path.symlink_to(elsewhere / "new")
        case "out":
            path.symlink_to(elsewhere)
        case "zero":
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to(path)
