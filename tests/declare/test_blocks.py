"""Several seeds in one call: what lives, what fails, and what a call with several says of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from harness.declare import (
    DeclarationError,
    NotCovered,
    Quantity,
    StageError,
    block,
    collect_stages,
    experiment,
    of_seed,
    stage,
)
from harness.declare.declaration import BLOCK

X = {"x": Quantity("a number")}


def declared(function: Callable[..., Any], **how: Any) -> int:
    experiment("t", version=1, quantities=X, **how)(function)
    return int(function.__harness_declaration__.block)  # type: ignore[attr-defined]


def of_one(*, seed: int) -> dict[str, float]:
    return {}


def of_several(*, seeds: tuple[int, ...], size: int = 1) -> dict[str, Sequence[float]]:
    return {}


def of_both(*, seed: int, seeds: tuple[int, ...]) -> dict[str, float]:
    return {}


def test_an_experiment_says_how_many_seeds_it_takes() -> None:
    assert declared(of_one) == 0
    assert declared(of_several) == BLOCK
    assert declared(of_several, block=4) == 4
    assert list(of_several.__harness_declaration__.parameters) == ["size"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("function", "how", "said"),
    [
        (of_one, {"block": 4}, "block: expected a keyword-only `seeds: tuple.*, found none"),
        (of_both, {}, "expected one of `seed` and `seeds`, found both"),
        (of_several, {"timed": True}, "expected `seed: int`, as timings are measured one at a time"),
        (of_several, {"block": 0}, "block: expected a whole number of seeds, at least 1, found 0"),
        (of_several, {"block": True}, "at least 1, found True"),
    ],
)
def test_a_block_that_is_none_is_refused(function: Callable[..., Any], how: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        declared(function, **how)


def failures(reports: Any, seeds: Sequence[int]) -> dict[int, dict[str, str]]:
    return {seed: {r.name: r.failure for r in of_seed(reports, seed, len(seeds))} for seed in seeds}


def test_a_seed_that_fails_is_left_out_of_what_needs_its_stage() -> None:
    seeds = (3, 4, 5, 6)

    def drawn(seed: int) -> float:
        if seed == 4:
            raise StageError("singular")
        return seed / 2

    living = block(seeds)
    with collect_stages() as reports:
        with stage("data"):
            pass
        with living.stage("draw") as draw:
            assert draw.each(drawn) == {3: 1.5, 5: 2.5, 6: 3.0}
            assert draw.seeds == (3, 5, 6)
        with living.stage("train") as train:
            train.fail(5, "diverged")
            train.fail(6, NotCovered("no such thing"))
        with living.stage("compare", "draw", "train") as compare:
            assert compare.seeds == (3,)
    assert failures(reports, seeds) == {
        3: {"data": "", "draw": "", "train": "", "compare": ""},
        4: {"data": "", "draw": "singular", "train": ""},
        5: {"data": "", "draw": "", "train": "diverged"},
        6: {"data": "", "draw": "", "train": "no such thing"},
    }
    kinds = [report.missing and report.missing.kind for report in of_seed(reports, 6, 4)]
    assert kinds == [None, None, "not-covered"]
    assert living.column({3: 1.5, 6: 3.0})[::3] == [1.5, 3.0]
    assert math.isnan(living.column({3: 1.5})[1])


def test_an_error_of_the_stage_itself_fails_all_that_live() -> None:
    living = block((0, 1, 2))
    with collect_stages() as reports:
        with living.stage("one") as one:
            one.fail(1, "by itself")
            raise StageError("together")
        with living.stage("two", "one") as two:
            two.each(lambda seed: pytest.fail("it is dead"))
        with living.stage("three", "one") as three:
            pytest.fail(f"no seed is left, found {three.seeds}")
    assert failures(reports, (0, 1, 2)) == {
        0: {"one": "together"}, 1: {"one": "by itself"}, 2: {"one": "together"}
    }  # fmt: skip


def test_any_other_exception_ends_the_call() -> None:
    with collect_stages(), pytest.raises(ZeroDivisionError), block((0, 1)).stage("one") as one:
        one.each(lambda seed: 1 / seed)


def test_a_stage_that_needs_one_that_did_not_run_is_a_mistake() -> None:
    living = block((0, 1))
    with living.stage("early"):
        pass
    expected = "stage late: expected the names of earlier stages, found 'erly'"
    with pytest.raises(ValueError, match=expected), living.stage("late", "early", "erly"):
        pass


def test_outside_a_trial_a_failure_is_raised() -> None:
    def failing(seed: int) -> float:
        raise StageError(f"seed {seed} is singular")

    with pytest.raises(StageError, match="seed 2 is singular"), block((2, 3)).stage("one") as one:
        one.each(failing)
    with pytest.raises(StageError, match="diverged"), block((2, 3)).stage("one") as one:
        one.fail(3, "diverged")
    with block((2, 3)).stage("one") as one:
        assert one.each(float) == {2: 2.0, 3: 3.0}


def test_seconds_are_a_seeds_own_and_its_share_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock tells full seconds, each a second after the last: a stage in `each` takes one."""
    ticks = iter(range(100))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    with collect_stages() as reports:
        with block((0, 1)).stage("one") as one:  # from 0 to 7: two `each` of one seed, three seconds together
            one.each(float)
            one.fail(1, "it took another second")
            one.fixed = True
        with stage("all"):
            pass
    first, second = (of_seed(reports, seed, 2) for seed in (0, 1))
    assert [r.seconds for r in first] == [1 + 2.0, 0.5]
    assert [r.seconds for r in second] == [2 + 2.0, 0.5]
    assert [r.fixed for r in first] == [True, False]


def test_stages_within_each_are_of_that_seed() -> None:
    def single(seed: int) -> None:
        with stage("inner"):
            if seed:
                raise StageError("odd")

    with collect_stages() as reports, block((0, 1)).stage("outer") as outer:
        outer.each(single)
    assert failures(reports, (0, 1)) == {0: {"inner": "", "outer": ""}, 1: {"inner": "odd", "outer": ""}}
