"""Memory: a trial that takes too much costs itself only, and workers that have grown are replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable

import pytest
from edits import edited

from harness.errors import UserError
from harness.measure import Laboratory, Measurement
from harness.measure import memory as together
from harness.measure import pool as module
from harness.measure import resident as memory
from harness.measure.environment import worker_environment
from harness.measure.fingerprint import source_of
from harness.measure.pool import Pool
from harness.measure.records import Job
from harness.questions import Trial

MB = 10**6
GREEDY = """
import os, time
from harness.declare import Quantity, experiment

KEPT = []

@experiment("greedy", version=1, quantities={"pid": Quantity("of the process")})
def greedy(*, seed: int, take: int = 0, leave: int = 0, wait: float = 0.0, log: str = "") -> dict[str, float]:
    if log:
        with open(log, "a") as file:
            file.write(f"{seed}\\n")
    KEPT.append(bytearray(b"x") * leave)
    taken = bytearray(b"x") * take
    time.sleep(wait)
    return {"pid": float(os.getpid())}
"""


def greedy(seed: int, *, take: int = 0, leave: int = 0, wait: float = 0.0, log: str = "") -> Trial:
    params = (("leave", leave), ("log", log), ("take", take), ("wait", wait))
    return Trial("greedy_module:greedy", params, seed)


def measure(
    laboratory: Laboratory, trials: Iterable[Trial], limit: int | None = None
) -> dict[Trial, Measurement]:
    for trial in trials:
        laboratory.request(trial, 60.0, limit)
    found = {}
    while laboratory.pending:
        found.update({measurement.trial: measurement for measurement in laboratory.collect(5.0)})
    return found


def test_a_trial_past_its_memory_limit(project, store):
    project.write("greedy_module.py", GREEDY)
    much, little = greedy(0, take=200 * MB, wait=60.0), greedy(1, take=20 * MB, wait=0.3)
    start = time.monotonic()
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [much, little], 150 * 2**20)
        said = re.match(r"exceeded its memory limit of 150 MiB: it held (\d+) MiB;", found[much].error)
        assert said
        assert 150 <= int(said[1]) <= 250
        assert "raise --memory-limit or the suite's memory-limit" in found[much].error
        assert found[little].status == "ok"
        assert list(laboratory.recall([much, little])) == [little]
    assert time.monotonic() - start < 30


def test_what_earlier_trials_left_is_not_held_against_one(project, store, tmp_path, counted):
    project.write("greedy_module.py", GREEDY)
    log = tmp_path / "log"
    trials = [greedy(seed, leave=100 * MB, wait=0.5, log=str(log)) for seed in range(2)]
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, trials, 170 * MB)
    assert [m.status for m in found.values()] == ["ok", "ok"]
    assert len({m.values["pid"] for m in found.values()}) == 2
    assert counted(log) == [0, 1, 1]


def test_what_a_trial_starts_counts_too(project, store):
    project.write(
        "starter.py",
        """
        import subprocess, sys, time
        from harness.declare import Quantity, experiment
        @experiment("starter", version=1, quantities={"x": Quantity("x")})
        def start(*, seed: int) -> dict[str, float]:
            code = "import time; held = bytearray(b'x') * 200_000_000; time.sleep(60)"
            subprocess.Popen([sys.executable, "-c", code])
            time.sleep(60)
        """,
    )
    trial = Trial("starter:start", (), 0)
    with Laboratory(store, workers=1) as laboratory:
        assert "exceeded its memory limit" in measure(laboratory, [trial], 150 * MB)[trial].error


def test_what_processes_share_counts_once():
    code = (
        "import os, sys, time\nheld = bytearray(b'x') * 100_000_000\n"
        "children = [os.fork() for _ in range(1)]\nprint(flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], process_group=0, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            process.stdout.readline()
            assert memory.resident([process.pid])[process.pid] > 200 * MB
            assert 100 * MB < memory.proportional(process.pid) < 150 * MB
        finally:
            os.killpg(process.pid, 9)


@pytest.mark.parametrize(("large", "timed", "processes"), [(1, False, 3), (10**15, False, 1), (1, True, 1)])
def test_a_worker_that_has_grown_is_replaced(project, monkeypatch, large, timed, processes):
    project.write("greedy_module.py", GREEDY)
    monkeypatch.setattr(module, "LARGE", large)
    pool = Pool(1, worker_environment(None))
    declared = frozenset(source_of("greedy_module:greedy", ()).modules)
    pids = set()
    for seed in range(3):
        pool.start(Job((greedy(seed),), declared, 60.0, timed=timed))
        while not (ended := pool.finished()):
            pool.watch(1.0)
        pids.add(ended[0][1].results[0].values["pid"])
    pool.close()
    assert len(pids) == processes


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([3, 4], "SIGKILL, very likely by the kernel, as the machine ran out of memory: run fewer workers"),
        ([3, 3], "SIGKILL, from outside; the kernel has counted no lack of memory meanwhile"),
        ([None, None], "SIGKILL, perhaps because the machine ran out of memory: run fewer workers"),
    ],
)
def test_who_killed_a_worker(project, monkeypatch, counts, expected):
    left = list(counts)
    monkeypatch.setattr(module, "kills_for_memory", lambda: left.pop(0))
    with Laboratory(None, workers=1) as laboratory:
        (measurement,) = measure(laboratory, [project.trial(act="kill")]).values()
    assert expected in measurement.error


def test_what_linux_tells(tmp_path, monkeypatch):
    page = os.sysconf("SC_PAGE_SIZE")
    for process, group, pages in [(10, 10, 5), (11, 10, 7), (12, 12, 100)]:
        (tmp_path / str(process)).mkdir()
        rest = ["0"] * 18 + [str(pages)]
        stat = f"{process} (a) b (c) S 1 {group} {' '.join(rest)} 0\n"
        (tmp_path / str(process) / "stat").write_text(stat)
    (tmp_path / "vmstat").write_text("nr_free_pages 17\noom_kill 3\n")
    monkeypatch.setattr(memory, "PROC", str(tmp_path))
    assert memory.resident([10, 13]) == {10: 12 * page, 13: 0}
    assert memory.resident_of(12) == 100 * page
    assert memory.proportional(10) == 12 * page
    assert memory.kills_for_memory() == 3


def test_where_linux_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "PROC", str(tmp_path / "none"))
    assert memory.resident([10]) == {10: 0}
    assert memory.resident_of(10) == 0
    assert memory.kills_for_memory() is None


DECLARED = """
import time
from pathlib import Path
from harness.declare import Quantity, experiment

def _bytes(parameters):
    return parameters["size"] * 10**9

def _names(folder, ended):
    return {path.stem for path in Path(folder).iterdir() if (path.suffix == ".ended") == ended}

@experiment("holder", version=1, quantities={"beside": Quantity("trials that ran meanwhile", scale="linear")},
    memory=_bytes)
def holder(*, seed: int, size: int = 0, folder: str = "", expect: int = 0) -> dict[str, float]:
    others = _names(folder, ended=True) | {f"{seed}"}
    Path(folder, f"{seed}").touch()
    until = time.monotonic() + (60 if expect else 0.3)
    while time.monotonic() < until and len(_names(folder, ended=False) - others) < max(expect, 1):
        time.sleep(0.02)
    beside = len(_names(folder, ended=False) - others)
    Path(folder, f"{seed}.ended").touch()
    return {"beside": float(beside)}
"""


def holder(seed: int, size: int, folder: object, expect: int = 0) -> Trial:
    params = (("expect", expect), ("folder", str(folder)), ("size", size))
    return Trial("holder_module:holder", params, seed)


@pytest.mark.parametrize(
    ("sizes", "beside"),
    [
        ([2, 2], 1),  # four of five together
        ([3, 3], 0),  # six of five: one after the other
        ([9, 0], 0),  # more than there is: alone, also beside one that declares nothing
        ([0, 9], 0),
    ],
)
def test_trials_run_together_only_where_what_they_declare_fits(
    project, store, tmp_path, monkeypatch, sizes, beside
):
    monkeypatch.setattr(together, "capacity", lambda: 5e9)
    project.write("holder_module.py", DECLARED)
    (folder := tmp_path / "marks").mkdir()
    trials = [holder(seed, size, folder, beside) for seed, size in enumerate(sizes)]
    with Laboratory(store, workers=2) as laboratory:
        found = measure(laboratory, trials)
    assert [found[trial].error for trial in trials] == ["", ""]
    assert [found[trial].values["beside"] for trial in trials] == [beside, beside]


def test_a_declaration_that_gives_no_bytes_is_an_error(project, store):
    project.write("holder_module.py", edited(DECLARED, {"* 10**9": "/ 3"}))
    with (
        Laboratory(store, workers=1) as laboratory,
        pytest.raises(UserError, match=r"experiment holder, memory: expected a whole number .* found 1\.0"),
    ):
        measure(laboratory, [holder(0, 3, "")])


def test_the_capacity_is_the_least_of_what_is_told(tmp_path, monkeypatch):
    (limit := tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(together, "GROUP_LIMITS", (limit, tmp_path / "none"))
    machine = together.capacity.__wrapped__()
    assert machine == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit.write_text("1000000\n")
    assert together.capacity.__wrapped__() == 1000000
