"""Several runs at once, and runs that are killed."""

from __future__ import annotations

import random
import sqlite3
import time

import pytest

from harness.measure import Laboratory


def values(output: str) -> dict[int, float]:
    lines = [line.split() for line in output.splitlines() if line != "ready"]
    return {int(seed): float.fromhex(number) for seed, number in lines}


def kept(store) -> set[int]:
    database = sqlite3.connect(store)
    seeds = {row[0] for row in database.execute("select json_extract(trial, '$[2]') from measurement")}
    database.close()
    return seeds


def wait_until_gone(project) -> None:
    deadline = time.monotonic() + 5
    while project.processes() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not project.processes()


def test_two_runs_at_once_share_the_work(project, store, tmp_path, counted):
    log = tmp_path / "log"
    running = [project.drive(store, log, count=60, sleep=0.02, workers=2) for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert counted(log) == list(range(60))
    assert values(outputs[0]) == values(outputs[1]) == {seed: seed / 3 for seed in range(60)}


@pytest.mark.parametrize("rounds", [2, pytest.param(15, marks=pytest.mark.slow)])
def test_a_killed_run_loses_only_what_was_in_flight(project, store, tmp_path, counted, rounds):
    log = tmp_path / "log"
    chance = random.Random(rounds)
    for _ in range(rounds):
        before = kept(store) if store.exists() else set()
        log.unlink(missing_ok=True)
        run = project.drive(store, log, count=400, sleep=0.01, workers=2)
        assert run.stdout
        run.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.5))
        run.kill()
        run.communicate()
        wait_until_gone(project)
        started, stored = counted(log), kept(store)
        assert not before & set(started), "a stored trial was measured again"
        assert before <= stored
        assert len(set(started) - stored) <= 2, "more was lost than was in flight"
        assert len(started) == len(set(started))
    log.unlink(missing_ok=True)
    before = kept(store)
    output = project.drive(store, log, count=400, sleep=0.01, workers=2).communicate()[0]
    assert set(counted(log)) == set(range(400)) - before
    assert values(output) == {seed: seed / 3 for seed in range(400)}


def wait_for(seeds: list[int], counted, log) -> None:
    deadline = time.monotonic() + 20
    while counted(log) != seeds and time.monotonic() < deadline:
        time.sleep(0.02)
    assert counted(log) == seeds


def test_a_worker_that_holds_the_interpreter_dies_with_its_parent(project, store, tmp_path, counted):
    log = tmp_path / "log"
    run = project.drive(store, log, count=2, sleep=0.0, workers=2, act="gil")
    wait_for([0, 1], counted, log)
    run.kill()
    run.communicate()
    wait_until_gone(project)


def test_a_worker_ends_when_its_connection_does(project, store, tmp_path, counted):
    log = tmp_path / "log"
    laboratory = Laboratory(store, workers=2)
    for seed in range(2):
        laboratory.request(project.trial(seed, sleep=60.0, log=str(log)), 100.0)
    laboratory.collect(0.0)
    wait_for([0, 1], counted, log)
    for worker in laboratory._pool._workers:
        worker.connection.close()  # as the kernel does for a parent that dies
    wait_until_gone(project)
    laboratory.close(kill=True)
