"""Disks that are full or cannot be written, files that are damaged or cut, and writers that are killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from edits import edited

from harness.declare import Missing
from harness.measure import Laboratory, Measurement, Stage, Store, StoreError
from harness.plan import Trial
from harness.report import write_whole
from harness.report.files import OutputError

ROOT = Path(__file__).parents[2]


def measurement(number: int, size: int = 0) -> Measurement:
    return Measurement(
        trial=Trial("faulty:fault", (("act", ""), ("log", "")), number),
        fingerprint=f"{number:064x}",
        status="ok",
        values={"x": number / 7, **{f"filler-{k}": 0.5 for k in range(size)}},
        missing={"y": Missing("failed", "training", "step budget reached")},
        stages=(Stage("main", 0.25), Stage("training", 1.0, "step budget reached")),
        seconds=number / 3,
    )


def same(found: Measurement, kept: Measurement) -> bool:
    names = ("trial", "fingerprint", "values", "missing", "stages", "seconds", "device")
    return all(getattr(found, name) == getattr(kept, name) for name in names)


def mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting is not permitted here: {error}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "none", str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_no_row_that_was_kept(small_disk: Path) -> None:
    store = Store(small_disk / "s.sqlite")
    kept: list[int] = []

    def keep_on() -> None:
        for number in range(10_000):
            store.keep(measurement(number, size=20))
            kept.append(number)

    with pytest.raises(StoreError, match=r"disk is full.*free the disk"):
        keep_on()
    assert len(kept) > 20
    recalled = store.recall(measurement(number).fingerprint for number in range(len(kept) + 1))
    assert len(recalled) == len(kept)
    store.close()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    again = Store(small_disk / "s.sqlite")
    again.keep(measurement(len(kept), size=20))
    recalled = again.recall(measurement(number).fingerprint for number in range(len(kept) + 1))
    assert all(same(m, measurement(m.trial.seed, size=20)) for m in recalled.values())
    assert len(recalled) == len(kept) + 1
    again.close()


def test_a_disk_too_full_for_a_store_or_a_lock(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with pytest.raises(OSError), filler.open("wb") as file:  # noqa: PT011 (the disk is full)
        file.write(bytes(1 << 21))
    with pytest.raises(StoreError, match=r"free the disk|folder that can be written"):
        Store(small_disk / "s.sqlite")


def test_a_record_that_does_not_fit_leaves_the_old_one(small_disk: Path) -> None:
    path = small_disk / "r.json"
    write_whole(path, b"old")
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(path, bytes(1 << 21))
    assert path.read_bytes() == b"old"
    assert list(small_disk.iterdir()) == [path]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder with a store of three trials and a record, which cannot be written, not even by root."""
    folder = tmp_path / "written"
    folder.mkdir()
    store = Store(folder / "s.sqlite")
    for number in range(3):
        store.keep(measurement(number))
    store.close()
    write_whole(folder / "r.json", b"old")
    mount("--bind", str(folder), str(folder))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_folder_is_said(read_only: Path) -> None:
    with pytest.raises(StoreError, match="Read-only file system; name another file"):
        Store(read_only / "s.sqlite")
    with pytest.raises(OutputError, match="Read-only file system"):
        write_whole(read_only / "r.json", b"new")
    assert (read_only / "r.json").read_bytes() == b"old"


def test_locks_that_cannot_be_made_are_said(tmp_path: Path) -> None:
    """The folder of locks is the first that a disk without room for a new file fails on."""
    with Laboratory(tmp_path / "s.sqlite", workers=1) as laboratory:
        (tmp_path / "s.sqlite.locks").write_text("no folder")
        laboratory.request(Trial("faulty:fault", (("act", ""), ("log", ""), ("sleep", 0.0)), 0), 60.0)
        with pytest.raises(StoreError, match=r"s\.sqlite\.locks: expected a folder that can be written"):
            laboratory.collect(5.0)


@pytest.fixture(scope="module")
def good_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "s.sqlite"
    store = Store(path)
    for number in range(40):
        store.keep(measurement(number))
    store.close()
    return path.read_bytes()


def recalled_from(data: bytes, folder: Path) -> dict[str, Measurement] | str:
    """What is recalled of the forty trials, or what is said instead."""
    for left in folder.glob("s.sqlite*"):
        left.unlink()
    (folder / "s.sqlite").write_bytes(data)
    try:
        store = Store(folder / "s.sqlite")
    except StoreError as error:
        return str(error)
    found: dict[str, Measurement] = {}
    try:
        for number in range(40):
            found |= store.recall([measurement(number).fingerprint])
    except StoreError as error:
        return str(error)
    finally:
        store.close()
    return found


def test_a_flipped_bit_never_gives_a_wrong_number(good_store: bytes, tmp_path: Path) -> None:
    choice = random.Random(1)  # any: the places only have to differ
    lost = refused = 0
    for _ in range(300):
        data = bytearray(good_store)
        data[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
        found = recalled_from(bytes(data), tmp_path)
        if isinstance(found, str):
            refused += 1
            assert "expected" in found
            continue
        assert all(same(m, measurement(m.trial.seed)) for m in found.values())
        lost += len(found) < 40
    assert lost > 20
    assert refused > 0


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_store_that_was_cut_is_refused_or_gives_what_is_right(
    good_store: bytes, tmp_path: Path, part: float
) -> None:
    found = recalled_from(good_store[: int(len(good_store) * part)], tmp_path)
    if isinstance(found, str):
        assert "a damaged one" in found
        assert "move it away, and what it held is measured again" in found
    else:
        assert all(same(m, measurement(m.trial.seed)) for m in found.values())


def test_a_changed_digit_is_measured_again_and_said(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    trials = [Trial("faulty:fault", (("act", ""), ("log", ""), ("sleep", 0.0)), seed) for seed in (1, 2)]

    def run() -> dict[Trial, Measurement]:
        with Laboratory(path, workers=1) as laboratory:
            for trial in trials:
                laboratory.request(trial, 60.0)
            found: dict[Trial, Measurement] = {}
            while laboratory.pending:
                found |= {m.trial: m for m in laboratory.collect(5.0)}
        return found

    run()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("update measurement set quantities = replace(quantities, '0.14', '0.24')")
        (changed,) = database.execute("select count(*) from measurement where quantities like '%0.24%'")
        assert changed == (1,)
    first, second = (run()[trial] for trial in trials)
    assert (first.values, first.reused) == ({"x": 1 / 7}, False)
    assert (second.values, second.reused) == ({"x": 2 / 7}, True)
    assert "rows have a wrong checksum were measured again" in first.note
    assert all(m.reused and not m.note for m in run().values())


def test_a_store_with_tables_of_anothers_making_is_refused(good_store: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(good_store)
    with closing(sqlite3.connect(path)) as database:
        database.execute("create trigger t after insert on measurement begin delete from measurement; end")
    with pytest.raises(StoreError, match=r"tables that are malformed.*move it away"):
        Store(path)


def run_until_killed(program: str, folder: Path, seconds: float) -> list[str]:
    """What the program printed before it was killed."""
    text = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.path.insert(0, {str(folder)!r})\n{program}"
    process = subprocess.Popen([sys.executable, "-c", text, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline().strip()]
    time.sleep(seconds)
    process.kill()
    rest, _ = process.communicate()
    whole = rest.rpartition("\n")[0]
    return [*lines, *whole.splitlines()]


KEEPING = """
from pathlib import Path
from harness.measure import Measurement, Store
from harness.plan import Trial
store = Store(Path(sys.argv[1]) / "s.sqlite")
first = int(Path(sys.argv[1], "first").read_text())
for number in range(first, 10**9):
    values = {f"x{k}": number / 7 for k in range(200)}
    store.keep(Measurement(Trial("m:f", (), number), f"{number:064x}", "ok", values))
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_no_row_that_was_kept(tmp_path: Path) -> None:
    choice = random.Random(2)
    kept: list[int] = []
    for _ in range(25):
        (tmp_path / "first").write_text(str(len(kept)))
        kept += map(int, run_until_killed(KEEPING, tmp_path, choice.uniform(0, 0.1)))
        store = Store(tmp_path / "s.sqlite")
        found = store.recall(f"{number:064x}" for number in range(len(kept) + 1))
        assert not store.damaged
        store.close()
        assert len(found) >= len(kept)
        for one in found.values():
            assert one.values == {f"x{k}": one.trial.seed / 7 for k in range(200)}
    assert len(kept) > 50


WRITING = """
from pathlib import Path
from harness.report import write_whole
for number in range(10**9):
    write_whole(Path(sys.argv[1]) / "r.json", f"{number % 10}".encode() * 2_000_000)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_whole_record(tmp_path: Path) -> None:
    choice = random.Random(3)
    for _ in range(15):
        written = run_until_killed(WRITING, tmp_path, choice.uniform(0, 0.1))
        data = (tmp_path / "r.json").read_bytes()
        assert len(data) == 2_000_000
        assert len(set(data)) == 1
        assert int(data[:1]) in {int(written[-1]) % 10, (int(written[-1]) + 1) % 10}


def test_a_pipe_and_a_device_are_written_into_and_a_link_is_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="pipe: cannot be written"):
        write_whole(pipe, b"nobody reads")
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    while True:
        try:  # a reader: cat has opened it
            held = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:
            time.sleep(0.01)
    write_whole(pipe, b"through")
    os.close(held)
    assert reader.communicate(timeout=10)[0] == b"through"
    assert pipe.is_fifo()
    write_whole(Path("/dev/null"), b"away")
    assert Path("/dev/null").is_char_device()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole(tmp_path / "link", b"text")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"text"
    assert not (tmp_path / "file").exists()


GOOD = """\
[suite]
format = 2
title = "Faulty"
[defaults]
seeds = 14
[experiments.e]
run = "faulty:fault"
with = { log = "LOG" }
[claims.c]
says = "x is small"
expect = "open"
experiment = "e"
at-most = { of = "x", bound = 10.0 }
"""


class Command:
    """`harness run` on a suite of one claim and six trials, each of which logs that it ran, once: nothing is
    rechecked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        (folder / "faulty-suite.toml").write_text(edited(GOOD, {"LOG": str(self.log)}))

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and what it said."""
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
        done = subprocess.run(
            [sys.executable, "-m", "harness", "run", "faulty-suite.toml", "-q", "--workers", "1",
             "--no-recheck", *arguments],
            cwd=self.folder, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def executions(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.mark.slow
def test_a_run_on_a_full_disk_ends_with_4_and_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    command = Command(tmp_path)
    (small_disk / "filler").write_bytes(bytes((1 << 20) - 90_000))
    code, said = command.run("--store", str(small_disk / "s.sqlite"))
    assert code == 4, said
    assert "free the disk" in said
    assert not (tmp_path / "reports").exists()
    (small_disk / "filler").unlink()
    code, said = command.run("--store", str(small_disk / "s.sqlite"))
    assert code == 0, said


@pytest.mark.slow
def test_a_run_on_a_damaged_store_says_so_and_ends_right(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert command.run()[0] == 0
    instances = json.loads((tmp_path / "reports/faulty-suite.json").read_text())["instances"]
    with closing(sqlite3.connect(tmp_path / ".harness/store.sqlite")) as database, database:
        database.execute("update measurement set quantities = replace(quantities, '0.14', '0.24')")
    code, said = command.run()
    assert code == 0
    note = "Note: store .harness/store.sqlite: trials whose rows have a wrong checksum were measured again"
    assert note in " ".join(said.split())
    again = json.loads((tmp_path / "reports/faulty-suite.json").read_text())["instances"]
    assert [i["values"] for i in again] == [i["values"] for i in instances]
    assert command.executions() == 15
    store = tmp_path / ".harness/store.sqlite"
    shutil.copy(store, tmp_path / "cut.sqlite")
    os.truncate(tmp_path / "cut.sqlite", 3000)
    code, said = command.run("--store", "cut.sqlite")
    assert code == 4
    assert "move it away" in said


@pytest.mark.slow
def test_a_record_that_cannot_be_written_ends_with_4_and_the_next_run_measures_nothing(
    read_only: Path, tmp_path: Path
) -> None:
    command = Command(tmp_path)
    code, said = command.run("--json", str(read_only / "r.json"))
    assert code == 4
    assert "r.json: cannot be written: Read-only file system" in said
    assert command.run()[0] == 0
    assert command.executions() == 14
    code, said = command.run("--store", str(read_only / "s.sqlite"))
    assert code == 4
    assert "Read-only file system; name another file" in said
