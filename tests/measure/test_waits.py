"""A message names a wait for somebody's lock, with who holds it and how to continue, and can be ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from good_suite import GOOD

from harness.measure import Laboratory, Measurement, Store, StoreError, holders, locks, store
from harness.measure.holders import Wait, holder
from harness.measure.interrupts import uninterrupted
from harness.questions import Trial

ROOT = Path(__file__).parents[2]

HOLD = """
import fcntl, os, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
if len(sys.argv) > 2 and os.fork():
    os._exit(0)
print("held", flush=True)
time.sleep(300)
"""
TRIAL = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from harness.measure.locks import acquire
lock = acquire(Path(sys.argv[1]), sys.argv[2])
print("held" if lock else "busy", flush=True)
time.sleep(300)
"""
WRITE = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("begin immediate")
print("held", flush=True)
time.sleep(300)
"""


@contextlib.contextmanager
def holding(path: Path, program: str = HOLD, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the file locked."""
    command = [sys.executable, "-c", program, str(path), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's lock, for this test alone."""
    monkeypatch.setenv("HARNESS_MACHINE_LOCK", str(tmp_path / "machine"))
    return tmp_path / "machine"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are said after a tenth of a second."""
    for module in (holders, sys.modules["harness.measure.laboratory"]):
        monkeypatch.setattr(module, "PATIENCE", 0.1)


def collect_for(laboratory: Laboratory, seconds: float) -> list[Measurement]:
    found: list[Measurement] = []
    end = time.monotonic() + seconds
    while laboratory.pending and time.monotonic() < end:
        found += laboratory.collect(0.1)
    return found


@pytest.mark.parametrize("end", ["", ".gate"])
def test_a_machine_that_somebody_has_to_himself(project, machine, impatient, end) -> None:
    path = Path(f"{machine}{end}")
    with holding(path) as process, Laboratory(None, workers=1) as laboratory:
        laboratory.request(project.trial(), 60.0)
        assert laboratory.waiting == ""
        assert not collect_for(laboratory, 0.5)
        name = laboratory.waiting
        assert f"{path} is locked by process {process.pid} ({sys.executable} -c" in name
        assert name.endswith("; wait for it, end it, or name another file in HARNESS_MACHINE_LOCK")
        process.kill()
        process.wait()
        (measurement,) = collect_for(laboratory, 30.0)
        assert measurement.status == "ok"
        assert laboratory.waiting == ""


def test_a_trial_that_somebody_measures(project, store, impatient) -> None:
    with Laboratory(store, workers=1) as laboratory:
        trial = project.trial()
        folder = store.with_name(store.name + ".locks")
        folder.mkdir(parents=True)
        with holding(folder, TRIAL, laboratory.fingerprint(trial)) as process:
            laboratory.request(trial, 60.0)
            assert not collect_for(laboratory, 0.5)
            assert f"is locked by process {process.pid} " in laboratory.waiting
            assert "it measures trials that are wanted here" in laboratory.waiting
        assert collect_for(laboratory, 30.0)


def test_while_something_runs_nothing_is_waited_for(project, store, impatient) -> None:
    with Laboratory(store, workers=2) as laboratory:
        held, runs = project.trial(0), project.trial(1, sleep=0.6)
        folder = store.with_name(store.name + ".locks")
        folder.mkdir(parents=True)
        with holding(folder, TRIAL, laboratory.fingerprint(held)):
            for trial in (held, runs):
                laboratory.request(trial, 60.0)
            laboratory.collect(0.3)
            assert laboratory.waiting == ""


def test_a_lock_is_laid_to_whoever_has_it_now(tmp_path: Path) -> None:
    """Its taker may be gone, and have left it to a process that it started."""
    path = tmp_path / "lock"
    assert holder(path) == "another process"
    with holding(path) as process:
        assert holder(path).startswith(f"process {process.pid} (")
    path.unlink()
    command = [sys.executable, "-c", HOLD, str(path), "fork"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        process.wait()
        heir = int(holder(path).split()[1])
        assert heir != process.pid
        assert b"fork" in Path(f"/proc/{heir}/cmdline").read_bytes()
        os.kill(heir, signal.SIGKILL)


def test_a_wait_speaks_once(caplog: pytest.LogCaptureFixture, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(holders, "PATIENCE", 0.05)
    wait = Wait("it", [tmp_path], "go away")
    wait.speak()
    assert not caplog.messages
    time.sleep(0.06)
    wait.speak()
    wait.speak()
    assert caplog.messages == ["waiting: it is locked by another process; go away"]


def test_a_store_that_somebody_opens_for_too_long(tmp_path: Path, caplog, monkeypatch, impatient) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.3)
    with (
        holding(tmp_path / "s.sqlite.lock") as process,
        pytest.raises(StoreError, match=rf"within 0\.3 s: .* is locked by process {process.pid} "),
    ):
        Store(tmp_path / "s.sqlite")
    (said,) = caplog.messages
    assert f"s.sqlite.lock is locked by process {process.pid} " in said
    Store(tmp_path / "s.sqlite").close()


@pytest.mark.parametrize("first", ["here", "there"])
def test_who_has_a_lock_alone_is_named_before_who_shares_one(tmp_path: Path, monkeypatch, first: str) -> None:
    """Linux lists locks in any order, and an open store has one that it shares with all who have it open."""
    path = tmp_path / "s.sqlite"
    opened = Store(path)
    files = [path.with_name(path.name + end) for end in ("", "-shm", "-wal")]
    with holding(path, WRITE) as process:
        listed = [os.getpid(), process.pid][:: 1 if first == "here" else -1]
        monkeypatch.setattr(holders, "likely_holders", lambda inodes: iter(listed))
        assert holders.holder(*files).startswith(f"process {process.pid} (")
        monkeypatch.setattr(holders, "likely_holders", lambda inodes: iter([os.getpid()]))
        assert holders.holder(*files).startswith(f"this process, {os.getpid()} (")
        monkeypatch.setattr(holders, "likely_holders", lambda inodes: iter([]))
        assert holders.holder(*files) == "another process"
    opened.close()


def row(number: int) -> Measurement:
    return Measurement(Trial("m:f", (), number), f"{number:064x}", "ok", {"x": 1.0})


def test_a_store_that_somebody_writes_to(tmp_path: Path, caplog, monkeypatch, impatient) -> None:
    path = tmp_path / "s.sqlite"
    opened = Store(path)
    with holding(path, WRITE) as process:
        monkeypatch.setattr(store, "PATIENCE", 0.3)
        with pytest.raises(StoreError, match=rf"is locked by process {process.pid} .* for 0\.3 s; wait"):
            opened.keep(row(0))
        (said,) = caplog.messages
        assert f"store {path} is locked by process {process.pid} " in said
    opened.keep(row(0))
    assert list(opened.recall([row(0).fingerprint])) == [row(0).fingerprint]
    opened.close()


def test_ctrl_c_ends_a_wait_for_a_writer(tmp_path: Path) -> None:
    opened = Store(tmp_path / "s.sqlite")
    start = time.monotonic()
    with holding(tmp_path / "s.sqlite", WRITE):
        signal.signal(signal.SIGALRM, lambda number, frame: os.kill(os.getpid(), signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            opened.keep(row(0))
    assert time.monotonic() - start < 20
    opened.close()


def run(folder: Path, *arguments: str, wait_for: str = "") -> tuple[int, str]:
    """`harness run` on toys; with `wait_for`, Ctrl-C once standard error says that."""
    (folder / "toys.toml").write_text(GOOD)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
    program = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program += "from harness.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "toys.toml", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": paths}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    lines = []
    if wait_for:
        assert process.stderr
        for line in process.stderr:
            lines.append(line)
            if wait_for in line:
                process.send_signal(signal.SIGINT)
                break
    _, rest = process.communicate(timeout=60)
    return process.returncode, "".join(lines) + rest


def test_the_command_says_what_it_waits_for_and_can_be_interrupted(machine: Path, tmp_path: Path) -> None:
    with holding(machine) as process:
        code, said = run(tmp_path, wait_for="waiting: ")
        assert code == 2
        assert f"waiting: {machine} is locked by process {process.pid} (" in said
        assert "name another file in HARNESS_MACHINE_LOCK" in said


def test_a_time_budget_ends_a_wait(machine: Path, tmp_path: Path) -> None:
    with holding(machine):
        code, said = run(tmp_path, "-q", "--time-budget", "3s")
    assert code == 1, said
    assert said.count("waiting: ") == 1
    record = (tmp_path / "reports/toys.json").read_text()
    assert '"verdict": "not-run"' in record or '"verdict":"not-run"' in record


def test_a_database_of_several_threads(tmp_path: Path) -> None:
    """As pytest-run-parallel's, which take turns."""
    import threading

    opened = Store(tmp_path / "s.sqlite")
    problems: list[sqlite3.Error] = []

    def work(number: int) -> None:
        try:
            opened.keep(row(number))
        except sqlite3.Error as error:
            problems.append(error)

    for number in range(3):
        thread = threading.Thread(target=work, args=(number,))
        thread.start()
        thread.join()
    assert not problems
    assert len(opened.recall(row(number).fingerprint for number in range(3))) == 3
    opened.close()
