"""Whole blocks: a number is a function of trial, size of the block and device, whatever is asked for."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from commands import said

from harness.declare import Missing
from harness.measure import DeviceError, Laboratory, Measurement, Store, devices, site
from harness.measure.devices import CPU, Device, on_device, seeds_abreast
from harness.measure.environment import worker_environment
from harness.measure.kept import KeptTrials
from harness.measure.records import Job, JobResult, TrialResult
from harness.measure.whole import block_of, explained
from harness.questions import Trial

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def toy(seed: int, log: Path, act: str = "", at: int = -1, sleep: float = 0.0, size: int = 1) -> Trial:
    params = (("act", act), ("at", at), ("log", str(log)), ("size", size), ("sleep", sleep))
    return Trial("block_toys:alone", params, seed)


def calls(log: Path) -> list[list[int]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def measure(laboratory: Laboratory, trials: Iterable[Trial], limit: float = 60.0) -> dict[int, Measurement]:
    for trial in trials:
        laboratory.request(trial, limit)
    found = {}
    while laboratory.pending:
        found.update({m.trial.seed: m for m in laboratory.collect(5.0)})
    return found


def test_a_block_is_measured_whole_whichever_of_its_seeds_are_asked_for(store, log) -> None:
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log) for seed in (2, 1, 7)])
        assert calls(log) == [[0, 1, 2, 3], [4, 5, 6, 7]]
        assert found[2].values == {"number": 2 / 3 + 4, "late": 2 * (2 / 3 + 4)}
        assert all(m.stored and m.block == 4 for m in found.values())
        beside = laboratory.recall([toy(seed, log) for seed in range(8)])
        assert {trial.seed for trial in beside} == set(range(8)), "what was not asked for is kept"
        assert not beside[toy(0, log)].reused, "it was measured in this run"
    with Laboratory(store, workers=2, block=4) as laboratory:
        later = measure(laboratory, [toy(seed, log) for seed in range(7, -1, -1)])
    assert len(calls(log)) == 2
    assert all(m.reused for m in later.values())
    assert {seed: later[seed].values for seed in found} == {seed: m.values for seed, m in found.items()}


@pytest.mark.slow
def test_a_block_of_another_size_has_other_fingerprints(store, log) -> None:
    found = {}
    for size in (0, 1, 2, 4, 16):
        with Laboratory(store, workers=1, block=size) as laboratory:
            found[size] = measure(laboratory, [toy(1, log)])[1]
            program = laboratory.program(toy(1, log))
            assert program == laboratory.program(toy(3, log))
    assert found[0] == replace(found[1], reused=False, stored=True, seconds=found[0].seconds,
                               stages=found[0].stages), "on a CPU each seed is alone"  # fmt: skip
    assert calls(log) == [[1], [0, 1], [0, 1, 2, 3]]
    assert found[16].reused, "an experiment has no more than it declares"
    assert len({found[size].fingerprint for size in (1, 2, 4)}) == 3
    assert [found[size].values["number"] for size in (1, 2, 4)] == [1 / 3 + size for size in (1, 2, 4)]


@pytest.mark.parametrize(
    ("act", "status", "error", "missing"),
    [
        ("raise", "error", "ValueError: no good", {}),
        ("stage", "ok", "", {"number": Missing("failed", "main", "singular at 2"),
                             "late": Missing("failed", "late", "no number")}),
    ],
)  # fmt: skip
def test_a_seed_that_fails_fails_alone(store, log, act, status, error, missing) -> None:
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log, act, 2) for seed in range(4)])
    assert calls(log) == [[0, 1, 2, 3]]
    assert found[2].status == status
    assert found[2].error.startswith(error)
    assert found[2].missing == missing
    assert [found[seed].values["number"] for seed in (0, 1, 3)] == [seed / 3 + 4 for seed in (0, 1, 3)]


@pytest.mark.slow
def test_a_block_that_fails_as_a_whole_is_not_measured_seed_by_seed(store, log) -> None:
    """Its seeds alone would give other numbers under the same fingerprint."""
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log, "exit", 2) for seed in (0, 3)])
        assert laboratory.recall([toy(1, log, "exit", 2)])[toy(1, log, "exit", 2)].status == "error"
    assert calls(log) == [[0, 1, 2, 3]]
    for measurement in found.values():
        assert measurement.error.startswith(
            "the block of seeds 0 to 3 failed as a whole: the worker exited with code 7"
        )
        assert not measurement.stored


def test_memory_that_is_short_names_the_option() -> None:
    text = "RuntimeError: RESOURCE_EXHAUSTED: no memory"
    outcome = JobResult((TrialResult("error", error=text),))
    for block, device, expected in (
        (4, "H100", f"{text} (the device has no memory left: give a --block below 4, or fewer"
                    " --workers-per-device)"),
        (1, "H100", f"{text} (the device has no memory left: give fewer --workers-per-device)"),
        (4, "cpu", text),
    ):  # fmt: skip
        job = Job((Trial("toys:pair", (), 0),), frozenset(), 1.0, device=device, block=block)
        assert explained(job, outcome).results[0].error == expected


def test_a_block_has_one_lock_until_each_of_its_trials_is_done(store, log) -> None:
    with (
        Laboratory(None, workers=1) as laboratory,
        closing(Store(store)) as one,
        closing(Store(store)) as two,
    ):
        known = laboratory.site.identities(4)
        ours, theirs = KeptTrials(one, known), KeptTrials(two, known)
        locks = [ours.lock(toy(seed, log)) for seed in (1, 2)]
        assert all(locks)
        assert len({ours.lock_at(toy(seed, log)) for seed in range(4)}) == 1
        assert theirs.lock(toy(3, log)) is None
        locks[0].release()
        assert theirs.lock(toy(3, log)) is None, "what it gave for the other is not stored yet"
        locks[1].release()
        lock = theirs.lock(toy(3, log))
        assert lock
        lock.release()


@pytest.mark.slow
def test_two_runs_measure_a_block_once(store, log) -> None:
    trials = [toy(seed, log, sleep=0.1) for seed in range(8)]
    with Laboratory(store, workers=1, block=4) as one, Laboratory(store, workers=1, block=4) as two:
        for laboratory, wanted in ((one, trials[::2]), (two, trials[1::2])):
            for trial in wanted:
                laboratory.request(trial, 60.0)
        found: list[Measurement] = []
        while one.pending or two.pending:
            found += [*one.collect(0.05), *two.collect(0.05)]
    assert sorted(m.trial.seed for m in found) == list(range(8))
    assert sorted(calls(log)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert not list(store.with_name(store.name + ".locks").iterdir())


@pytest.mark.slow
def test_a_seed_that_is_asked_for_while_its_block_runs_waits_for_it(log) -> None:
    with Laboratory(None, workers=2, block=4) as laboratory:
        laboratory.request(toy(0, log, sleep=0.5), 60.0)
        assert laboratory.collect(0.0) == []
        found = measure(laboratory, [toy(1, log, sleep=0.5)])
        assert sorted(found) == [0, 1]
        assert measure(laboratory, [toy(3, log, sleep=0.5)])[3].values["number"] == 1 + 4
    assert calls(log) == [[0, 1, 2, 3]], "also without a store"


@pytest.mark.slow
def test_a_repetition_is_of_the_whole_block(store, log) -> None:
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log) for seed in range(2)])
        assert [found[seed].ordinal for seed in range(2)] == [0, 1]
        laboratory.repeat(toy(1, log), 60.0)
        again = measure(laboratory, [])
    assert calls(log) == [[0, 1, 2, 3]] * 2
    assert (again[1].values, again[1].ordinal) == (found[1].values, 1)


@pytest.mark.slow
def test_seconds_of_what_is_computed_for_all_are_shared(log) -> None:
    with Laboratory(None, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log, sleep=0.4) for seed in range(4)])
    assert all(0.1 <= m.seconds < 0.4 for m in found.values())
    assert all(0.1 <= m.stages[0].seconds < 0.4 for m in found.values())


@pytest.mark.slow
def test_an_experiment_of_several_seeds_is_given_the_whole_block(store, log) -> None:
    params = (("act", ""), ("at", -1), ("log", str(log)), ("size", 1), ("sleep", 0.0))
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [Trial("block_toys:toys", params, 2)])
    assert calls(log) == [[0, 1, 2, 3]]
    assert found[2].block == 4


@pytest.mark.slow
def test_one_trial_by_hand_is_that_of_its_block(log) -> None:
    code, output = said("trial", "block_toys:alone", f"log={log}", "--seed", "6", "--block", "4", "--json")
    assert code == 0, output
    assert calls(log) == [[4, 5, 6, 7]]
    assert str(6 / 3 + 4) in output


@pytest.mark.slow
def test_a_block_has_the_time_of_its_trials_together(log) -> None:
    with Laboratory(None, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(0, log, sleep=0.6)], limit=0.4)
    assert found[0].status == "ok", found[0].error


H100 = Device("NVIDIA H100", memory=80, tf32=True)


@pytest.mark.parametrize(
    ("most", "asked", "on", "bytes_of_seed", "memory", "expected"),
    [
        (16, 0, CPU, 0, 0, 1),  # on a CPU each seed is alone
        (16, 0, H100, 0, 80, 16),  # nobody knows what a seed takes
        (16, 0, H100, 5, 0, 16),  # nor what there is
        (16, 0, H100, 5, 80, 16),
        (16, 0, H100, 6, 80, 8),  # halved until it fits
        (16, 0, H100, 30, 80, 2),
        (16, 0, H100, 90, 80, 1),
        (16, 4, CPU, 90, 80, 4),  # asked for
        (4, 16, H100, 1, 80, 4),
        (1, 16, CPU, 0, 0, 1),
    ],
)
def test_how_many_seeds_are_computed_abreast(most, asked, on, bytes_of_seed, memory, expected) -> None:
    assert seeds_abreast(most, asked, on, bytes_of_seed, memory) == expected


def test_the_size_of_a_block_is_that_of_its_point(store, log, monkeypatch) -> None:
    """Each seed of the toy takes `size` bytes; four workers share eighty."""
    monkeypatch.setattr(site, "find_device", lambda: H100)
    with Laboratory(None, workers=1, per_device=4) as laboratory:
        known = laboratory.site.identities(0)
        monkeypatch.setattr(known, "hardware", lambda trial: H100)
        for size, expected in ((1, 4), (5, 4), (6, 2), (11, 1)):
            trials = [toy(seed, log, size=size) for seed in range(3)]
            assert {known.block(trial) for trial in trials} == {expected}
    assert H100.memory_of_worker(4) == 20
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.2")
    assert H100.memory_of_worker(4) == 80, "the user gives it to each process"


def test_blocks_are_aligned(log) -> None:
    for seed, size, first in ((0, 4, 0), (3, 4, 0), (4, 4, 4), (21, 16, 16), (7, 1, 7)):
        assert [t.seed for t in block_of(toy(seed, log), size)] == list(range(first, first + size))


def test_an_accelerator_has_a_few_workers_and_deterministic_kernels(monkeypatch) -> None:
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(devices, "has_jax_plugin", lambda: False)
    plain = worker_environment(None)
    assert on_device(plain, 4) == plain, "nothing of it concerns a CPU"
    monkeypatch.setattr(devices, "has_jax_plugin", lambda: True)
    changed = on_device(plain, 4)
    assert changed["XLA_FLAGS"] == "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"
    assert changed["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.2250"
    own = {**plain, "XLA_FLAGS": "--xla_gpu_autotune_level=2 --xla_dump_to=a"}
    assert on_device(own, 4)["XLA_FLAGS"] == (
        "--xla_gpu_autotune_level=2 --xla_dump_to=a --xla_gpu_deterministic_ops=true"
    ), "what the user sets stands"
    monkeypatch.setattr(site, "find_device", lambda: H100)
    with Laboratory(None, per_device=3) as laboratory:
        before = laboratory.workers
        assert laboratory.device == "NVIDIA H100"
        assert laboratory.workers == min(before, 3)
        said = laboratory.site.said()
    assert said == {
        "matmul_precision": "highest",
        "xla_flags": "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0",
        "workers_per_device": 3,
    }


VISIBLE = """
import os, time
from harness.declare import Quantity, experiment

@experiment("visible", version=1, quantities={"x": Quantity("the device")})
def visible(*, seed: int) -> dict[str, float]:
    time.sleep(0.5)
    return {"x": float(os.environ["CUDA_VISIBLE_DEVICES"])}
"""


@pytest.mark.slow
def test_workers_are_given_to_several_devices_in_turn(project, monkeypatch) -> None:
    project.write("visible.py", VISIBLE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    monkeypatch.setattr(site, "find_device", lambda: replace(H100, count=2))
    with Laboratory(None, workers=3, per_device=1) as laboratory:
        assert (laboratory.device, laboratory.workers) == ("NVIDIA H100", 2)
        found = measure(laboratory, [Trial("visible:visible", (), seed) for seed in range(2)])
    assert {m.values["x"] for m in found.values()} == {5.0, 7.0}


def test_float32_means_float32_unless_the_user_says_otherwise(log, monkeypatch) -> None:
    name = "JAX_DEFAULT_MATMUL_PRECISION"
    prints = set()
    monkeypatch.delenv(name, raising=False)
    for given, expected in ((None, "highest"), ("tensorfloat32", "tensorfloat32")):
        if given:
            monkeypatch.setenv(name, given)
        with Laboratory(None, workers=1) as laboratory:
            assert laboratory.site.variables[name] == expected
            assert laboratory.site.said() == {"matmul_precision": expected}
            prints.add(laboratory.fingerprint(toy(0, log)))
    assert len(prints) == 2


@pytest.mark.slow
def test_tf32_is_a_mistake_where_the_device_has_none(monkeypatch) -> None:
    from harness.session import trials_of_experiment

    (trial,) = trials_of_experiment("ntk.regression", ["precision=tf32"], 0)
    with Laboratory(None, workers=1) as laboratory, pytest.raises(DeviceError) as found:
        laboratory.request(trial, 60.0)
    assert str(found.value) == (
        'ntk.regression, precision: expected "float32", as the device cpu has no products in TF32,'
        ' found "tf32"'
    )
    monkeypatch.setattr(site, "find_device", lambda: H100)
    with Laboratory(None, workers=1) as laboratory:
        assert laboratory.fingerprint(trial)


DRIVER = """
import sys
from pathlib import Path
from harness.measure import Laboratory
from harness.questions import Trial

store, log = sys.argv[1:]
params = (("act", ""), ("at", -1), ("log", log), ("size", 1), ("sleep", 0.05))
trials = [Trial("block_toys:alone", params, seed) for seed in range(1, 160, 3)]
with Laboratory(Path(store), workers=2, block=4) as laboratory:
    found = laboratory.recall(trials)
    for trial in trials:
        if trial not in found:
            laboratory.request(trial, 60.0)
    print("ready", flush=True)
    while laboratory.pending:
        found |= {measurement.trial: measurement for measurement in laboratory.collect(1.0)}
for trial in trials:
    print(trial.seed, found[trial].values["number"].hex())
"""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 8])
def test_a_killed_run_loses_only_the_blocks_in_flight(project, store, log, kills) -> None:
    project.write("drive.py", DRIVER)
    paths = f"import sys; sys.path[:0] = [{str(SUPPORT)!r}, {str(project.folder)!r}]; "
    run = f"import runpy; runpy.run_path({str(project.folder / 'drive.py')!r}, run_name='__main__')"

    def drive() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", paths + run, str(store), str(log)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    chance, kept = random.Random(kills), set[int]()
    for _ in range(kills):
        log.unlink(missing_ok=True)
        killed = drive()
        assert killed.stdout
        killed.stdout.readline()
        time.sleep(chance.uniform(0.3, 0.6))
        killed.kill()
        killed.communicate()
        begun = {seed for call in calls(log) for seed in call}
        whole = {seed for seed in kept if set(range(seed - seed % 4, seed - seed % 4 + 4)) <= kept}
        assert not begun & whole, "measured twice"
        with closing(sqlite3.connect(store)) as database:
            kept = {json.loads(key)[2] for (key,) in database.execute("select trial from measurement")}
        assert len(begun - kept) <= 2 * 4
    output, _ = drive().communicate(timeout=60)
    assert output.splitlines()[1:] == [f"{seed} {(seed / 3 + 4).hex()}" for seed in range(1, 160, 3)]
