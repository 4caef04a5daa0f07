"""Runs that are killed: nothing that was measured is lost, nothing is measured twice, nobody stays behind."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from dask_cluster import dask
from edits import edited
from good_suite import GOOD

SUPPORT = Path(__file__).parent / "support"

PROGRAM = """
import signal, sys
from harness.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main(sys.argv[1:])
"""
"""The command; a shell starts jobs in the background with SIGINT ignored, which a child would inherit."""


class Run:
    """`harness run` on a suite of toys that log every execution; a mark tells its processes apart.

    Nothing is rechecked, so that each trial is to be begun once.
    """

    def __init__(self, folder: Path, sleep: float) -> None:
        self.folder = folder
        self.log = folder / "executions"
        self.log.touch()
        text = edited(GOOD, {"sd = 0.02": f'sd = 0.03, sleep = {sleep}, log = "{self.log}"'})
        (folder / "toys.toml").write_text(text)
        path = os.pathsep.join(map(str, (SUPPORT, SUPPORT.parents[1])))
        self.environment = {**os.environ, "PYTHONPATH": path, "HARNESS_TEST_MARK": str(folder)}

    def start(self, *arguments: str, record: str = "r.json") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, "run", "toys.toml", "--json", record]
        command += ["--no-recheck", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def finish(self, *arguments: str, record: str = "r.json") -> int:
        process = self.start(*arguments, record=record)
        _, errors = process.communicate(timeout=120)
        assert "Traceback" not in errors, errors
        return process.returncode

    def instances(self, record: str = "r.json") -> list[dict[str, object]]:
        instances: list[dict[str, object]] = json.loads((self.folder / record).read_text())["instances"]
        return [{**instance, "seconds": None, "hours_to_decision": None} for instance in instances]

    def executions(self) -> Counter[str]:
        """How often each trial was begun."""
        return Counter(line.rsplit(" ", 1)[0] for line in self.log.read_text().splitlines())

    def wait_for(self, count: int) -> None:
        """Wait until so many trials have been begun; all but as many as there are workers are then stored."""
        deadline = time.monotonic() + 60
        while sum(self.executions().values()) < count and time.monotonic() < deadline:
            time.sleep(0.05)

    def stored(self) -> set[str]:
        """The trials in the store, as `executions` names them."""
        path = self.folder / ".harness/store.sqlite"
        if not path.exists():
            return set()
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("select name from sqlite_master where name = 'measurement'").fetchone():
                return set()  # killed while it made the store
            keys = [json.loads(key) for (key,) in connection.execute("select trial from measurement")]
        points = [(seed, dict(params)) for _, params, seed in keys]
        return {f"{seed} {params['shift']} {params['size']}" for seed, params in points}

    def alive(self) -> list[int]:
        """Processes of this run that still exist."""
        mark = f"HARNESS_TEST_MARK={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark in (entry / "environ").read_bytes() and _state(entry) != "Z":
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def nobody_is_left(self) -> bool:
        """Whether all processes end; a worker needs a moment to hear of its parent's death."""
        for _ in range(100):
            if not self.alive():
                return True
            time.sleep(0.1)
        return False


def _state(entry: Path) -> str:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The instances of a run that nobody kills, their parameters apart from the log's path."""
    run = Run(tmp_path_factory.mktemp("calm"), sleep=0.0)
    assert run.finish("--workers", "1") == 0
    return values_of(run.instances())


def values_of(instances: list[dict[str, object]]) -> list[dict[str, object]]:
    kept = ("id", "verdict", "outcome", "n", "values", "estimate", "interval")
    return [{key: instance[key] for key in kept} for instance in instances]


@pytest.mark.parametrize("times", [4, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_again_and_again_it_ends_with_the_same_record(
    tmp_path: Path, undisturbed: list[dict[str, object]], times: int
) -> None:
    """SIGKILL, by turns to the parent alone and to the parent and its workers, at random moments."""
    run = Run(tmp_path, sleep=0.05)
    generator = random.Random(20260101)  # any: the moments only have to differ
    kills, done = 0, dict[str, int]()
    for attempt in range(times):
        before = sum(run.executions().values())
        process = run.start("--workers", "2")
        while process.poll() is None and sum(run.executions().values()) == before:
            time.sleep(0.01)
        time.sleep(generator.uniform(0, 0.6))
        if process.poll() is not None:
            process.communicate()
            break
        workers = [pid for pid in run.alive() if pid != process.pid]
        for pid in [process.pid, *(workers if attempt % 2 else [])]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.communicate()
        kills += 1
        assert run.nobody_is_left()
        begun = run.executions()
        done |= {name: begun[name] for name in run.stored() if name not in done}
    assert kills >= 3, "the run was over before it could be killed: make it longer"
    assert run.finish("--workers", "2") == 0
    assert values_of(run.instances()) == undisturbed
    executions = run.executions()
    assert len(done) > 10, "nothing was in the store when the run was killed: the test shows nothing"
    assert {name: executions[name] for name in done} == done, "a trial in the store was begun again"
    # Beyond these, a kill costs at most the two trials in flight.
    assert sum(executions.values()) - len(executions) <= 2 * kills
    assert run.nobody_is_left()


def test_two_runs_at_once_share_the_work(tmp_path: Path, undisturbed: list[dict[str, object]]) -> None:
    run = Run(tmp_path, sleep=0.02)
    both = [run.start("--workers", "2", record=f"{n}.json") for n in (1, 2)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert values_of(run.instances("1.json")) == values_of(run.instances("2.json")) == undisturbed
    assert set(run.executions().values()) == {1}


@pytest.mark.slow  # a dear relative of cheaper tests
def test_workers_and_halves_give_the_same_values(
    tmp_path: Path, undisturbed: list[dict[str, object]]
) -> None:
    run = Run(tmp_path, sleep=0.0)
    assert run.finish("-k", "size=1", record="a.json") == 0
    assert run.finish("-k", "not size=1", record="b.json") == 0
    assert values_of(run.instances("a.json") + run.instances("b.json")) == undisturbed
    (tmp_path / "other").mkdir()
    other = Run(tmp_path / "other", sleep=0.0)
    assert other.finish("--workers", "3") == 0
    assert values_of(other.instances()) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_exits_with_2_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    run = Run(tmp_path, sleep=0.3)
    process = run.start()
    run.wait_for(1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "the same command continues from there" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "r.json").exists()
    assert run.nobody_is_left()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "toys.toml", "--no-store"], "Interrupted. Nothing was kept (--no-store)."),
        (["trial", "toys:pair", "sleep=20"], "Interrupted."),
    ],
)
def test_an_interruption_promises_only_what_is_kept(tmp_path: Path, arguments: list[str], said: str) -> None:
    run = Run(tmp_path, sleep=20)
    if arguments[0] == "trial":
        arguments = [*arguments, f"log={run.log}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=tmp_path, env=run.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    run.wait_for(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.splitlines()[-1]) == (2, said)


@pytest.mark.slow
def test_a_local_cluster_gives_the_same_record(tmp_path: Path, undisturbed: list[dict[str, object]]) -> None:
    run = Run(tmp_path, sleep=0.0)
    assert run.finish("--cluster", "local:3") == 0
    assert values_of(run.instances()) == undisturbed
    where = json.loads((tmp_path / "r.json").read_text())["environment"]
    assert (where["cluster"], where["workers"]) == ("local:3", 3)
    assert run.nobody_is_left()


@pytest.mark.slow
@pytest.mark.parametrize("to", ["client", "terminal"])
def test_an_interruption_ends_a_local_cluster(tmp_path: Path, to: str) -> None:
    """Ctrl-C reaches every process that a terminal has started, the Dask workers too."""
    run = Run(tmp_path, sleep=0.5)
    process = run.start("--cluster", "local:2")
    run.wait_for(4)
    if to == "client":
        process.send_signal(signal.SIGTERM)
    else:
        os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the same command continues from there" in errors
    assert "Traceback" not in errors
    assert "distributed" not in errors
    assert run.nobody_is_left()
    assert len(run.stored()) >= 2


@pytest.mark.slow
def test_a_killed_client_leaves_no_local_cluster(tmp_path: Path) -> None:
    run = Run(tmp_path, sleep=0.5)
    process = run.start("--cluster", "local:2")
    run.wait_for(4)
    process.kill()
    process.communicate()
    assert run.nobody_is_left()


@pytest.mark.slow
def test_a_scheduler_that_dies_ends_the_run_with_4(
    tmp_path: Path, undisturbed: list[dict[str, object]]
) -> None:
    run = Run(tmp_path, sleep=0.2)
    (tmp_path / "dask").mkdir()
    with dask(tmp_path / "dask", 2, paths=(SUPPORT,)) as started:
        process = run.start("--cluster", started.address)
        run.wait_for(6)
        os.killpg(started.scheduler.pid, signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 4
        assert "the Dask scheduler is gone" in errors
        assert "Traceback" not in errors, errors
    done = run.stored()
    begun = run.executions()
    assert len(done) >= 4
    assert run.finish("--workers", "2") == 0
    assert values_of(run.instances()) == undisturbed
    assert {name: run.executions()[name] for name in done} == {name: begun[name] for name in done}
