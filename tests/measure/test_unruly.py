"""Trials that write to their worker's socket, stop, start processes that hide; commands that are suspended or
killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.measure import Laboratory, Measurement
from harness.measure import pool as module
from harness.measure.clock import AwakeClock, is_stopped
from harness.measure.environment import worker_environment
from harness.measure.fingerprint import source_of
from harness.measure.pool import Pool
from harness.measure.records import Job
from harness.questions import Trial

ROOT = Path(__file__).parents[2]

UNRULY = """
import gc, multiprocessing, os, signal, socket, subprocess, sys, time
from pathlib import Path
from harness.declare import Quantity, experiment
from harness.measure.channel import Channel
from harness.measure.records import JobResult

HIDING = '''
import os, time
os.fork() and os._exit(0)
os.setsid()
os.fork() and os._exit(0)
time.sleep(300)
'''

def channel():
    return next(o for o in gc.get_objects() if isinstance(o, Channel))

@experiment("unruly", version=1, quantities={"pid": Quantity("of the process")})
def unruly(*, seed: int, act: str = "", mark: str = "", sleep: float = 0.0) -> dict[str, float]:
    Path(mark, f"began-{seed}").touch()
    if act == "writes":
        for number in range(3, 64):
            try:
                socket.socket(fileno=os.dup(number)).send(b"\\0\\0\\1\\0half a message")
            except OSError:
                continue
    if act == "answers":
        channel().transmit(JobResult(results=()))
        time.sleep(60)
    if act in ("half", "half and stop"):
        there = channel()
        there._socket.send(there._mark + (1000).to_bytes(8, "big") + b"not a thousand bytes")
        if act == "half and stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)
    if act in ("hides", "hides and hangs"):
        subprocess.run([sys.executable, "-c", HIDING, mark])  # twice forked, a session of its own
        if act == "hides and hangs":
            time.sleep(60)
    if act == "pool":
        with multiprocessing.get_context("forkserver").Pool(1) as pool:
            assert pool.apply(abs, (-3,)) == 3
    if act == "starts":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", mark])
    end = time.monotonic() + sleep
    while time.monotonic() < end:
        time.sleep(0.05)
    return {"pid": float(os.getpid())}
"""

COMMAND = """
import os, sys, time
from pathlib import Path
from harness.measure import Laboratory
from harness.questions import Trial
act, mark, sleep, limit, fork = sys.argv[1:]
trial = Trial("unruly_module:unruly", (("act", act), ("mark", mark), ("sleep", float(sleep))), 0)
with Laboratory(None, workers=1) as laboratory:
    laboratory.request(trial, float(limit))
    laboratory.collect(0.0)
    if fork and os.fork() == 0:
        Path(mark, "forked").touch()
        time.sleep(20)
        os._exit(0)
    while laboratory.pending:
        for measurement in laboratory.collect(1.0):
            print(measurement.status, measurement.error.replace(chr(10), " "))
"""


@pytest.fixture
def unruly(project, tmp_path) -> Iterator:
    """Makes a trial of the module above; whatever it starts has the project's folder in its command line."""
    project.write("unruly_module.py", UNRULY)

    def trial(seed: int, act: str = "", sleep: float = 0.0) -> Trial:
        params = (("act", act), ("mark", str(project.folder)), ("sleep", sleep))
        return Trial("unruly_module:unruly", params, seed)

    yield trial
    for process in project.processes() - {os.getpid()}:  # where a test has failed
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: not project.processes() - {os.getpid()})


def measure(laboratory: Laboratory, *trials: tuple[Trial, float]) -> list[Measurement]:
    for trial, limit in trials:
        laboratory.request(trial, limit)
    found: dict[Trial, Measurement] = {}
    while laboratory.pending:
        found |= {m.trial: m for m in laboratory.collect(5.0)}
    return [found[trial] for trial, _ in trials]


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_trial_writes_to_its_workers_socket_costs_that_trial(unruly, store) -> None:
    start = time.monotonic()
    with Laboratory(store, workers=1) as laboratory:
        before, bad, after = measure(
            laboratory, (unruly(1), 60.0), (unruly(2, "writes", sleep=60.0), 300.0), (unruly(3), 60.0)
        )
        assert (before.status, after.status) == ("ok", "ok")
        assert "the worker sent what is no message" in bad.error
        assert r"b'\x00\x00\x01\x00half a message" in bad.error
    assert time.monotonic() - start < 30


def test_an_answer_that_is_not_for_the_jobs_trials_costs_that_trial(unruly, store) -> None:
    with Laboratory(store, workers=1) as laboratory:
        bad, after = measure(laboratory, (unruly(1, "answers"), 300.0), (unruly(2), 60.0))
    assert "the worker sent what is no message: an outcome of 0 trials" in bad.error
    assert after.status == "ok"


@pytest.mark.parametrize("act", ["half", "half and stop"])
def test_half_a_message_does_not_outlast_the_time_limit(unruly, store, monkeypatch, act) -> None:
    monkeypatch.setattr(module, "STANDSTILL", 0.5)
    start = time.monotonic()
    with Laboratory(store, workers=1) as laboratory:
        bad, after = measure(laboratory, (unruly(1, act), 0.5), (unruly(2), 60.0))
    assert bad.error.startswith("exceeded its time limit of 0.5 s")
    assert after.status == "ok"
    assert time.monotonic() - start < 30


def job(trial: Trial, limit: float, *more: str) -> Job:
    return Job((trial,), frozenset({*source_of(trial.experiment, ()).modules, *more}), limit)


def outcome_of(pool: Pool) -> tuple[str, float]:
    while not (ended := pool.finished()):
        pool.watch(1.0)
    (result,) = ended[0][1].results
    return result.error, result.values.get("pid", 0.0)


def worker_of(pool: Pool) -> int:
    while not pool._workers[0].pid:
        pool.watch(1.0)
        assert not pool.finished()
    return pool._workers[0].pid


def test_a_large_job_for_a_worker_that_does_not_read_blocks_nobody(unruly) -> None:
    pool = Pool(1, worker_environment(None))
    pool.start(job(unruly(0), 60.0))
    worker = int(outcome_of(pool)[1])
    os.kill(worker, signal.SIGSTOP)
    start = time.monotonic()
    pool.start(job(unruly(1), 60.0, *(f"{number:01000}" for number in range(3000))))  # 3 MB
    pool.watch(0.2)
    assert pool.finished() == []
    assert time.monotonic() - start < 5
    os.kill(worker, signal.SIGCONT)
    assert outcome_of(pool) == ("", worker)
    pool.close()


@pytest.mark.parametrize("act", ["hides", "starts", "pool"])
def test_what_a_trial_leaves_behind_is_gone_before_the_next_begins(project, unruly, act) -> None:
    """A pool of multiprocessing leaves the server that forks its workers: from Python 3.14 it has one."""
    pool = Pool(1, worker_environment(None))
    pids = []
    for seed, how in ((0, ""), (1, act), (2, ""), (3, "")):
        pool.start(job(unruly(seed, how), 60.0))
        pids.append(outcome_of(pool)[1])
        others = project.processes() - {os.getpid(), int(pids[-1])}
        assert not others
    assert pids[0] == pids[1] != pids[2] == pids[3], "only the worker that left something is replaced"
    pool.close()
    assert not project.processes()


def test_what_a_trial_leaves_behind_is_gone_when_it_is_ended(project, unruly, store) -> None:
    with Laboratory(store, workers=1) as laboratory:
        laboratory.request(unruly(1, "hides and hangs"), 1.5)
        wait_until(lambda: laboratory.collect(0.1) or any(map(is_hiding, project.processes())))
        assert any(map(is_hiding, project.processes()))
        found = laboratory.collect(60.0)
    assert found[0].error.startswith("exceeded its time limit of 1.5 s")
    assert not project.processes()


def is_hiding(process: int) -> bool:
    """Whether the process is in a session of its own, apart from ours."""
    with contextlib.suppress(ProcessLookupError):
        own = os.getsid(process) != os.getsid(0)
        return own and b"setsid" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def command(project, act: str, *, sleep: float, limit: float, fork: str = "") -> subprocess.Popen[str]:
    project.write("command.py", COMMAND)
    paths = os.pathsep.join([str(project.folder), str(ROOT)])
    arguments = [project.folder / "command.py", act, project.folder, sleep, limit, fork]
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("fork", ["", "fork"])
def test_a_killed_command_leaves_nothing_that_its_trials_started(project, unruly, fork) -> None:
    """Also where a fork of the command, which lives on, holds all that the command held."""
    run = command(project, "hides and hangs", sleep=0.0, limit=300.0, fork=fork)
    try:
        wait_until(lambda: any(map(is_hiding, project.processes())))
        wait_until(lambda: not fork or (project.folder / "forked").exists())
        forks = {process for process in project.processes() if parent_of(process) == run.pid}
    finally:
        run.kill()
    run.wait()
    wait_until(lambda: project.processes() <= forks, seconds=10.0)


def parent_of(process: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def test_workers_outlive_the_thread_that_started_them(unruly) -> None:
    pool = Pool(1, worker_environment(None))
    thread = threading.Thread(target=pool.start, args=(job(unruly(0), 60.0),))
    thread.start()
    thread.join()
    _, worker = outcome_of(pool)
    time.sleep(0.2)
    pool.start(job(unruly(1), 60.0))
    assert outcome_of(pool) == ("", worker)
    pool.close()


def test_a_supervisor_ends_as_its_worker_does_and_dies_with_it(unruly) -> None:
    pool = Pool(1, worker_environment(None))
    pool.start(job(unruly(0, sleep=60.0), 60.0))
    worker = worker_of(pool)
    os.kill(pool._workers[0].process.pid, signal.SIGKILL)
    error, _ = outcome_of(pool)
    assert "killed by signal 9" in error
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    pool.close()


def suspended(run: subprocess.Popen[str], processes: set[int], seconds: float) -> str:
    """What the command says after these processes were stopped for so long."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    time.sleep(seconds)
    for process in processes:
        os.kill(process, signal.SIGCONT)
    said, _ = run.communicate(timeout=60)
    return said


@pytest.mark.parametrize("who", ["all", "command", "workers"])
def test_a_suspension_is_no_slowness(project, unruly, who) -> None:
    """The trial takes 1.2 of its 2.5 seconds; 3 more pass while it, or the command, is suspended."""
    run = command(project, "", sleep=1.2, limit=2.5)
    wait_until((project.folder / "began-0").exists)
    below = {p for p in project.processes() if p != run.pid}
    processes = {"all": {run.pid, *below}, "command": {run.pid}, "workers": below}[who]
    assert suspended(run, processes, 3.0) == "ok \n"


def test_a_trial_that_is_too_slow_is_ended_also_after_a_suspension(project, unruly) -> None:
    run = command(project, "", sleep=60.0, limit=1.5)
    wait_until((project.folder / "began-0").exists)
    said = suspended(run, project.processes(), 2.0)
    assert said.startswith("error exceeded its time limit of 1.5 s")


def test_the_clock_leaves_out_gaps_and_nothing_else(monkeypatch) -> None:
    wall, computed = [100.0], [1.0]
    monkeypatch.setattr("time.monotonic", lambda: wall[0])
    monkeypatch.setattr("time.thread_time", lambda: computed[0])
    clock = AwakeClock()
    begin = clock.now()

    def after(passed: float, *, cpu: float = 0.0, announced: float = 0.0) -> float:
        clock.waiting(announced)
        wall[0] += passed
        computed[0] += cpu
        return clock.now() - begin

    assert after(0.4) == pytest.approx(0.4)  # a short delay
    assert after(5.0, cpu=5.0) == pytest.approx(5.4)  # work
    assert after(0.6, announced=0.5) == pytest.approx(6.0)  # a wait
    assert after(60.0, announced=0.5) == pytest.approx(6.0)  # a suspension while waiting
    assert after(60.0, cpu=2.0) == pytest.approx(8.0)  # a suspension while working


def test_a_stopped_process_is_known(tmp_path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not is_stopped(process.pid)
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(process.pid))
        process.kill()
