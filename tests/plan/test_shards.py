"""Shards: every case in exactly one, none apart from those that read its trials, and as much in each."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.plan import BoundarySearch, Case, Linear, Question, Reading, Region, shard


def case(points: list[int], budget: int = 48) -> Case:
    """A case that reads these points; what it is an instance of does not matter."""
    readings = tuple(Reading("e", (("x", point),), "q") for point in points)
    effect = Linear(readings, (1.0,) * len(readings), "log")
    return Case(None, (Question("", effect, Region(), "mean", 0.001, 0.001, budget),), ())  # type: ignore[arg-type]


CASES = st.lists(
    st.builds(case, st.lists(st.integers(0, 12), min_size=1, max_size=3), st.sampled_from([6, 48])),
    max_size=30,
)


@given(CASES, st.integers(1, 7))
def test_every_case_is_in_one_shard_and_no_point_in_two(cases: list[Case], of: int) -> None:
    shards = [shard(cases, number, of) for number in range(1, of + 1)]
    assert sorted(place for places in shards for place in places) == list(range(len(cases)))
    assert all(places == sorted(places) for places in shards)
    points = [
        {r.trial(0) for place in places for q in cases[place].questions for r in q.effect.readings}
        for places in shards
    ]
    assert sum(map(len, points)) == len(set().union(*points))


def test_work_is_dealt_out_evenly() -> None:
    cases = [case([point]) for point in range(100)]
    assert [len(shard(cases, number, 5)) for number in range(1, 6)] == [20] * 5


def test_cases_that_share_a_point_through_others_stay_together() -> None:
    cases = [case([1]), case([3]), case([2, 3]), case([1, 2]), case([9])]
    assert shard(cases, 1, 2) == [0, 1, 2, 3]
    assert shard(cases, 2, 2) == [4]
    assert shard(cases, 3, 3) == []


def test_a_boundary_counts_for_the_points_that_it_can_visit() -> None:
    """Twelve of 48 points: less than a case of twenty, which is dealt out first."""
    points = case(list(range(100, 148)))
    search = BoundarySearch("x", tuple(float(k) for k in range(1, 49)), 2.0)
    boundary = replace(
        points, questions=tuple(case([p]).questions[0] for p in range(100, 148)), search=search
    )
    cases = [boundary, case(list(range(50, 70))), *(case([point]) for point in range(8))]
    assert shard(cases, 1, 2) == [1]
    assert shard(cases, 2, 2) == [0, *range(2, 10)]
