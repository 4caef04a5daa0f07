"""Timings: what is timed, in which order, and that nothing else runs meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import toys
from edits import edited
from good_suite import GOOD, read, write

from harness.campaign import conduct
from harness.declare import Declaration
from harness.judge import Assessment
from harness.measure import Laboratory, Store
from harness.measure.locks import Machine
from harness.plan import case
from harness.suite import Suite
from harness.timing import PAIR, Prepared, prepare
from harness.timing.calls import LEAST
from harness.timing.pair import pair

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
FASTER = """
[benchmarks.one]
run = "toys:wait"
with = { ms = 0.5LOG }
[benchmarks.two]
run = "toys:wait"
with = { ms = 1.0LOG }
[claims.faster]
says = "Half a millisecond is shorter than one."
expect = "supported"
faster = { of = ["one", "two"], at-least = "1.5 x" }
"""


@pytest.fixture
def waiting() -> Declaration:
    declaration: Declaration = toys.wait.__harness_declaration__  # type: ignore[attr-defined]
    return declaration


def judged(suite: Suite, store: Path | None = None) -> dict[str, Assessment]:
    with Laboratory(store, workers=2) as laboratory:
        found = conduct([case(i) for i in suite.instances], laboratory, recheck=None).findings
    return {f.case.instance.local_id: f.assessment for f in found}


def test_set_up_first_call_and_later_calls_are_apart(waiting: Declaration) -> None:
    done: list[float] = []

    def function(*, ms: float) -> Callable[[], object]:
        time.sleep(0.02)

        def timed() -> None:
            time.sleep(0.01 if not done else 0.0)
            done.append(ms)

        return timed

    slow = Declaration("slow", 1, "", {}, {}, function, kind="benchmark")
    prepared = prepare(slow, {"ms": 1.0})
    assert prepared.setup_seconds >= 0.02
    assert prepared.first_seconds >= 0.01
    assert done == [1.0]
    assert prepared.seconds(1) < 0.01  # the least of three calls that do nothing
    with pytest.raises(TypeError, match="benchmark none: expected a function to time, found a NoneType"):
        prepare(Declaration("none", 1, "", {}, {}, lambda: None, kind="benchmark"), {})
    assert prepare(waiting, {"ms": 3.0}).seconds() >= 3e-3


def test_short_calls_are_timed_in_bunches() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        time.sleep(1e-4)

    prepared = Prepared(call, 0.0, 0.0)
    needed = prepared.calls_needed()
    assert needed * 1e-4 <= 2 * LEAST + 1e-4  # a sleep may last longer, never shorter
    calls = 0
    prepared.seconds(needed)
    assert calls == 3 * needed


def test_even_seeds_time_x_first_and_odd_ones_y(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def order(seed: int) -> list[str]:
        x, y = (json.dumps({"ms": ms, "log": str(log)}) for ms in (2.5, 5.0))
        pair(seed=seed, x="toys:wait", x_with=x, y="toys:wait", y_with=y)
        log.write_text("")  # of their preparation
        pair(seed=seed, x="toys:wait", x_with=x, y="toys:wait", y_with=y)
        begun = [line.split()[1] for line in log.read_text().splitlines() if line.startswith("begin")]
        return list(dict.fromkeys(begun))

    assert order(0) == ["2.5", "5.0"]
    assert order(1) == ["5.0", "2.5"]


def test_a_pair_is_judged_on_the_ratio_and_never_kept(read: Read, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    suite = read(GOOD + edited(FASTER, {"LOG": ""}, times=2))
    for _ in range(2):
        found = judged(suite, store)["faster"]
        assert (found.verdict, found.outcome) == ("supported", "as-expected")
        assert found.parts[0].ruling.n >= 14  # the first look at which a pseudomedian can say anything
    kept = Store(store)
    assert kept.seconds_per_trial("toys:pair") is not None
    assert kept.seconds_per_trial(PAIR) is None
    kept.close()


def test_timings_wait_until_nothing_else_runs(read: Read, tmp_path: Path) -> None:
    log = tmp_path / "log"
    busy = edited(GOOD, {"sd = 0.02": f'sd = 0.02, sleep = 0.05, log = "{log}"'})
    judged(read(busy + edited(FASTER, {"LOG": f', log = "{log}"'}, times=2)))
    lines = log.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("begin"))
    assert first >= 42  # fourteen seeds of each of three instances, at least
    assert all(line.split()[0] in ("begin", "end") for line in lines[first:])
    kinds = [line.split()[0] for line in lines[first:]]
    assert kinds == ["begin", "end"] * (len(kinds) // 2), "two timings at once"


def test_a_benchmark_that_fails_is_an_error_of_its_claims(read: Read) -> None:
    faster = edited(FASTER, {"ms = 1.0LOG": 'ms = 1.0, log = "/no/such/folder/log"', "LOG": ""})
    text = GOOD + faster
    found = judged(read(text))
    assert found["faster"].outcome == "error"
    assert "No such file or directory: '/no/such/folder/log'" in found["faster"].parts[0].error
    assert found["same[shift=0,size=1]"].outcome == "as-expected"


def test_a_benchmark_of_what_is_not_installed_leaves_its_claims_not_covered(read: Read) -> None:
    faster = edited(FASTER, {'"toys:wait"\nwith = { ms = 1.0LOG }': '"toys:absent"', "LOG": ""})
    found = judged(read(GOOD + faster))["faster"]
    assert found.outcome == "not-covered"
    assert "it is not installed" in found.parts[0].error


def test_one_process_times_or_many_measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_MACHINE_LOCK", str(tmp_path / "lock"))
    a, b = Machine(), Machine()
    assert a.share()
    assert b.share()
    b.leave()
    assert not b.seize()
    assert not a.share()  # b is next: a starts nothing new
    a.leave()
    assert b.seize()
    assert not a.share()
    assert not a.seize()
    b.leave()
    assert a.seize()
    a.close()
    assert b.seize()
    b.close()


def test_a_suspension_does_not_decide_how_often_a_benchmark_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first repeat lasts five seconds because the process was stopped; a call takes a tenth of one ms."""
    stopped = [5.0]
    monkeypatch.setattr(
        "harness.timing.calls.elapsed", lambda call, calls: stopped.pop() if stopped else 1e-4 * calls
    )
    assert Prepared(lambda: None, 0.0, 0.0).calls_needed() == 32  # the first power of two that takes 2 ms
