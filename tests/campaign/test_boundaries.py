"""Boundaries as the campaign searches for them, on experiments with known truth, measured in this process."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory, killed, measured
from good_suite import read, write

from harness.campaign import Result, conduct
from harness.judge import Assessment
from harness.measure import Measurement
from harness.plan import Case, Trial, case
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

# The mean of `gap` is shift − ln(size)/2: it crosses 0 at exp(2·shift), 20.1 at shift 1.5.
TEXT = """
[suite]
format = 2
title = "Boundaries"

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.15, slope = -0.5 }
sweep = { shift = [1.5, 3.0], size = [1, 2] }

[claims.edge]
says = "The gap is below 0 from a size on, {size}."
expect = "open"
experiment = "pairs"
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128, within = "2 x" }
"""
CLAIM = edited(TEXT, {'within = "2 x"': "at-most = 40", '"open"': '"supported"'})
CONTROL = "control = { at = { shift = 3.0 } }\nat = { shift = 1.5 }\n"


def cases_of(suite: Suite) -> list[Case]:
    return [case(instance) for instance in suite.instances]


def held(cases: list[Case], laboratory: FakeLaboratory | None = None, **how: object) -> Result:
    laboratory = laboratory or FakeLaboratory(workers=2)
    result = conduct(cases, laboratory, clock=laboratory.clock, **how)  # type: ignore[arg-type]
    decided = sum(f.assessment.verdict != "not-run" for f in result.findings)
    assert (result.progress.decided, result.progress.total) == (decided, len(cases))
    return result


def found(result: Result) -> dict[str, Assessment]:
    return {f.case.instance.local_id: f.assessment for f in result.findings}


def sizes(trials: list[Trial]) -> set[object]:
    return {trial.arguments()["size"] for trial in trials}


def test_a_boundary_is_located_and_one_beyond_the_range_is_said_to_be(read: Read) -> None:
    laboratory = FakeLaboratory(workers=2)
    result = found(held(cases_of(read(TEXT)), laboratory))
    near, beyond = result["edge[shift=1.5]"], result["edge[shift=3]"]
    assert (near.verdict, near.outcome, beyond.verdict) == ("located", "measured", "≥")
    assert near.boundary is not None
    low, high = near.boundary.location.low, near.boundary.location.high
    assert low is not None
    assert high is not None
    assert low < 20.1 < high <= 2 * low
    assert [part.question.name for part in near.parts] == [f"size={at:g}" for at in near.boundary.at]
    assert {part.question.alpha for part in near.parts} == {0.001 / 12}
    asked = {part.question.name for each in result.values() for part in each.parts}
    assert {f"size={size}" for size in sizes(laboratory.begun)} == asked


def test_the_dear_end_is_not_measured_where_the_cheap_one_is_past_the_boundary(read: Read) -> None:
    laboratory = FakeLaboratory()
    text = edited(TEXT, {"bound = 0": "bound = 9"})
    assert {a.verdict for a in found(held(cases_of(read(text)), laboratory)).values()} == {"≤"}
    assert sizes(laboratory.begun) == {1}
    assert len(laboratory.begun) == 2 * 14


def test_the_order_in_which_trials_end_changes_nothing(read: Read) -> None:
    suite = read(TEXT + "at = { shift = 1.5 }\n")
    results = []
    for seed in range(3):
        laboratory = FakeLaboratory(workers=3, order=random.Random(seed))
        result = found(held(cases_of(suite), laboratory))
        results.append([(a.verdict, [(p.question.name, p.ruling) for p in a.parts]) for a in result.values()])
    assert all(each == results[0] for each in results)


def test_what_others_measured_changes_nothing(read: Read) -> None:
    """A store that knows other points, and a claim that asks about one of them at the same level."""
    suite, laboratory = read(TEXT + "at = { shift = 1.5 }\n"), FakeLaboratory()
    alone = found(held(cases_of(suite)))
    for one in cases_of(suite):
        for question in one.questions[::3]:
            for trial in question.trials(question.seeds(48)):
                laboratory.store[trial] = measured(trial)
    both = found(held(cases_of(suite), laboratory))
    assert {i: a.verdict for i, a in both.items()} == {i: a.verdict for i, a in alone.items()}
    assert [[p.ruling for p in a.parts] for a in both.values()] == [
        [p.ruling for p in a.parts] for a in alone.values()
    ]


def test_two_claims_about_one_boundary_share_their_points(read: Read) -> None:
    again = edited(CLAIM[CLAIM.index("[claims.edge]") :], {"claims.edge": "claims.again"})
    alone = TEXT + "at = { shift = 1.5 }\n"
    text = alone + again + 'control = "none: not here"\nat = { shift = 1.5 }\n'
    one, two = FakeLaboratory(), FakeLaboratory()
    held(cases_of(read(alone)), one)
    result = found(held(cases_of(read(text)), two))
    assert result["again[shift=1.5]"].outcome == "as-expected"
    assert set(two.begun) - set(one.begun) == {t for t in two.begun if t.arguments()["size"] == 40}


def test_what_a_boundary_may_come_to_read_is_not_computed_beside_other_claims(read: Read) -> None:
    changes = {
        "toys:pair": "stage_toys:toy",
        "with = { sd = 0.15, slope = -0.5 }\n": "",
        "sweep = { shift = [1.5, 3.0], size = [1, 2] }": "sweep = { size = [2] }",
        '"gap", bound = 0': '"large", bound = 1.1, direction = "increasing"',  # the mean is 1 + size / 200
    }
    small = '[claims.small]\nsays = "It is small."\nexpect = "open"\nexperiment = "pairs"\n'
    text = edited(TEXT, changes) + small + 'at-most = { of = "small", bound = 2 }\n'
    laboratory = FakeLaboratory()
    held(cases_of(read(text)), laboratory)
    wanted: dict[object, set[str]] = {size: set() for size in sizes(laboratory.begun)}
    for trial, stages in laboratory.stages.items():
        wanted[trial.arguments()["size"]] |= stages
    assert wanted[1] == {"dear"}
    assert wanted[2] == {"cheap"}  # a point of the range that the search does not visit


def test_with_many_instances_an_interval_must_hold_at_a_share_of_alpha(read: Read) -> None:
    boundary = found(held(cases_of(read(TEXT))))["edge[shift=1.5]"].boundary
    assert boundary is not None
    assert boundary.cells == 2
    low, high = replace(boundary, cells=10**9).jointly
    location = boundary.location
    assert (low or 0, high or 1e9) > (0, 0)
    assert (low or 0) <= (location.low or 0)
    assert (high or 1e9) >= (location.high or 0)
    assert (low, high) != (location.low, location.high)
    assert replace(boundary, cells=1).jointly == (location.low, location.high)


def test_a_claim_about_a_boundary_holds_and_its_control_fails(read: Read) -> None:
    (claim,) = found(held(cases_of(read(CLAIM + CONTROL)))).values()
    assert (claim.verdict, claim.control_verdict, claim.outcome) == ("supported", "refuted", "as-expected")
    assert claim.control_boundary is not None
    location = claim.control_boundary.location
    assert (location.low, location.high) == (128.0, None)
    text = edited(CLAIM, {"[1.5, 3.0]": "[1.5, 1.4]"}) + edited(CONTROL, {"3.0": "1.4"})
    (vacuous,) = found(held(cases_of(read(text)))).values()
    assert (vacuous.control_verdict, vacuous.outcome) == ("supported", "vacuous")


@pytest.mark.parametrize(
    ("edge", "verdict"),
    [
        ("at-most = 40", "supported"),
        ("at-most = 8", "refuted"),
        ("at-least = 40", "refuted"),
        ("at-least = 8", "supported"),
    ],
)
def test_sides(read: Read, edge: str, verdict: str) -> None:
    text = edited(CLAIM, {"at-most = 40": edge, '"supported"': '"open"'}) + "at = { shift = 1.5 }\n"
    (claim,) = found(held(cases_of(read(text)))).values()
    assert claim.verdict == verdict


def test_a_mean_that_rises_crosses_its_bound_from_below(read: Read) -> None:
    text = edited(TEXT, {"slope = -0.5": "slope = 0.5", "bound = 0": 'bound = 2.5, direction = "increasing"'})
    result = found(held(cases_of(read(text))))
    assert {a.verdict for a in result.values()} == {"located", "≤"}
    located = result["edge[shift=1.5]"].boundary  # at exp(2), and of shift 3 before 1
    assert located is not None
    assert (located.location.low or 0) < 7.39 < (located.location.high or 0)


def test_the_points_are_those_that_are_swept_where_no_range_is_stated(read: Read) -> None:
    text = edited(
        TEXT,
        {
            "size = [1, 2]": "size = [64, 4, 16, 1, 32]",
            ', from = 1, to = 128, within = "2 x"': ', within = "4 x"',
        },
    )
    laboratory = FakeLaboratory()
    result = found(held(cases_of(read(text)), laboratory))["edge[shift=1.5]"]
    assert result.verdict == "located"
    assert sizes(laboratory.begun) <= {1, 4, 16, 32, 64}
    assert result.boundary is not None
    assert (result.boundary.location.low, result.boundary.location.high) == (16.0, 64.0)


def test_a_failed_point_is_an_error_and_ends_the_search(read: Read) -> None:
    def give(trial: Trial) -> Measurement:
        return killed(trial) if trial.arguments()["size"] == 128 else measured(trial)

    result = found(held(cases_of(read(TEXT)), FakeLaboratory(give)))
    assert {a.verdict for a in result.values()} == {"error"}
    assert all("the worker exited" in a.settling.error for a in result.values())
    assert all(len(a.parts) == 2 for a in result.values())
    lacking = found(held(cases_of(read(edited(TEXT, {"sd = 0.15": "sd = 0.15, lack-at = 3"})))))
    assert {a.outcome for a in lacking.values()} == {"not-covered"}


def test_a_search_that_time_ends_was_not_run(read: Read) -> None:
    result = held(cases_of(read(TEXT)), FakeLaboratory(), time_budget=20.0)
    assert {f.assessment.verdict for f in result.findings} == {"not-run"}
    assert {f.assessment.outcome for f in result.findings} == {"not-run"}


def test_what_repeats_badly_makes_an_error_of_the_whole(read: Read) -> None:
    def again(trial: Trial) -> Measurement:
        return replace(measured(trial.at(trial.seed + 1000)), trial=trial)

    laboratory = FakeLaboratory(again=again)
    result = conduct(cases_of(read(TEXT)), laboratory, clock=laboratory.clock)
    assert {a.verdict for a in found(result).values()} == {"error"}


def test_a_computed_boundary_takes_one_seed_a_point(read: Read) -> None:
    changes = {
        "toys:pair": "same_on_every_seed:toy",
        "with = { sd = 0.15, slope = -0.5 }": "",
        "sweep = { shift = [1.5, 3.0], size = [1, 2] }": "",
        '"gap", bound = 0': '"level", bound = 0.1',
    }
    laboratory = FakeLaboratory()
    result = held(cases_of(read(edited(TEXT, changes))), laboratory)
    (computed,) = found(result).values()
    assert (computed.verdict, result.findings[0].case.alpha) == ("located", 0.0)
    assert computed.boundary is not None
    assert (computed.boundary.location.low or 0) < 10 < (computed.boundary.location.high or 0)
    assert {trial.seed for trial in laboratory.begun} == {0}
