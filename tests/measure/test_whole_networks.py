"""Blocks of 16 seeds of `ntk.regression` on a CPU: the same bits whatever is asked for, and whatever happens.

Networks are small, and the blocks are those of an accelerator (`--block 16`), computed by its programs.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.measure import Laboratory, Measurement
from harness.questions import Trial
from harness.session import trials_of_experiment

pytestmark = pytest.mark.slow

SMALL = ("data=sphere", "train=12", "test=8", "networks=2", "width=8", "target-loss=0.05")
SINGLE, KERNELS = frozenset({"single"}), frozenset({"after-kernel", "ntk"})
READ = SINGLE | KERNELS
Numbers = dict[int, dict[str, str]]


def trial(seed: int, *given: str) -> Trial:
    (found,) = trials_of_experiment("ntk.regression", [*SMALL, *given], seed)
    return found


def hexed(measurement: Measurement) -> dict[str, str]:
    return {name: value.hex() for name, value in measurement.values.items()}


def measure(
    laboratory: Laboratory, trials: Sequence[Trial], stages: frozenset[str] = READ
) -> dict[int, Measurement]:
    for each in trials:
        laboratory.request(each, 600.0, stages=stages)
    found = {}
    while laboratory.pending:
        found.update({m.trial.seed: m for m in laboratory.collect(5.0)})
    return found


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Numbers]:
    """Two blocks by one worker, in order, with the store that they are in."""
    store = tmp_path_factory.mktemp("once") / "store.sqlite"
    with Laboratory(store, workers=1, block=16) as laboratory:
        found = measure(laboratory, [trial(seed) for seed in range(32)])
        assert all(m.status == "ok" and m.stored and m.block == 16 for m in found.values())
    numbers = {seed: hexed(m) for seed, m in found.items()}
    assert len({tuple(each.items()) for each in numbers.values()}) == 32
    return store, numbers


def some(numbers: Numbers, seeds: Sequence[int]) -> Numbers:
    return {seed: numbers[seed] for seed in sorted(seeds)}


def test_order_subset_and_number_of_workers_change_no_bit(once, tmp_path) -> None:
    seeds = random.Random(1).sample(range(32), 9)
    assert {seed // 16 for seed in seeds} == {0, 1}
    with Laboratory(tmp_path / "store.sqlite", workers=3, block=16) as laboratory:
        found = measure(laboratory, [trial(seed) for seed in seeds])
        beside = laboratory.recall([trial(seed) for seed in range(32)])
        laboratory.repeat(trial(seeds[0]), 600.0, stages=READ)
        again = measure(laboratory, [])
    assert {seed: hexed(m) for seed, m in sorted(found.items())} == some(once[1], seeds)
    assert {each.seed: hexed(m) for each, m in beside.items()} == once[1], "what was not asked for is kept"
    assert hexed(again[seeds[0]]) == once[1][seeds[0]], "in a process that has run nothing"


def test_stages_that_are_added_later_are_what_they_would_have_been(once, tmp_path) -> None:
    """Kernels of trained networks need training; it is computed again, and gives what is stored."""
    store = tmp_path / "store.sqlite"
    with Laboratory(store, workers=1, block=16) as laboratory:
        first = measure(laboratory, [trial(3)], SINGLE)[3]
    alone = hexed(first)
    assert alone
    assert alone.keys() < once[1][3].keys()
    with Laboratory(store, workers=1, block=16) as laboratory:
        later = measure(laboratory, [trial(4)], KERNELS)[4]
        both = measure(laboratory, [trial(seed) for seed in range(16)])
    assert alone.items() <= once[1][3].items()
    assert hexed(later).items() <= once[1][4].items()
    assert {seed: hexed(m) for seed, m in sorted(both.items())} == some(once[1], range(16))


def test_a_network_that_fails_fails_its_seed_alone(tmp_path) -> None:
    """With fewer steps some seeds do not reach the target loss; the others stop where they stopped before."""
    with Laboratory(tmp_path / "store.sqlite", workers=1, block=16) as laboratory:
        whole = measure(laboratory, [trial(seed, "networks=1") for seed in range(16)], SINGLE)
        steps = {seed: m.values["steps"] for seed, m in whole.items()}
        budget = sorted(steps.values())[12]
        lame = {seed for seed, needed in steps.items() if needed > budget}
        assert 0 < len(lame) < 4
        trials = [trial(seed, "networks=1", f"max-steps={int(budget)}") for seed in range(16)]
        found = measure(laboratory, trials, SINGLE)
    failed = {seed for seed, m in found.items() if m.missing}
    assert failed == lame
    for seed in failed:
        assert all("missed the target loss" in lost.reason for lost in found[seed].missing.values())
    for seed in set(range(16)) - failed:
        assert hexed(found[seed]) == hexed(whole[seed])


DRIVER = """
import json, sys
from pathlib import Path
sys.path[:] = json.loads(sys.argv[1]) + sys.path
from test_whole_networks import READ, hexed, trial
from harness.measure import Laboratory

store, workers, seeds = Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
with Laboratory(store, workers=workers, block=16) as laboratory:
    for seed in seeds:
        laboratory.request(trial(seed), 600.0, stages=READ)
    print("ready", flush=True)
    while laboratory.pending:
        for m in laboratory.collect(1.0):
            print(json.dumps([m.trial.seed, m.reused, hexed(m)]), flush=True)
"""


def drive(store: Path, workers: int, seeds: Sequence[int]) -> subprocess.Popen[str]:
    here = json.dumps([str(Path(__file__).parent)])
    command = [sys.executable, "-c", DRIVER, here, str(store), str(workers), json.dumps([*seeds])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def lines(process: subprocess.Popen[str]) -> Iterator[tuple[int, bool, dict[str, str]]]:
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    for line in process.stdout:
        seed, reused, numbers = json.loads(line)
        yield seed, reused, numbers


def test_a_killed_run_loses_the_block_in_flight_and_no_other(once, tmp_path) -> None:
    """It is killed as soon as a seed of the first block is handed over: all of that block is stored."""
    store = tmp_path / "store.sqlite"
    killed = drive(store, 1, range(32))
    first, reused, _ = next(lines(killed))
    killed.kill()
    killed.communicate()
    assert not reused
    block = range(first - first % 16, first - first % 16 + 16)
    found = {seed: (reused, numbers) for seed, reused, numbers in lines(drive(store, 2, range(32)))}
    assert {seed: numbers for seed, (_, numbers) in sorted(found.items())} == once[1]
    assert {seed for seed, (reused, _) in found.items() if reused} == {*block}


def test_two_runs_at_once_measure_each_block_once(once, tmp_path) -> None:
    store = tmp_path / "store.sqlite"
    evens, odds = range(0, 32, 2), range(31, 0, -2)
    runs = [drive(store, 1, evens), drive(store, 1, odds)]
    found = [{seed: (reused, numbers) for seed, reused, numbers in lines(run)} for run in runs]
    for seeds, each in zip((evens, odds), found, strict=True):
        assert {seed: numbers for seed, (_, numbers) in sorted(each.items())} == some(once[1], seeds)
    for block in (0, 1):  # whoever measured it has its seeds as measured, the other as reused
        by = [{reused for seed, (reused, _) in each.items() if seed // 16 == block} for each in found]
        assert sorted(by, key=str) == [{False}, {True}]


def test_alone_each_seed_is_another_trial_and_nearly_the_same(once) -> None:
    with Laboratory(None, workers=1, block=1) as laboratory:
        alone = measure(laboratory, [trial(0)])[0]
        single = laboratory.fingerprint(trial(0))
    with Laboratory(None, workers=1, block=16) as laboratory:
        assert laboratory.fingerprint(trial(0)) != single
    assert alone.values.keys() == once[1][0].keys()
    for name in ("single.error", "ntk.error", "after-kernel.error"):
        expected = float.fromhex(once[1][0][name])
        assert alone.values[name] == pytest.approx(expected, rel=3e-4)  # TRAINED_RESOLUTION
