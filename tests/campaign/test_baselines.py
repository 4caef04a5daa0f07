"""Trials of a baseline in a campaign: paired with a run's own, apart from them, and never repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory, measured
from good_suite import GOOD, read, write

from harness.campaign import conduct
from harness.history.baselines.recorded import not_neutral
from harness.measure import Measurement
from harness.plan import Case, Trial, case
from harness.plan.baselines import baselines_of, comparisons, with_baselines
from harness.predicates.within import Within
from harness.questions import Baseline
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }\ncontrol = { at = { shift = 0.5 } }'
THERE = Baseline(commit="f" * 40, home="/repository", name="v1")


def cases_of(read: Read, predicate: str) -> list[Case]:
    suite = read(edited(GOOD, {EQUAL: predicate}))
    found = [case(instance) for instance in suite.instances]
    assert {b.commit for b in baselines_of(found)} <= {"v1"}
    return [with_baselines(each, lambda baseline: THERE) for each in found]


def other_there(factor: float) -> Callable[[Trial], Measurement]:
    """A laboratory whose baseline gives other numbers, as a program of another time would."""

    def give(trial: Trial) -> Measurement:
        found = measured(replace(trial, baseline=None))
        if trial.baseline is None:
            return found
        values = {name: value * factor for name, value in found.values.items()}
        return replace(found, trial=trial, values=values)

    return give


@pytest.mark.parametrize(
    ("predicate", "factor", "verdict"),
    [
        ('no-worse = { of = "a.error", baseline = { commit = "v1" }, within = "5%" }', 1.0, "supported"),
        ('no-worse = { of = "a.error", baseline = { commit = "v1" }, within = "5%" }', 0.9, "refuted"),
        ('no-worse = { of = "a.error", baseline = { commit = "v1" }, within = "5%" }', 1.2, "supported"),
        ('equal = { of = "a.error", baseline = { commit = "v1" }, within = "5%" }', 1.2, "refuted"),
        ('less = { of = "a.error", baseline = { commit = "v1" }, by = "5%" }', 1.2, "supported"),
        ('greater = { of = "a.error", baseline = { commit = "v1" } }', 0.9, "supported"),
        ('differ = { of = "a.error", baseline = { commit = "v1" }, by = "5%" }', 1.0, "refuted"),
        (
            'equal = { of = ["a.error", "b.error"], baseline = { commit = "v1" }, within = "5%" }',
            1.0,
            "supported",
        ),
    ],
)
def test_a_baselines_numbers_are_not_a_runs_own(
    read: Read, predicate: str, factor: float, verdict: str
) -> None:
    laboratory = FakeLaboratory(give=other_there(factor))
    result = conduct(cases_of(read, predicate), laboratory, clock=laboratory.clock)
    assert {f.assessment.verdict for f in result.findings} == {verdict}
    own = {t for t in result.measurements if t.baseline is None}
    assert {replace(t, baseline=None) for t in result.measurements if t.baseline} == own
    assert laboratory.repeated
    assert all(trial.baseline is None for trial in laboratory.repeated)


def test_changes_along_an_axis_are_compared_with_those_there(read: Read) -> None:
    """A factor on all sizes changes no change along the size."""
    predicate = 'equal = { of = "a.error", along = "size", baseline = { commit = "v1" }, within = "5%" }'
    laboratory = FakeLaboratory(give=other_there(3.0))
    result = conduct(cases_of(read, predicate), laboratory, clock=laboratory.clock)
    assert {f.assessment.verdict for f in result.findings} == {"supported"}


def test_comparisons_are_judged_beside_and_not_told_of(read: Read) -> None:
    suite = read(GOOD)
    own = [case(instance) for instance in suite.instances]
    held = comparisons(own, THERE, Within())
    assert {(each.reading.quantity, each.better) for each in held} == {("a.error", "lower"), ("b.error", "")}
    laboratory = FakeLaboratory(give=other_there(0.9))
    progress = []
    result = conduct(
        own,
        laboratory,
        clock=laboratory.clock,
        also=[each.case for each in held],
        on_progress=progress.append,
    )
    assert progress[-1].total == progress[-1].decided == len(own) == len(result.findings)
    assert sum(len(each.news) for each in progress) <= len(own)
    assert len(result.also) == len(held)
    assert {f.assessment.verdict for f in result.also} == {"refuted"}
    assert [f.case.instance.id for f in result.findings] == [c.instance.id for c in own]
    alone = conduct(own, FakeLaboratory(), clock=laboratory.clock)
    for with_, without in zip(result.findings, alone.findings, strict=True):
        assert with_.assessment.parts[0].ruling == without.assessment.parts[0].ruling


def test_margins_are_by_scale(read: Read) -> None:
    suite = read(edited(GOOD, {'["a.error", "b.error"], within = "5%"': '["gap", "gap"], within = 0.1',
                              "control = { at = { shift = 0.5 } }": 'control = "none: a toy"'}))  # fmt: skip
    own = [case(suite.instances[0])]
    (bare,) = comparisons(own, THERE, Within(("2%",)))
    assert bare.margin is None
    assert bare.question.region.low == -float("inf")  # only seen whether it is the same
    (given,) = comparisons(own, THERE, Within(("2%", "0.01")))
    assert (given.question.region.low, given.question.region.high) == (-0.01, 0.01)


def test_a_parameter_that_others_lack_has_to_be_neutral(read: Read) -> None:
    (first, *_) = case(read(GOOD).instances[0]).questions[0].trials([0])
    names = {name for name, _ in first.params}
    assert not_neutral(first, names) is None
    assert not_neutral(first, names - {"kind"}) is None
    assert not_neutral(first, names - {"sd"}) == ("sd", 0.02)
