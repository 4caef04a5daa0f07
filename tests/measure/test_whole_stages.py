"""A whole block of which a run reads some stages: it computes these, and what is added later is the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from harness.declare import Missing
from harness.measure import Laboratory, Measurement
from harness.measure.pool import Pool
from harness.measure.records import Job
from harness.questions import Trial

NEAR, FAR = frozenset({"near"}), frozenset({"far"})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def toy(seed: int, log: Path, act: str = "", at: int = -1, sleep: float = 0.0) -> Trial:
    params = (("act", act), ("at", at), ("log", str(log)), ("sleep", sleep))
    return Trial("block_toys:staged", params, seed)


def programs(log: Path) -> list[str]:
    return log.read_text().split("\n")[:-1] if log.exists() else []


def measure(
    laboratory: Laboratory, trials: Iterable[Trial], stages: frozenset[str] | None = None
) -> dict[int, Measurement]:
    for trial in trials:
        laboratory.request(trial, 60.0, stages=stages)
    found = {}
    while laboratory.pending:
        found.update({m.trial.seed: m for m in laboratory.collect(5.0)})
    return found


def values(found: Mapping[int, Measurement]) -> dict[int, dict[str, float]]:
    return {seed: dict(m.values) for seed, m in found.items()}


@pytest.fixture
def whole(tmp_path: Path, log: Path) -> dict[int, dict[str, float]]:
    """What a run gives that reads all stages of all seeds."""
    with Laboratory(tmp_path / "whole.sqlite", workers=1, block=4) as laboratory:
        found = values(measure(laboratory, [toy(seed, log) for seed in range(4)]))
    log.unlink()
    return found


def test_a_block_computes_the_stages_that_are_read_and_adds_others_later(store, log, whole) -> None:
    with Laboratory(store, workers=1, block=4) as laboratory:
        assert values(measure(laboratory, [toy(2, log)], NEAR)) == {2: {"near": whole[2]["near"]}}
        assert programs(log) == ["near 0,1,2,3"]
        assert values(measure(laboratory, [toy(0, log), toy(2, log)], FAR)) == {0: whole[0], 2: whole[2]}
        assert programs(log)[1:] == ["near 0,1,2,3", "far 0,1,2,3"], "and what that needs"
    with Laboratory(store, workers=1, block=4) as laboratory:
        later = measure(laboratory, [toy(seed, log) for seed in range(4)])
        assert len(programs(log)) == 3, "the others of the block have all stages, too"
    assert values(later) == whole
    assert all(m.reused for m in later.values())


@pytest.mark.slow
@pytest.mark.parametrize("order", [*itertools.permutations([(1, NEAR), (2, FAR), (3, NEAR | FAR)])])
def test_who_asks_for_which_stages_and_when_changes_no_bit(store, log, whole, order) -> None:
    for kept in (None, store):
        with Laboratory(kept, workers=2, block=4) as laboratory:
            for seed, stages in order:
                laboratory.request(toy(seed, log), 60.0, stages=stages)
                laboratory.collect(0.0)  # the next is asked for while a block runs
            found = measure(laboratory, [toy(seed, log) for seed in range(4)])
        assert values(found) == whole


@pytest.mark.slow
@pytest.mark.parametrize(("act", "reason"), [("raise", "ValueError: no good"), ("fail", "not fitted")])
def test_a_stage_that_fails_at_a_seed_fails_there_alone(store, log, whole, act, reason) -> None:
    with Laboratory(store, workers=1, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log, act, at=2) for seed in range(4)])
    assert found[2].values["near"] == whole[2]["near"]
    if act == "fail":
        assert found[2].missing == {"far": Missing("failed", "far", reason)}
    else:
        assert found[2].errors["far"].error.startswith(reason)
    assert values({seed: m for seed, m in found.items() if seed != 2}) == {
        seed: each for seed, each in whole.items() if seed != 2
    }


def test_blocks_not_trials_are_shared_out(log, monkeypatch) -> None:
    """Of two blocks each of two workers gets one, even where a worker may have many jobs ahead."""
    given: list[tuple[int, ...]] = []
    start = Pool.start

    def noted(pool: Pool, job: Job, *more: Job) -> None:
        given.append(tuple(each.seeds[0] for each in (job, *more)))
        start(pool, job, *more)

    monkeypatch.setattr(Pool, "start", noted)
    monkeypatch.setattr(Pool, "room", lambda pool, code, modules: 64 if pool.free else 0)
    with Laboratory(None, workers=2, block=4) as laboratory:
        found = measure(laboratory, [toy(seed, log, sleep=0.2) for seed in (0, 1, 2, 3, 4)])
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert given == [(0,), (4,)]
