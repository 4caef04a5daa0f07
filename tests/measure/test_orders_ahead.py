"""Workers have several short trials ahead. Whatever becomes of one, each of the others is measured once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from harness.measure import Laboratory, Measurement
from harness.measure.pool import Pool
from harness.measure.records import Job
from harness.questions import Trial

TOYS = """
import os, signal, time
from harness.declare import Quantity, experiment

STATE = 0

@experiment("ahead", version=1, quantities={"x": Quantity("a number")})
def ahead(*, seed: int, at: int = -1, act: str = "", log: str = "") -> dict[str, float]:
    global STATE
    with open(log, "a") as file:
        file.write(f"{seed}\\n")
    if seed == at:
        if act == "exit":
            os._exit(7)
        if act == "hang":
            time.sleep(60)
        if act == "sleep":
            time.sleep(3)
        if act == "leave":
            STATE = 1
        if act == "garble":
            for descriptor in range(3, 30):
                try:
                    os.write(descriptor, b"no message of ours")
                except OSError:
                    pass
    print("seed", seed)
    return {"x": seed / 3 + STATE}
"""
COUNT = 120
AT = 60
"""The trial that does it: by then its worker has others behind it."""


@pytest.fixture
def trials(project, tmp_path: Path) -> Callable[[str], list[Trial]]:
    project.write("ahead_toys.py", TOYS)
    log = str(tmp_path / "log")

    def make(act: str) -> list[Trial]:
        params = (("act", act), ("at", AT), ("log", log))
        return [Trial("ahead_toys:ahead", params, seed) for seed in range(COUNT)]

    return make


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs were given at once, time after time."""
    sizes: list[int] = []
    start = Pool.start

    def noted(pool: Pool, job: Job, *more: Job) -> None:
        sizes.append(1 + len(more))
        start(pool, job, *more)

    monkeypatch.setattr(Pool, "start", noted)
    return sizes


def measure(laboratory: Laboratory, trials: Iterable[Trial], limit: float = 60.0) -> dict[int, Measurement]:
    for trial in trials:
        laboratory.request(trial, limit)
    found: dict[int, Measurement] = {}
    while laboratory.pending:
        for measurement in laboratory.collect(1.0):
            assert measurement.trial.seed not in found, "it came twice"
            found[measurement.trial.seed] = measurement
    return found


@pytest.mark.parametrize(
    ("act", "limit", "said"),
    [
        ("exit", 60.0, "the worker exited with code 7"),
        ("hang", 2.0, "exceeded its time limit of 2 s"),
        ("garble", 60.0, "sent what is no message"),
        ("leave", 60.0, ""),
    ],
)
def test_what_costs_a_worker_costs_one_trial(
    store, trials, given, tmp_path, counted, act, limit, said
) -> None:
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, trials(act), limit)
    begun = counted(tmp_path / "log")
    assert sorted(set(begun)) == list(range(COUNT))
    # What a worker says after it has sent what is no message, nobody can read: that is measured again.
    assert len(begun) == COUNT or act == "garble", "each began once"
    assert max(given) > 1
    assert list(found) == list(range(COUNT)), "in their order"
    wrong = {seed: m.error for seed, m in found.items() if m.status == "error"}
    assert list(wrong) == ([AT] if said else [])
    assert said in wrong.get(AT, "")
    right = {seed: m.values["x"] for seed, m in found.items() if seed != AT}
    assert right == {seed: seed / 3 for seed in range(COUNT) if seed != AT}, "none saw what that one left"
    assert {seed for seed, m in found.items() if not m.stored} == {*wrong}
    if act == "exit":
        assert wrong[AT].endswith("its log is empty"), "what was printed before is not its own"


def test_what_lies_behind_a_slow_trial_goes_to_another_worker(store, trials, given) -> None:
    with Laboratory(store, workers=2) as laboratory:
        found = measure(laboratory, trials("sleep"))
    assert max(given) > 1
    assert list(found)[-1] == AT, "all others had ended by then"
    assert len(found) == COUNT


def test_what_is_withdrawn_does_not_begin(store, trials, tmp_path, counted) -> None:
    wanted = trials("hang")
    with Laboratory(store, workers=1) as laboratory:
        for trial in wanted:
            laboratory.request(trial, 60.0)
        found: list[int] = []
        while len(found) < AT:
            found += [m.trial.seed for m in laboratory.collect(1.0)]
        laboratory.withdraw(wanted[AT + 1 :])
        assert laboratory.pending == 1, "the one that runs"
        laboratory.abandon()
    assert counted(tmp_path / "log") in (list(range(AT)), list(range(AT + 1)))


def test_closing_lets_end_what_runs_and_drops_what_has_not_begun(store, trials, tmp_path, counted) -> None:
    wanted = trials("sleep")
    laboratory = Laboratory(store, workers=1)
    for trial in wanted:
        laboratory.request(trial, 60.0)
    found: list[int] = []
    while len(found) < AT:
        found += [m.trial.seed for m in laboratory.collect(1.0)]
    laboratory.close()
    begun = counted(tmp_path / "log")
    assert begun == list(range(len(begun)))
    assert len(begun) < COUNT
    with Laboratory(store, workers=1) as again:
        assert sorted(trial.seed for trial in again.recall(wanted)) == begun


def test_a_worker_that_is_killed_between_two_trials_loses_none(store, trials, tmp_path, counted) -> None:
    """It is stopped at any moment; at most the trial that it ran is lost, and measured as an error."""
    wanted = trials("")
    with Laboratory(store, workers=1) as laboratory:
        for trial in wanted:
            laboratory.request(trial, 60.0)
        found: dict[int, Measurement] = {}
        killed = 0
        while laboratory.pending:
            for measurement in laboratory.collect(1.0):
                found[measurement.trial.seed] = measurement
            (worker, *_) = laboratory._pool._workers or [None]
            if worker is not None and worker.pid and killed < 3 and len(found) > 20 * (killed + 1):
                os.kill(worker.pid, signal.SIGKILL)
                killed += 1
                time.sleep(0.05)
    lost = [seed for seed, m in found.items() if m.status == "error"]
    assert sorted(found) == list(range(COUNT))
    assert killed
    assert len(lost) <= killed
    begun = counted(tmp_path / "log")
    assert len(begun) == len(set(begun)), "none was measured twice"
    assert set(range(COUNT)) - set(begun) <= set(lost), "begun, and killed before its first line"


def test_all_that_came_in_together_is_one_transaction(store, trials, monkeypatch) -> None:
    """Each statement is counted that writes; the store is opened before."""
    with Laboratory(store, workers=1) as laboratory:
        begun: list[str] = []
        laboratory._store._database.set_trace_callback(begun.append)
        found = measure(laboratory, trials(""))
        laboratory._store._database.set_trace_callback(None)
    writes = [text for text in begun if text.startswith(("begin", "BEGIN"))]
    inserts = [text for text in begun if text.startswith("insert")]
    assert len(found) == len(inserts) == COUNT
    assert 0 < len(writes) < COUNT / 4
