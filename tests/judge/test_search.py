"""Which point is asked about next, and what is said of a boundary, by the verdicts at points alone."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

import pytest

from harness.judge import Location, PartVerdict, locate_boundary, trace_search
from harness.questions import MOST_POINTS, BoundarySearch, Region

OCTAVES = tuple(16.0 * 2 ** (k / 4) for k in range(25))  # 16 to 1024
VERDICTS: dict[str, PartVerdict] = {"b": "refuted", "p": "supported", "u": "inconclusive"}


def along(text: str) -> Callable[[int], PartVerdict]:
    """`bbup`: before, before, undecided, past."""
    return lambda place: VERDICTS[text[place]]


def crossing(last_before: int, first_past: int, count: int = 25) -> Callable[[int], PartVerdict]:
    """Points up to one are before the boundary, from another on past it, and undecided between."""
    return along("b" * (last_before + 1) + "u" * (first_past - last_before - 1) + "p" * (count - first_past))


def visits(verdict_at: Callable[[int], PartVerdict], search: BoundarySearch) -> list[int]:
    return list(trace_search(search, verdict_at).visited)


HALF = BoundarySearch("width", OCTAVES, 2.0)
NEAR = BoundarySearch("width", OCTAVES, 2 ** (1 / 4) + 1e-9)


def test_the_cheap_end_alone_settles_a_boundary_that_lies_before_it() -> None:
    assert visits(along("p" * 25), HALF) == [0]
    found = locate_boundary(HALF, along("p" * 25))
    assert (found.verdict, found.low, found.high) == ("≤", None, 16.0)


def test_the_far_end_comes_second_and_a_boundary_beyond_it_needs_one_check() -> None:
    assert visits(along("b" * 25), HALF) == [0, 24, 12]
    found = locate_boundary(HALF, along("b" * 25))
    assert (found.verdict, found.low, found.high) == ("≥", 1024.0, None)


def test_halving_in_logarithms_until_the_ends_are_near_enough() -> None:
    # Crossing between places 9 and 10: halves 12, 6, 9; then the ends 9 and 12 are 1.7 x apart.
    assert visits(crossing(9, 10), HALF)[:5] == [0, 24, 12, 6, 9]
    found = locate_boundary(HALF, crossing(9, 10))
    assert (found.verdict, found.low, found.high) == ("located", OCTAVES[9], OCTAVES[12])
    found = locate_boundary(NEAR, crossing(9, 10))
    assert (found.low, found.high) == (OCTAVES[9], OCTAVES[10])


def test_what_is_left_is_halved_in_logarithms_also_where_points_are_not_evenly_spread() -> None:
    search = BoundarySearch("size", (1.0, 2.0, 3.0, 4.0, 100.0), 1.5)
    assert visits(along("bbbbp"), search)[:3] == [0, 4, 3]  # the middle of 1 and 100 is 10, nearest to 4


def test_next_to_undecided_points_the_longer_gap_is_halved() -> None:
    # 12 is undecided, so the gap 12..24 is as long as 0..12, and the cheap one is taken.
    assert visits(crossing(8, 15), NEAR)[:4] == [0, 24, 12, 6]
    assert visits(crossing(8, 15), NEAR)[4] == 18  # now 12..24 is the longer
    found = locate_boundary(NEAR, crossing(8, 15))
    assert (found.verdict, found.low, found.high) == ("inconclusive", OCTAVES[8], OCTAVES[15])
    assert found.reason.startswith("the ends are 3.36 x apart, more than 1.19 x (undecided at width ")


def test_every_interval_is_that_of_the_verdicts_and_takes_at_most_twelve_points() -> None:
    for last, first in itertools.islice(itertools.combinations(range(25), 2), 0, None, 3):
        for search in (HALF, NEAR):
            found = locate_boundary(search, crossing(last, first))
            assert len(found.visited) == len(set(found.visited)) <= MOST_POINTS
            assert found.low is not None
            assert found.high is not None
            assert found.low <= OCTAVES[last]
            assert found.high >= OCTAVES[first]
            near = found.high <= search.ratio * found.low
            assert (found.verdict == "located") is near
            possible = OCTAVES[first] <= search.ratio * OCTAVES[last]
            assert near is possible  # twelve points are enough for 24 steps


def test_without_a_decided_point_on_one_side_nothing_is_located() -> None:
    start = locate_boundary(HALF, along("uup" + "p" * 22))
    assert (start.verdict, start.low, start.high) == ("inconclusive", None, OCTAVES[2])
    assert start.reason == "no point is decided on one side of the boundary (undecided at width 16, 19.0273)"
    end = locate_boundary(HALF, along("b" * 23 + "uu"))
    assert (end.verdict, end.low, end.high) == ("inconclusive", OCTAVES[22], None)
    assert locate_boundary(HALF, along("u" * 25)).verdict == "inconclusive"


def test_on_either_side_the_longest_stretch_is_checked_once() -> None:
    order = visits(crossing(9, 10), HALF)
    assert order[5:] == [3, 18]  # 0..6 is longer than 6..9, and 12..24 is all there is past the boundary
    # Of a boundary that lies next to an end there is no stretch on that side.
    assert visits(crossing(0, 1), NEAR) == [0, 24, 12, 6, 3, 1, 18]


@pytest.mark.parametrize(
    ("place", "there", "said"),
    [
        (18, "b", ("128", "362.039")),
        (3, "p", ("26.9087", "45.2548")),
    ],
)
def test_two_points_in_the_wrong_order_are_named(place: int, there: str, said: tuple[str, str]) -> None:
    text = "b" * 10 + "p" * 15
    text = text[:place] + there + text[place + 1 :]
    found = locate_boundary(HALF, along(text))
    assert (found.verdict, found.low, found.high) == ("inconclusive", None, None)
    past, before = said
    expected = f"not monotone: decided past the boundary at width={past}, and before it at width={before}"
    assert found.reason == expected


def test_a_dip_within_a_range_that_ends_before_the_boundary_is_found() -> None:
    found = locate_boundary(HALF, along("b" * 12 + "p" + "b" * 12))
    assert found.reason == (
        "not monotone: decided past the boundary at width=128, and before it at width=1024"
    )


@pytest.mark.parametrize(
    ("region", "last_before", "verdict"),
    [
        (Region(high=700.0), 9, "supported"),
        (Region(high=100.0), 20, "refuted"),
        (Region(low=100.0), 20, "supported"),
        (Region(low=700.0), 9, "refuted"),
    ],
)
def test_a_claim_holds_if_all_of_the_interval_satisfies_it(
    region: Region, last_before: int, verdict: str
) -> None:
    for ratio in (None, 2.0):
        search = BoundarySearch("width", OCTAVES, ratio, region)
        assert locate_boundary(search, crossing(last_before, last_before + 1)).verdict == verdict


def test_a_claim_is_searched_for_until_it_is_decided_and_no_further_unless_asked() -> None:
    claim = BoundarySearch("width", OCTAVES, None, Region(high=OCTAVES[12]))
    assert visits(crossing(3, 4), claim) == [0, 24, 12, 18]  # 12 decides it, 18 is a check
    asked = BoundarySearch("width", OCTAVES, 2.0, Region(high=OCTAVES[12]))
    assert set(visits(crossing(3, 4), asked)) > {0, 24, 12, 6}
    near = BoundarySearch("width", OCTAVES, 4.0, Region(high=OCTAVES[11]))
    found = locate_boundary(near, crossing(10, 12))  # near enough at once, but the claim lies between
    assert found.verdict == "inconclusive"
    assert "still holds the value that is claimed (undecided at width 107.635)" in found.reason


def test_the_ends_themselves_decide_a_claim() -> None:
    """At its ends the mean is decided, so the boundary lies strictly between them."""
    for edge, verdicts in ((16.0, ("refuted", "supported")), (1024.0, ("supported", "refuted"))):
        inside = crossing(9, 10)
        at_most = BoundarySearch("width", OCTAVES, None, Region(high=edge))
        at_least = BoundarySearch("width", OCTAVES, None, Region(low=edge))
        assert (
            locate_boundary(at_most, inside).verdict,
            locate_boundary(at_least, inside).verdict,
        ) == verdicts
    assert (
        locate_boundary(BoundarySearch("width", OCTAVES, None, Region(high=16.0)), along("p" * 25)).verdict
        == "supported"
    )
    assert (
        locate_boundary(BoundarySearch("width", OCTAVES, None, Region(low=1024.0)), along("b" * 25)).verdict
        == "supported"
    )


def test_what_failed_ends_the_search_and_what_is_not_known_is_wanted() -> None:
    verdicts: dict[int, PartVerdict] = {0: "refuted", 24: "error"}
    assert trace_search(HALF, verdicts.get).wanted is None
    assert locate_boundary(HALF, verdicts.get).verdict == "error"
    verdicts[24] = "not-covered"
    assert locate_boundary(HALF, verdicts.get).verdict == "not-covered"
    del verdicts[24]
    assert trace_search(HALF, verdicts.get).wanted == 24
    assert locate_boundary(HALF, verdicts.get).verdict == "not-run"


def test_only_the_points_of_its_own_way_count() -> None:
    """What other claims have measured at other points changes nothing."""

    def seen(known: dict[int, PartVerdict]) -> Location:
        return locate_boundary(HALF, known.get)

    own = crossing(9, 10)
    needed: dict[int, PartVerdict] = {place: own(place) for place in visits(own, HALF)}
    others: dict[int, PartVerdict] = dict.fromkeys(range(25), "inconclusive")
    assert seen(needed) == seen(others | needed) == locate_boundary(HALF, own)


def test_any_verdicts_at_all_end_the_search() -> None:
    """And a located interval has one point before and one past the boundary at its ends."""
    generator = random.Random(5)  # any
    for _ in range(800):
        count = generator.randrange(2, 30)
        at = tuple(sorted(generator.uniform(1, 1e4) for _ in range(count)))
        region = generator.choice([Region(), Region(high=generator.choice(at)), Region(low=at[0])])
        search = BoundarySearch("x", at, generator.choice([None, 1.5, 3.0]), region)
        verdicts = [generator.choice(list(VERDICTS.values())) for _ in at]
        found = locate_boundary(search, verdicts.__getitem__)
        assert 1 <= len(found.visited) <= MOST_POINTS
        assert found.verdict != "not-run"
        ends = {value: verdicts[at.index(value)] for value in (found.low, found.high) if value is not None}
        assert set(ends.items()) <= {(found.low, "refuted"), (found.high, "supported")}
        assert bool(found.reason) is (found.verdict == "inconclusive")
        assert math.isfinite(found.settling)
