"""The two questions that a power law with straightness puts, field by field."""

from __future__ import annotations

import math

import pytest

from harness.judge.law import bend_as, exponent_of
from harness.judge.rule import Ruling
from harness.judge.straightness import Bend
from harness.judge.unseen import left_open
from harness.questions import Closeness, Linear, Question, Reading, Region, Straightness

READING = Reading("e", (), "a")
SLOPE = Linear((READING,), (1.0,), "log", floor=0.01)
BEND = Linear((READING,), (2.0,), "log", floor=0.5)
BENT = Bend(0.3, 0.1, 0.5, (0.2, 0.4), "curved")
RULING = Ruling("refuted", 2, 1.0, 0.5, 1.5, (0.8, 1.2), ((2, 0.5, 1.5),), None, "curved", BENT)


def asked(shown: float | None) -> Question:
    straight = Straightness(BEND, margin=0.2, shown=shown)
    return Question("slope", SLOPE, Region(-1, 0), "mean", 0.002, 0.001, budget=48, straight=straight)


def test_the_exponent_alone_has_no_bend() -> None:
    ruling, question = exponent_of(RULING, asked(0.4))
    assert (ruling.bend, question.straight) == (None, None)
    assert (ruling.values, ruling.low, ruling.high, ruling.verdict) == ((0.8, 1.2), 0.5, 1.5, "refuted")
    assert (question.effect, question.region) == (SLOPE, Region(-1, 0))


@pytest.mark.parametrize(
    ("verdict", "shown", "edge"),
    [
        ("refuted", 0.4, 0.2),
        ("refuted", None, 0.2),
        ("supported", 0.4, 0.4),
        (None, 0.4, 0.4),
        (None, None, 0.2),
    ],
)
def test_the_bend_alone_is_a_question_of_its_own(verdict, shown, edge) -> None:
    ruling, question = bend_as(verdict, RULING, asked(shown))
    assert (ruling.verdict, ruling.bend, ruling.n) == (verdict, None, 2)
    assert (ruling.estimate, ruling.low, ruling.high, ruling.values) == (0.3, 0.1, 0.5, (0.2, 0.4))
    assert (question.effect, question.region, question.straight) == (BEND, Region(-edge, edge), None)
    assert (question.alpha, question.alpha_refute, question.budget) == (0.002, 0.001, 48)


@pytest.mark.parametrize(("worst", "left"), [(0.0, True), (0.5, True), (1.0, True), (1.0000001, False)])
def test_seeds_that_all_passed_leave_something_open_and_a_violation_does_not(
    worst: float, left: bool
) -> None:
    """1 − α^(1/n), of `exact` on 3 seeds with α = 0.001: 90%."""
    question = Question("", Closeness((READING,), 0.1, 0.0), Region(), "mean", 0.001, 0.001, budget=3)
    verdict = "supported" if left else "refuted"
    ruling = Ruling(verdict, 3, worst, 0.0, worst, (0.0, 0.0, worst), ((3, 0.0, worst),), None)
    expected = 1 - 0.001 ** (1 / 3) if left else None
    found = left_open(ruling, question)
    assert (found is None) if expected is None else math.isclose(found or 0.0, expected, rel_tol=1e-12)


@pytest.mark.parametrize("verdict", ["supported", "refuted", "inconclusive", None])
@pytest.mark.parametrize("centre", ["mean", "pseudomedian", "median"])
def test_a_median_allows_for_what_was_missed_and_the_others_do_not(verdict, centre) -> None:
    """1 − α^(1/n) of 14 seeds at α = 0.001: 39%."""
    question = Question("", SLOPE, Region(-1, 1), centre, 0.001, 0.001, budget=14)
    ruling = Ruling(verdict, 14, 0.0, -0.1, 0.1, (0.0,) * 14, ((14, -0.1, 0.1),), None)
    found = left_open(ruling, question)
    if verdict in ("supported", "refuted") and centre != "median":
        assert found == pytest.approx(1 - 0.001 ** (1 / 14), rel=1e-12)
        assert f"{found:.0%}" == "39%"
    else:
        assert found is None
