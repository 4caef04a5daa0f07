"""The rule of rechecks: which trial is repeated, when two measurements agree, what is kept of it."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import impure
import pytest

from harness.declare import Missing, Repeatable
from harness.measure import Group, Laboratory, Measurement, Stage, Store, StoreError, merge_stores, prune
from harness.measure.passes import Passes
from harness.measure.recheck import choose, compare, deviations, sample
from harness.plan import Trial

__all__ = ["impure"]  # on the path, so that workers find it
GROUP = Group("impure:impure", "program", (("act", "clean"),))


def trial(seed: int = 0, **params: object) -> Trial:
    given = {"act": "clean", "jitter": 0.0, "size": 1, **params}
    return Trial("impure:impure", tuple(sorted(given.items())), seed)  # type: ignore[arg-type]


def made(seed: int = 0, ordinal: int = 1, seconds: float = 1.0, **how: object) -> Measurement:
    fields = {"values": {"x": 1.0}, "cpu": "A", "program": "program", **how}
    return Measurement(trial(seed), f"print-{seed}", "ok", ordinal=ordinal, seconds=seconds, **fields)  # type: ignore[arg-type]


def test_the_cheapest_trial_that_ran_after_others_is_chosen_and_ties_go_by_key() -> None:
    first = made(0, ordinal=0, seconds=0.1)
    assert choose([first, made(1, seconds=3.0), made(2, seconds=2.0)]) == made(2, seconds=2.0)
    assert choose([made(9), made(10), made(2)]) == made(10)  # as text, "…,10]" comes before "…,2]"
    assert choose([first]) is None
    assert choose([]) is None


def test_failed_trials_are_not_chosen() -> None:
    failed = replace(made(1, seconds=0.1), status="error", error="no")
    assert choose([failed, made(2)]) == made(2)
    assert choose([failed]) is None


def test_where_every_worker_was_replaced_a_trial_that_changed_its_worker_is_chosen() -> None:
    changed = [made(s, ordinal=0, seconds=3.0 - s, changed=True) for s in range(3)]
    untouched = made(7, ordinal=0, seconds=0.1)
    assert choose([untouched, *changed]) == changed[2]
    assert choose([*changed, made(9, seconds=9.0)]) == made(9, seconds=9.0)


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        (0.1, 0.1, "identical"),
        (0.1, math.nextafter(0.1, 1), "differs"),
        (0.0, -0.0, "differs"),  # to the bit
        (math.nan, math.nan, "identical"),
        (math.nan, 1.0, "differs"),
        (math.inf, math.inf, "identical"),
        (math.inf, -math.inf, "differs"),
    ],
)
def test_on_one_processor_numbers_agree_to_the_bit(a: float, b: float, result: str) -> None:
    assert compare(made(values={"x": a}), made(values={"x": b}), 0.0, {"x": 1e9})[0] == result


@pytest.mark.parametrize(
    ("a", "b", "deviation", "result"),
    [
        (1.0, 1.0 + 0.9e-6, 0.0, "within-tolerance"),
        (1.0, 1.0 + 1.1e-6, 0.0, "differs"),
        (-1e6, -1e6 - 0.9, 0.0, "within-tolerance"),
        (1.0, 1.0009, 0.1, "within-tolerance"),  # 0.01 of the deviation between seeds
        (1.0, 1.0011, 0.1, "differs"),
        (0.0, -0.0, 0.0, "within-tolerance"),
        (1e-9, 3e-9, 0.0, "differs"),
        (math.nan, 1.0, 1e9, "differs"),
        (math.inf, 1e308, 1e9, "differs"),
    ],
)
@pytest.mark.parametrize("elsewhere", [{"cpu": "B"}, {"device": "gpu"}])
def test_on_another_processor_numbers_agree_as_those_of_two_commits_do(
    a: float, b: float, deviation: float, result: str, elsewhere: dict[str, str]
) -> None:
    second = made(values={"x": b}, **elsewhere)
    assert compare(made(values={"x": a}), second, 0.0, {"x": deviation})[0] == result


@pytest.mark.parametrize(("b", "result"), [(1.0 + 0.9e-3, "within-tolerance"), (1.0 + 1.1e-3, "differs")])
def test_a_declared_tolerance_is_relative_and_holds_on_any_processor(b: float, result: str) -> None:
    for cpu in ("A", "B"):
        assert compare(made(), made(values={"x": b}, cpu=cpu), 1e-3, {})[0] == result
    assert compare(made(values={"x": 1e9}), made(values={"x": 1e9 * b}), 1e-3, {})[0] == result


def test_a_tolerance_is_of_the_larger_number_whichever_comes_first() -> None:
    """1 and 3 are apart by two thirds of 3, and by twice 1; the sign does not count."""
    for a, b in ((1.0, 3.0), (3.0, 1.0), (-1.0, -3.0), (-3.0, -1.0)):
        for tolerance, result in ((0.667, "within-tolerance"), (0.666, "differs")):
            assert compare(made(values={"x": a}), made(values={"x": b}), tolerance, {})[0] == result


def test_the_words_say_which_quantity_gave_what_where() -> None:
    _, text = compare(made(ordinal=3), made(values={"x": 2.0}), 0.0, {})
    there = "in a worker that had run nothing"
    assert text == f"quantity x gave 1.0 after 3 other trials in one worker and 2.0 {there}"
    _, text = compare(made(ordinal=1, reused=True), made(values={"x": 2.0}), 0.0, {})
    assert "gave 1.0 after 1 other trial in one worker, as the store has it, and 2.0" in text


def test_what_is_missing_and_which_stages_failed_are_compared_but_not_the_words() -> None:
    lacking, other_words = (
        {
            "values": {},
            "missing": {"x": Missing("failed", "main", said)},
            "stages": (Stage("main", seconds, said),),
        }
        for said, seconds in (("no", 1.0), ("never", 2.0))
    )
    assert compare(made(**lacking), made(**other_words), 0.0, {})[0] == "identical"
    result, text = compare(made(), made(**lacking), 0.0, {})
    assert result == "differs"
    assert "and no number (main: no) in a worker that had run nothing" in text
    stage = made(stages=(Stage("late", 1.0, "no"),))
    result, text = compare(made(stages=(Stage("late", 1.0),)), stage, 0.0, {})
    assert (result, text.rpartition(": ")[2]) == ("differs", "late")
    failed = replace(made(), status="error", values={}, error="Traceback\nValueError: gone")
    result, text = compare(made(), failed, 0.0, {})
    assert result == "differs"
    assert text.endswith("and failed in a worker that had run nothing: ValueError: gone")


def test_deviations_between_seeds() -> None:
    found = deviations([made(s, values={"x": float(s), "y": math.inf}) for s in (1, 2, 3)])
    assert found == {"x": 1.0}
    assert deviations([made()]) == {"x": 0.0}
    huge = deviations([made(values={"x": 1.7e308}), made(values={"x": -1.7e308})])
    assert huge == {"x": 0.0}  # 2.4e308 is no double


def test_a_sample_is_a_share_but_one_at_least_and_another_for_another_run() -> None:
    recalled = [made(seed) for seed in range(200)]
    assert len(sample(recalled, 0.01, "a")) == 2
    assert len(sample(recalled[:5], 0.01, "a")) == 1
    assert len(sample(recalled, 1.0, "a")) == 200
    assert sample(recalled, 0.1, "a") == sample(recalled[::-1], 0.1, "a") != sample(recalled, 0.1, "b")


def test_a_group_is_told_by_program_fixed_parameters_and_tolerance() -> None:
    assert GROUP.holds(trial(size=7))
    assert not GROUP.holds(trial(act="pid"))
    others = [
        replace(GROUP, program="other"),
        replace(GROUP, fixed=()),
        replace(GROUP, repeatable=Repeatable(1e-6)),
    ]
    assert len({group.key for group in (GROUP, *others)}) == 4
    assert replace(GROUP, name="another suite's").key == GROUP.key


def test_what_passed_is_kept_with_a_checksum_and_removed_with_what_failed(store: Path) -> None:
    opened = Store(store)
    for seed in range(3):
        opened.keep(made(seed))
    opened.keep(replace(made(3), trial=trial(3, act="pid")))
    opened.keep(replace(made(4), program="other"))
    for key, program, act in (
        ("good", "program", "clean"), ("changed", "program", "clean"), ("apart", "program", "pid"),
        ("other", "other", "clean"),
    ):  # fmt: skip
        opened.keep_pass(key, program, trial(act=act))
    opened.rows("update recheck set created = 1.0 where passed = 'changed'")
    keys = ("good", "changed", "apart", "other", "none")
    assert [opened.passed(key) for key in keys] == [True, False, True, True, False]
    assert opened.forget("program", GROUP.holds) == 3
    left = opened.recall(f"print-{seed}" for seed in range(5))
    assert sorted(m.trial.seed for m in left.values()) == [3, 4]
    assert [opened.passed(key) for key in keys] == [False, False, True, True, False]
    opened.close()


def test_without_a_store_it_is_remembered_what_passed_and_what_failed() -> None:
    """What passed by a trial of the group that fails has not passed any more; nothing is removed."""
    passes, wider = Passes(None), replace(GROUP, fixed=())
    program, apart = replace(GROUP, program="other"), replace(GROUP, fixed=(("act", "pid"),))
    for group, act in ((GROUP, "clean"), (wider, "clean"), (program, "clean"), (apart, "pid")):
        assert not passes.has(group)
        passes.keep(group, trial(act=act))
    assert passes.refuse(GROUP, "no function") == 0
    groups = (GROUP, wider, program, apart)
    assert [passes.has(group) for group in groups] == [False, False, True, True]
    assert [passes.failure(group) for group in groups] == ["no function", "", "", ""]


def test_rows_that_cannot_be_read_are_removed_with_what_failed(store: Path) -> None:
    opened = Store(store)
    for seed, text in enumerate(("no JSON", "[1]", '["a", 7, 0]', "[" * 100_000)):
        opened.keep(made(seed))
        opened.rows("update measurement set trial = ? where fingerprint = ?", [text, f"print-{seed}"])
    assert opened.forget("program", GROUP.holds) == 4
    opened.close()


def test_where_a_row_was_measured_is_kept_with_it(store: Path) -> None:
    opened = Store(store)
    opened.keep(made(0, ordinal=4, changed=True, device="gpu"))
    found = opened.recall(["print-0"])["print-0"]
    assert (found.program, found.ordinal, found.changed) == ("program", 4, True)
    assert (found.cpu, found.device) == ("A", "gpu")
    opened.close()


def test_pruning_and_merging_keep_what_passed_consistent(tmp_path: Path) -> None:
    into, other = Store(tmp_path / "a.sqlite"), Store(tmp_path / "b.sqlite")
    into.keep(made(0))
    into.keep_pass("mine", "program", trial())
    other.keep(replace(made(1), program="other"))
    other.keep_pass("theirs", "other", trial())
    other.close()
    merge_stores(into, tmp_path / "b.sqlite")
    assert into.passed("mine")
    assert into.passed("theirs")
    prune(into, reachable={"print-0"}, dry_run=True)
    assert into.passed("theirs")
    prune(into, reachable={"print-0"})
    assert into.passed("mine")
    assert not into.passed("theirs")
    into.close()


def test_a_store_of_schema_2_is_refused(store: Path) -> None:
    opened = Store(store)
    opened.rows("pragma user_version = 2")
    opened.close()
    with pytest.raises(
        StoreError, match=r"expected schema version 4, found 2, .* older harness, .* name another"
    ):
        Store(store)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_is_repeated_in_a_worker_that_has_run_nothing_and_nothing_of_it_is_kept(
    store: Path, workers: int
) -> None:
    trials = [trial(seed, act="pid") for seed in range(5)]
    with Laboratory(store, workers=workers) as laboratory:
        for each in trials:
            laboratory.request(each, 60.0)
        first = collected(laboratory)
        assert sorted(m.ordinal for m in first.values())[-1] >= 2
        assert all(m.cpu and m.program == laboratory.program(m.trial) for m in first.values())
        for each in trials[:2]:
            laboratory.repeat(each, 60.0)
        assert laboratory.pending == 2
        again = collected(laboratory)
        assert {m.ordinal for m in again.values()} == {0}
        pids = [m.values["x"] - m.trial.seed / 3 for m in again.values()]
        assert len(set(pids)) == 2
        assert laboratory.recall(trials)[trials[0]].values == first[trials[0]].values
        laboratory.request(trials[0], 60.0)
        assert collected(laboratory)[trials[0]] == first[trials[0]]


def test_what_is_repeated_can_be_abandoned_and_keeps_its_limits() -> None:
    slow = trial(act="slow")
    with Laboratory(None, workers=1) as laboratory:
        laboratory.request(trial(), 60.0)
        laboratory.request(slow, 60.0)
        first = collected(laboratory)
        laboratory.repeat(slow, 0.3)
        (again,) = collected(laboratory).values()
        assert again.stopped
        assert "exceeded its time limit of 0.3 s" in again.error
        laboratory.repeat(slow, 60.0)
        start = time.monotonic()
        laboratory.collect(timeout=0.3)
        laboratory.abandon()
        assert not laboratory.pending
        assert time.monotonic() - start < 30  # and not 60
        laboratory.request(slow, 60.0)
        assert collected(laboratory)[slow] == first[slow]


def collected(laboratory: Laboratory) -> dict[Trial, Measurement]:
    found = {}
    while laboratory.pending:
        found.update({m.trial: m for m in laboratory.collect(timeout=1.0)})
    return found
