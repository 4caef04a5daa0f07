"""Which points of a boundary one trial shows, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from good_suite import read, write
from map_suite import MAP

from harness.plan import Case, case
from harness.plan.points import about_points, asked_at
from harness.suite import SelectionError, Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

CLAIMED = """
[claims.below]
says = "From 40 on the gap is below 0."
expect = "supported"
experiment = "pairs"
at = { shift = [0.7, 1.5] }
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128, at-most = 40 }
control = { at = { shift = 3.0 } }

[claims.plain]
says = "The gap is below 9."
expect = "open"
experiment = "pairs"
at-most = { of = "gap", bound = 9 }
"""


@pytest.fixture
def cases(read: Read) -> dict[str, Case]:
    return {instance.local_id: case(instance) for instance in read(MAP + CLAIMED).instances}


def sizes(case_: Case, at: dict[str, object]) -> list[object]:
    trials = [trial for question in asked_at(case_, at) for trial in question.trials([0])]
    return [(trial.arguments()["shift"], trial.arguments()["size"]) for trial in trials]


def test_the_first_point_is_shown_or_one_that_is_named(cases: dict[str, Case]) -> None:
    edge, below = cases["edge[shift=1.5]"], cases["below[shift=1.5]"]
    assert sizes(edge, {}) == [(1.5, 1)]
    assert sizes(edge, {"size": 64}) == [(1.5, 64)]
    assert sizes(below, {}) == [(1.5, 1), (3.0, 1)]
    assert sizes(below, {"size": 40}) == [(1.5, 40), (3.0, 40)]  # its control is judged there too
    assert sizes(cases["plain[shift=3,size=2]"], {"size": 64}) == [(3.0, 2)]


def test_it_says_which_point_and_which_others_there_are(cases: dict[str, Case]) -> None:
    edge = cases["edge[shift=1.5]"]
    first, other = about_points(edge, {}), about_points(edge, {"size": 64})
    points = "(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16, 19, 23, 27, 32, 38, 45, 54, 64, 76, 91, 108, 128)"
    assert f"of 24 points along size that a run may visit {points}, the trials at the first, size=1" in first
    assert "size=VALUE shows another" in first
    assert "the trials at size=64; size=VALUE shows another" in other
    assert about_points(cases["plain[shift=3,size=2]"], {}) == ""


@pytest.mark.parametrize("value", [65, "big", 0])
def test_a_value_that_is_no_point_is_refused_with_those_that_are(
    cases: dict[str, Case], value: object
) -> None:
    with pytest.raises(SelectionError, match=rf"one of the points of its boundary, 1, 2, .*; found {value}"):
        asked_at(cases["edge[shift=1.5]"], {"size": value})
