"""The store gives back what it was given, whoever else uses it, and says clearly when it cannot."""

from __future__ import annotations

import math
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.declare import Missing
from harness.measure import Measurement, Stage, Store, StoreError, rows
from harness.questions import Trial

ROOT = Path(__file__).parents[2]
BASE = Measurement(
    trial=Trial("m:f", (("a", 1), ("b", 1.0), ("c", True), ("d", "x")), 3),
    fingerprint="abc",
    status="ok",
    values={"x": 0.1},
    missing={"y": Missing("failed", "training", "step budget reached")},
    stages=(Stage("kernels", 0.25), Stage("training", 1.5, "step budget reached")),
    seconds=2.0,
    device="cpu",
)


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("store") / "s.sqlite")
    yield opened
    opened.close()


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.floats(allow_nan=False)))
def test_every_bit_comes_back(shared, values):
    shared.keep(Measurement(BASE.trial, "bits", "ok", values))
    found = shared.recall(["bits"])["bits"].values
    assert {name: bits(number) for name, number in found.items()} == {k: bits(v) for k, v in values.items()}


def test_not_a_number_comes_back(shared):
    shared.keep(Measurement(BASE.trial, "nan", "ok", {"x": math.nan}))
    assert math.isnan(shared.recall(["nan"])["nan"].values["x"])


def test_a_measurement_comes_back_whole(store):
    opened = Store(store)
    opened.keep(BASE)
    opened.close()
    again = Store(store)
    (found,) = again.recall(["abc", "unknown"]).values()
    again.close()
    assert found.stored
    assert found.reused
    assert [type(value) for _, value in found.trial.params] == [int, float, bool, str]
    for name in ("trial", "fingerprint", "status", "values", "missing", "stages", "seconds", "device"):
        assert getattr(found, name) == getattr(BASE, name)


def test_the_longest_texts_that_are_believed_can_be_kept_together(shared):
    """The limit of a row leaves room for all that `rows` lets each of its texts have."""
    reason = "x" * (rows.LONGEST - 100)  # beside what names it
    large = replace(
        BASE,
        fingerprint="large",
        values={f"q{number}": 0.1 for number in range(10_000)},
        missing={"y": Missing("failed", "training", reason)},
        stages=(Stage("training", 1.5, reason),),
    )
    shared.keep(large)
    found = shared.recall(["large"])["large"]
    assert (found.values, found.missing, found.stages) == (large.values, large.missing, large.stages)


def test_recall_works_in_batches(store):
    opened = Store(store)
    for index in range(1203):
        opened.keep(Measurement(BASE.trial, str(index), "ok", {"x": float(index)}, seconds=float(index % 2)))
    found = opened.recall(str(index) for index in range(2000))
    assert {text: m.values["x"] for text, m in found.items()} == {str(i): float(i) for i in range(1203)}
    assert opened.seconds_per_trial("m:f") == pytest.approx(601 / 1203)
    assert opened.seconds_per_trial("m:g") is None
    opened.close()


def test_eight_processes_create_it_at_once(store):
    text = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from harness.measure import Measurement, Store
from harness.questions import Trial
store = Store(Path({str(store)!r}))
for index in range(20):
    store.keep(Measurement(Trial("m:f", (), index), f"{{sys.argv[1]}}-{{index}}", "ok", {{"x": 1.0}}))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", text, str(n)], stderr=subprocess.PIPE, text=True)
        for n in range(8)
    ]
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said
    opened = Store(store)
    assert len(opened.recall(f"{n}-{index}" for n in range(8) for index in range(20))) == 160
    with closing(sqlite3.connect(store)) as database:
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)
    opened.close()


def test_a_newer_schema(store):
    Store(store).close()
    with sqlite3.connect(store) as database:
        database.execute("pragma user_version = 99")
    database.close()
    with pytest.raises(StoreError, match=r"expected schema version 4, found 99.*newer harness; upgrade"):
        Store(store)


def test_a_directory(tmp_path):
    with pytest.raises(StoreError, match=r"expected a file, found a directory; name a file inside"):
        Store(tmp_path)


def test_a_file_of_another_kind(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database at all, " * 100)
    with pytest.raises(StoreError, match=r"expected a SQLite database .* a file of another kind; name"):
        Store(file)
    assert file.read_text().startswith("not a database")


def test_another_programs_database(tmp_path):
    file = tmp_path / "theirs.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("create table theirs (x)")
    database.close()
    with pytest.raises(StoreError, match=r"expected a store of measurements, found another program's"):
        Store(file)


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"expected a file in a folder that can be written, found: .*name"):
        Store(tmp_path / "file" / "s.sqlite")


def test_a_store_that_was_damaged_while_open(store):
    opened = Store(store)
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("drop table measurement")
    with pytest.raises(StoreError, match="no such table"):
        opened.recall(["x"])
    opened.close()


@pytest.mark.parametrize("seconds", ["1e999", "-1e999", "-5.0", "'long'"])
def test_times_that_are_none_are_not_averaged(store, seconds):
    opened = Store(store)
    opened.keep(BASE)
    with closing(sqlite3.connect(store)) as database, database:
        database.execute(f"update measurement set seconds = {seconds}")
    assert opened.seconds_per_trial("m:f") in (None, 0.0)
    assert opened.recall(["abc"]) == {}
    assert opened.damaged == {"abc"}
    opened.close()
