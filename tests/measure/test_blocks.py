"""Several seeds in one job: each gives what it gives alone, and a mistake costs the seed that makes it."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from commands import said
from good_suite import read, write

from harness.campaign import conduct
from harness.measure import Laboratory, Measurement, measure_here
from harness.measure.locks import acquire
from harness.plan import case
from harness.questions import Trial

__all__ = ["read", "write"]

GROWN = 300 * 2**20  # bytes: a worker holds about 50 MiB, the toy that grows 400 MB


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def toy(seed: int, log: Path, act: str = "", at: int = -1, sleep: float = 0.0) -> Trial:
    params = (("act", act), ("at", at), ("log", str(log)), ("size", 1), ("sleep", sleep))
    return Trial("block_toys:toys", params, seed)


def calls(log: Path) -> list[list[int]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def measure(
    laboratory: Laboratory, trials: Iterable[Trial], limit: float = 60.0, memory: int | None = None
) -> dict[int, Measurement]:
    for trial in trials:
        laboratory.request(trial, limit, memory)
    found = {}
    while laboratory.pending:
        found.update({m.trial.seed: m for m in laboratory.collect(5.0)})
    return found


def test_the_wanted_seeds_of_an_aligned_range_are_measured_in_one_job(store, log) -> None:
    trials = [toy(seed, log) for seed in (9, 2, 3, 4, 5, 7, 1)]
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, trials)
        assert calls(log) == [[9], [1, 2, 3], [4, 5, 7]]
        assert list(laboratory.recall(trials)) == trials
        assert all(m.stored and m.status == "ok" for m in found.values())
        assert {m.trial.seed: m.ordinal for m in found.values()} == {9: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 7: 6}
    for trial in trials[:3]:
        alone = measure_here(trial)
        assert alone.values == found[trial.seed].values
        assert alone.fingerprint == found[trial.seed].fingerprint
        assert [stage.name for stage in alone.stages] == ["data", "main", "late"]
    with Laboratory(store, workers=1) as laboratory:
        assert all(m.reused for m in measure(laboratory, trials).values())
        more = measure(laboratory, [toy(seed, log) for seed in range(4)])
    assert calls(log)[-1] == [0], "what the store has is not measured again"
    assert sorted(more) == [0, 1, 2, 3]


def reasons(measurement: Measurement) -> dict[str, str]:
    return {name: str(missing) for name, missing in measurement.missing.items()}


@pytest.mark.parametrize(
    ("act", "missing"),
    [
        ("stage", {"a.error": "main: singular at 2", "b.error": "main: singular at 2",
                   "late": "late: not reached, after main: singular at 2"}),
        ("fail", {"late": "late: diverged"}),
        ("lack", {"late": "not covered: it knows no late numbers"}),
    ],
)  # fmt: skip
def test_a_stage_that_fails_for_one_seed_costs_that_seed_its_quantities(store, log, act, missing) -> None:
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [toy(seed, log, act, 2) for seed in range(4)])
    assert calls(log) == [[0, 1, 2, 3]]
    assert {seed: reasons(m) for seed, m in found.items()} == {0: {}, 1: {}, 2: missing, 3: {}}
    assert sorted([*found[2].values, *missing]) == ["a.error", "b.error", "late"]
    assert all(m.stored for m in found.values())
    assert reasons(measure_here(found[2].trial)) == missing


def test_a_stage_that_fails_itself_costs_all_seeds_its_quantities(store, log) -> None:
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [toy(seed, log, "all") for seed in range(2)])
    assert [reasons(m) for m in found.values()] == [{"late": "late: no seed has it"}] * 2
    assert calls(log) == [[0, 1]]


@pytest.mark.parametrize(
    ("act", "limit", "memory", "said"),
    [
        ("raise", 60.0, None, "ValueError: no good (FILE, line"),
        ("exit", 60.0, None, "the worker exited with code 7"),
        ("hang", 1.0, None, "exceeded its time limit of 1 s"),
        pytest.param("grow", 60.0, GROWN, "exceeded its memory limit of 300 MiB", marks=pytest.mark.slow),
    ],
)
def test_a_block_that_fails_as_a_whole_is_measured_seed_by_seed(store, log, act, limit, memory, said) -> None:
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [toy(seed, log, act, 2) for seed in (1, 2, 3, 5)], limit, memory)
        assert not list(store.with_name(store.name + ".locks").iterdir())
    assert {seed: m.status for seed, m in found.items()} == {1: "ok", 2: "error", 3: "ok", 5: "ok"}
    assert said.replace("FILE", str(Path(sys.modules["block_toys"].__file__ or ""))) in found[2].error
    # What a worker that ran others holds is no evidence: the trial that grows begins anew in another.
    assert [call for call, _ in itertools.groupby(calls(log))] == [[1, 2, 3], [1], [2], [3], [5]]
    assert {seed for seed, m in found.items() if m.stored} == {1, 3, 5}


def test_a_blocks_time_is_that_of_its_trials_together(store, log) -> None:
    """Each of four takes 0.4 s, of 1 s: together they take longer than one of them may."""
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [toy(seed, log, sleep=0.4) for seed in range(4)], limit=1.0)
    assert calls(log) == [[0, 1, 2, 3]]
    assert all(0.3 < m.seconds < 1.0 for m in found.values())


@pytest.mark.parametrize(
    ("act", "errors"),
    [
        ("text", {1: "quantity 'late': expected a float, found a str"}),
        ("short", dict.fromkeys((0, 1), "quantity 'late': expected a number for each of 1 seeds, found 2")),
    ],
)
def test_what_does_not_give_a_number_for_each_seed_is_an_error(store, log, act, errors) -> None:
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [toy(seed, log, act, 1) for seed in range(2)])
    assert {seed: m.error for seed, m in found.items() if m.error} == errors


def test_trials_that_others_measure_stay_out_of_a_block(store, log) -> None:
    trials = [toy(seed, log, sleep=0.1) for seed in range(4)]
    locks = store.with_name(store.name + ".locks")
    with Laboratory(store, workers=1) as laboratory:
        held = acquire(locks, laboratory.fingerprint(trials[1]))
        assert held
        for trial in trials:
            laboratory.request(trial, 60.0)
        assert laboratory.collect(0.0) == []
        prints = [laboratory.fingerprint(trial) for trial in trials]
        assert all(acquire(locks, text) is None for text in prints), "all are locked before it starts"
        found = laboratory.collect(10.0)
        assert sorted(m.trial.seed for m in found) == [0, 2, 3]
        held.release()
        assert [m.trial.seed for m in laboratory.collect(10.0)] == [1]
    assert calls(log) == [[0, 2, 3], [1]]


def test_two_runs_share_blocks(store, log) -> None:
    """The second meets the locks of the first, and takes from the store what that has measured."""
    trials = [toy(seed, log, sleep=0.02) for seed in range(8)]
    with Laboratory(store, workers=1) as one, Laboratory(store, workers=1) as two:
        for laboratory in (one, two):
            for trial in trials:
                laboratory.request(trial, 60.0)
        found: list[Measurement] = []
        while one.pending or two.pending:
            found += [*one.collect(0.05), *two.collect(0.05)]
    assert Counter(m.trial.seed for m in found) == dict.fromkeys(range(8), 2)
    assert sorted(seed for call in calls(log) for seed in call) == list(range(8))


def test_trials_are_withdrawn_from_a_block_that_failed(store, log) -> None:
    trials = [toy(seed, log, "hang", 2) for seed in range(4)]
    with Laboratory(store, workers=1) as laboratory:
        for trial in trials:
            laboratory.request(trial, 0.3)
        while not (found := laboratory.collect(5.0)):
            pass
        laboratory.withdraw(trials)
        found += measure(laboratory, []).values()
    assert found[0].trial.seed == 0
    assert len(found) in (1, 2), "one may have begun"


KILLED = """
import json, time
from harness.declare import Quantity, experiment

@experiment("toy", version=1, quantities={"x": Quantity("a number")}, block=8)
def toy(*, seeds: tuple[int, ...], act: str = "", log: str = "", sleep: float = 0.0):
    with open(log, "a") as file:
        file.write(json.dumps(seeds) + "\\n")
    time.sleep(sleep * len(seeds))
    return {"x": [seed / 3 for seed in seeds]}
"""


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_run_loses_only_the_blocks_in_flight(project, store, log, kills) -> None:
    project.write("toy_module.py", KILLED)
    chance = random.Random(kills)
    count = 200 * kills
    kept: set[int] = set()
    for _ in range(kills):
        log.unlink(missing_ok=True)
        run = project.drive(store, log, count=count, sleep=0.003, workers=2)
        assert run.stdout
        run.stdout.readline()
        time.sleep(chance.uniform(0.3, 0.6))
        run.kill()
        run.communicate()
        begun = {seed for call in calls(log) for seed in call}
        assert not begun & kept, "measured twice"
        with closing(sqlite3.connect(store)) as database:
            rows = {json.loads(key)[2] for (key,) in database.execute("select trial from measurement")}
        assert len(begun - rows) <= 2 * 8
        kept = rows
    output, _ = project.drive(store, log, count=count, sleep=0.0, workers=2).communicate(timeout=60)
    assert output.splitlines()[1:] == [f"{seed} {(seed / 3).hex()}" for seed in range(count)]


SUITE = """
[suite]
format = 2
title = "Blocks"

[experiments.toys]
run = "block_toys:toys"
with = { log = "LOG", act = "ACT" }
sweep = { size = [1, 2] }

[claims.near]
says = "a is near b."
expect = "open"
experiment = "toys"
equal = { of = ["a.error", "b.error"], within = "5%" }

[claims.late]
says = "The late number is small."
expect = "open"
experiment = "toys"
at-most = { of = "late", bound = 3.0 }
"""


@pytest.mark.parametrize(("act", "verdicts"), [("", {"supported"}), ("others", {"error"})])
def test_a_trial_of_a_block_is_measured_again_alone(store, log, read, act, verdicts) -> None:
    """What depends on the other seeds of its call is no function of its parameters and seed."""
    suite = read(SUITE.replace("LOG", str(log)).replace("ACT", act))
    with Laboratory(store, workers=2) as laboratory:
        result = conduct([case(instance) for instance in suite.instances], laboratory)
    assert {f.assessment.verdict for f in result.findings} == verdicts
    (recheck,) = result.rechecks
    assert recheck.result == ("identical" if not act else "differs")
    assert recheck.trial
    assert calls(log)[-1] == [recheck.trial.seed]
    assert [0, 1, 2, 3] in calls(log)
    assert max(map(len, calls(log))) == 4


def test_a_mistake_in_a_block_is_made_twice_more_at_most(log, read) -> None:
    """The block fails, then its two lowest seeds, alike; one more may be under way by then."""
    suite = read(SUITE.replace("LOG", str(log)).replace("ACT", "raise").replace('"raise"', '"short"'))
    cases = [case(instance) for instance in suite.instances if "size=1" in instance.local_id]
    with Laboratory(None, workers=1) as laboratory:
        result = conduct(cases, laboratory, recheck=None)
    assert {f.assessment.verdict for f in result.findings} == {"error"}
    assert calls(log)[:3] == [[0, 1, 2, 3], [0], [1]]
    assert len(calls(log)) <= 4


def test_one_trial_is_one_seed(log) -> None:
    code, output = said("trial", "block_toys:toys", f"log={log}", "--seed", "6", "--json")
    assert code == 0, output
    assert calls(log) == [[6]]
    assert str(measure_here(toy(6, log)).values["late"]) in output


JAX = """
from harness.declare import Quantity, block, experiment

@experiment("jax-block", version=1, quantities={"loss": Quantity("a number"), "steps": Quantity("how many")})
def train(*, seeds: tuple[int, ...], width: int = 37) -> dict[str, list[float]]:
    import jax
    import jax.numpy as jnp

    def one(seed):
        kx, ky, kw, kv = jax.random.split(jax.random.key(seed), 4)
        x = jax.random.normal(kx, (16, 5), jnp.float32)
        y = jnp.tanh(jax.random.normal(ky, (16,), jnp.float32))
        w = jax.random.normal(kw, (5, width), jnp.float32)
        v = jax.random.normal(kv, (width,), jnp.float32) / width**0.5

        def loss(p):
            return ((jnp.maximum(x @ p[0], 0) @ p[1] - y) ** 2).mean()

        def step(state):
            p, count = state
            g = jax.grad(loss)(p)
            return (p[0] - 0.03 * g[0], p[1] - 0.03 * g[1]), count + 1

        p, count = jax.lax.while_loop(lambda s: (loss(s[0]) > 0.2) & (s[1] < 200), step, ((w, v), 0))
        return loss(p), count

    with block(seeds).stage("training") as training:
        losses, steps = jax.jit(lambda s: jax.lax.map(one, s))(jnp.array(training.seeds))
    return {"loss": losses, "steps": steps}
"""


def test_seeds_that_one_program_takes_in_turn_have_the_bits_that_they_have_alone(project, store) -> None:
    """Networks of odd width that stop at a loss, each after steps of its own."""
    project.write("jax_block.py", JAX)
    trials = [Trial("jax_block:train", (("width", 37),), seed) for seed in range(4)]
    with Laboratory(store, workers=1) as laboratory:
        together = measure(laboratory, trials)
        laboratory.repeat(trials[2], 60.0)
        alone = measure(laboratory, [])
        assert all(m.stored for m in together.values()), together[0].note or together[0].error
    assert [together[seed].ordinal for seed in range(4)] == [0, 1, 2, 3]
    assert len({m.values["steps"] for m in together.values()}) > 1
    assert all(0 < m.values["loss"] < 0.2 for m in together.values())
    assert alone[2].values == together[2].values


def test_limits_that_differ_are_not_mixed(store, log) -> None:
    """A block has one limit of memory, so that no trial may take what another may."""
    with Laboratory(store, workers=1) as laboratory:
        for seed in range(4):
            laboratory.request(toy(seed, log), 60.0, GROWN if seed % 2 else None)
        found = measure(laboratory, [])
    assert len(found) == 4
    assert calls(log) == [[0, 2], [1, 3]]


def test_what_is_declared_of_a_trial_is_that_of_each_in_a_block(store, log) -> None:
    """A row is the same, whichever seeds were measured with it, but for seconds and what its worker ran."""
    with Laboratory(store, workers=1) as laboratory:
        together = measure(laboratory, [toy(seed, log) for seed in range(4)])
        kept = laboratory.recall([toy(3, log)])[toy(3, log)]
    alone = measure_here(toy(3, log))
    timeless = [
        replace(m, seconds=0.0, ordinal=0, stored=False, reused=False,
                stages=tuple(replace(stage, seconds=0.0) for stage in m.stages))
        for m in (together[3], kept, alone)
    ]  # fmt: skip
    assert timeless[0] == timeless[1] == timeless[2]
