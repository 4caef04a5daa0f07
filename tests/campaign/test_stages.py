"""A campaign asks trials for the stages that its questions read, points that decide claims soonest first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory, measured
from good_suite import read, write

from harness.campaign import Progress, Result, conduct
from harness.measure import Measurement
from harness.plan import Case, Trial, case
from harness.report.progress import decided
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

SUITE = """\
[suite]
format = 2
title = "Stages"

[defaults]
seeds = 21

[experiments.toys]
run = "stage_toys:toy"
sweep = { size = [1, 2] }

[claims.cheap]
says = "The cheap is near 1."
expect = "open"
experiment = "toys"
at-most = { of = "small", bound = 1.05 }

[claims.dear]
says = "The dear is near 1."
expect = "open"
experiment = "toys"
at = { size = 1 }
at-most = { of = "large", bound = 1.05 }
"""


def held(cases: list[Case], laboratory: FakeLaboratory, **how: object) -> Result:
    return conduct(cases, laboratory, clock=laboratory.clock, **how)  # type: ignore[arg-type]


def cases_of(suite: Suite, keyword: str = "") -> list[Case]:
    return [case(i) for i in suite.instances if keyword in i.local_id]


def at(trial: Trial) -> object:
    return dict(trial.params)["size"]


def test_a_trial_is_asked_once_for_all_that_is_read_of_it(read: Read) -> None:
    laboratory = FakeLaboratory()
    result = held(cases_of(read(SUITE)), laboratory)
    assert {at(trial): stages for trial, stages in laboratory.stages.items()} == {
        1: frozenset({"cheap", "dear"}),
        2: frozenset({"cheap"}),
    }
    assert len(laboratory.begun) == len(set(laboratory.begun)) == result.progress.measured
    assert {f.assessment.verdict for f in result.findings} == {"supported"}


def test_what_an_earlier_run_did_not_read_is_added(read: Read) -> None:
    first = FakeLaboratory()
    cheap = held(cases_of(read(SUITE), "cheap"), first)
    assert set(first.stages.values()) == {frozenset({"cheap"})}
    second = FakeLaboratory(store=first.store)
    both = held(cases_of(read(SUITE)), second)
    assert {at(trial) for trial in second.begun} == {1}
    assert (both.progress.measured, both.progress.reused) == (14, 14)
    assert both.findings[: len(cheap.findings)] == cheap.findings


def test_what_others_will_read_is_measured_at_once(read: Read) -> None:
    """As pytest needs it, which judges one instance after another."""
    laboratory = FakeLaboratory()
    cases = cases_of(read(SUITE))
    for place, each in enumerate(cases):
        held([each], laboratory, beside=cases[place + 1 :], recheck=None)
    assert len(laboratory.begun) == len(set(laboratory.begun)) == 28


def test_cheap_points_come_first_and_each_is_decided_before_the_next_begins(read: Read) -> None:
    laboratory = FakeLaboratory()
    seen: list[Progress] = []
    held(cases_of(read(SUITE)), laboratory, on_progress=seen.append)
    assert [at(trial) for trial in laboratory.begun] == [2] * 14 + [1] * 14
    news = [[f.case.instance.local_id for f in p.news] for p in seen if p.news]
    assert news[0] == ["cheap[size=2]"]
    assert sorted(id_ for ids in news for id_ in ids) == ["cheap[size=1]", "cheap[size=2]", "dear[size=1]"]
    first = next(p for p in seen if p.news)
    assert first.measured == 14
    line = decided(first.news[0])
    assert line.startswith("supported, nothing expected  toys/cheap[size=2]: after 14 seeds, 1.0")


def test_what_the_store_has_decided_is_no_news(read: Read) -> None:
    laboratory = FakeLaboratory()
    held(cases_of(read(SUITE), "cheap"), laboratory)
    seen: list[Progress] = []
    held(cases_of(read(SUITE)), FakeLaboratory(store=laboratory.store), on_progress=seen.append)
    assert [f.case.instance.local_id for p in seen for f in p.news] == ["dear[size=1]"]


@pytest.mark.parametrize("recheck", [0.0, None])
def test_a_stage_that_gives_something_else_again_makes_errors_of_all_that_read_it(
    read: Read, recheck: float | None
) -> None:
    """It costs no trial of its own."""
    suite = read(edited(SUITE, {'run = "stage_toys:toy"': 'run = "stage_toys:toy"\nwith = { sleep = 0.0 }'}))
    first = FakeLaboratory()
    held(cases_of(suite, "cheap"), first)

    def drifted(trial: Trial) -> Measurement:
        found = measured(trial)
        values = {**found.values, "small": found.values["small"] + (trial.seed == 3) * 1e-9}
        return Measurement(**{**vars(found), "values": values})

    second = FakeLaboratory(drifted, store=dict(first.store))
    second.again = drifted
    # All stages at once: the cheap one had been measured.
    second.stages = {trial: frozenset({"data", "cheap", "dear"}) for trial in first.store}
    result = held(cases_of(suite), second, recheck=recheck)
    (failed,) = [r for r in result.rechecks if r.result == "differs"]
    kept = first.store[next(t for t in first.store if t.seed == 3 and at(t) == 1)].values["small"]
    assert failed.reason == (
        "not a function of its parameters and seed: stage_toys:toy, seed 3: stage cheap: quantity"
        f" small gave {kept!r} before and {kept + 1e-9!r} when it was computed again"
    )
    assert {f.assessment.verdict for f in result.findings} == {"error"}
    assert all(failed.reason in f.assessment.parts[0].error for f in result.findings)


def test_each_stage_that_is_read_has_to_pass_once(read: Read) -> None:
    laboratory = FakeLaboratory()
    cases = cases_of(read(SUITE))
    held(cases_of(read(SUITE), "cheap"), laboratory)
    assert [at(trial) for trial in laboratory.repeated] == [1]  # what is cheapest
    later = FakeLaboratory(store=laboratory.store, passes=laboratory.passes)
    held(cases, later)
    assert [at(trial) for trial in later.repeated] == [1]  # for the dear stage
    last = FakeLaboratory(store=later.store, passes=later.passes)
    held(cases, last)
    assert last.repeated == []
