"""What is the same on every seed is judged by one number, without statistics."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judge import assess, assess_part, decide, decide_rows
from harness.questions import Closeness, Linear, Question, Reading, Region, Straightness

READING = Reading("toy", (), "level")
EFFECT = Linear((READING,), (1.0,), "linear")
COMPUTED = Question("", EFFECT, Region(-1.0, 1.0), "mean", 0.0, 0.0, 1, deterministic=True)

numbers = st.floats(-1e6, 1e6)
edges = st.one_of(st.just(-math.inf), numbers), st.one_of(st.just(math.inf), numbers)
regions = st.tuples(*edges).map(lambda ends: Region(*ends)).filter(lambda region: region.low < region.high)


@given(numbers, regions, st.booleans())
def test_one_number_decides_and_a_point_is_inside_or_not(x: float, region: Region, exchanged: bool) -> None:
    ruling = decide([x], replace(COMPUTED, region=region, exchanged=exchanged))
    inside = region.low < x < region.high
    assert ruling.verdict == ("supported" if inside != exchanged else "refuted")
    assert (ruling.n, ruling.estimate, ruling.low, ruling.high, ruling.values) == (1, x, x, x, (x,))
    assert ruling.next_look is None


@given(st.lists(numbers, min_size=1, max_size=60), regions)
def test_no_number_beyond_the_first_is_read(values: list[float], region: Region) -> None:
    question = replace(COMPUTED, region=region)
    assert decide(values, question) == decide(values[:1], question)


def test_it_asks_for_one_seed_and_no_more() -> None:
    ruling = decide((), COMPUTED)
    assert (ruling.verdict, ruling.next_look) == (None, 1)
    assert decide_rows([(0.5,)], COMPUTED).verdict == "supported"


@given(numbers, regions, st.floats(1e-9, 10.0))
def test_rounding_leaves_open_what_is_nearer_to_an_edge(x: float, region: Region, floor: float) -> None:
    question = replace(COMPUTED, effect=replace(EFFECT, floor=floor), region=region)
    ruling = decide([x], question)
    distance = min(abs(x - region.low), abs(x - region.high))
    if distance > floor * (1 + 1e-9) + 1e-9:  # beyond the rounding of x ± floor itself
        assert ruling.verdict == ("supported" if region.low < x < region.high else "refuted")
    elif distance < floor * (1 - 1e-9) - 1e-9:
        assert ruling.verdict == "inconclusive"
        assert "rounding" in ruling.reason


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        decide([bad], COMPUTED)


@pytest.mark.parametrize(
    ("bend", "shown", "verdict", "reason"),
    [
        (0.19, None, "supported", ""),
        (0.2, None, "refuted", "curved"),
        (-0.3, None, "refuted", "curved"),
        (0.19, 0.2, "supported", ""),
        (0.05, 0.04, "refuted", "curved"),  # a law that states less is refuted beyond what it states
    ],
)
def test_a_power_law_is_straight_or_it_is_not(
    bend: float, shown: float | None, verdict: str, reason: str
) -> None:
    straight = Straightness(EFFECT, 0.2 if shown is None else min(0.2, shown), shown)
    ruling = decide([0.0], replace(COMPUTED, unit="exponent", straight=straight), [bend])
    assert ruling.verdict == verdict
    assert ruling.reason.startswith(reason)
    assert ruling.bend is not None
    assert ruling.bend.values == (bend,)


def test_a_wrong_exponent_is_refuted_however_straight_the_law_is() -> None:
    question = replace(COMPUTED, unit="exponent", straight=Straightness(EFFECT, 0.2, 0.1))
    assert decide([1.5], question, [0.0]).verdict == "refuted"


@given(numbers, regions)
def test_an_assessment_says_nothing_of_seeds(x: float, region: Region) -> None:
    question = replace(COMPUTED, region=region)
    part = assess_part(question, decide([x], question))
    assert part.reproducibility is part.chance is part.leaves_open is part.lag_one is None
    assert part.smallest_margin is part.seeds_to_decision is None
    found = assess([part], expect="open", stance="asserts", scope="some", alike=3)
    assert not found.fragile
    assert found.reproducibility is found.leaves_open is None
    assert found.supported_for_some == (found.verdict == "supported")  # no level is to be shared


@pytest.mark.parametrize(("gap", "verdict"), [(0.5, "supported"), (2.0, "refuted")])
def test_exact_needs_one_seed(gap: float, verdict: str) -> None:
    exact = replace(COMPUTED, effect=Closeness((READING,), 0.0, 1.0), region=Region(high=1.0))
    part = assess_part(exact, decide_rows([(gap,)], exact))
    assert (part.verdict, part.ruling.n, part.leaves_open) == (verdict, 1, None)
