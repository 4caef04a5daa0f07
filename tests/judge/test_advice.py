"""Advice is checked by following it: ask again with the margin, or the seeds, that were advised."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judge import decide, half_width_factor, interval, level_of, seeds_to_decision, smallest_margin
from harness.judge.gaps import has_gap
from harness.questions import Closeness, Linear, Question, Reading, Region

READING = Reading("ntk.fake", (), "a.error")
LINEAR = Linear((READING,), (1.0,), "linear")
EQUAL = Question("equal", LINEAR, Region(-1.0, 1.0), "mean", alpha=0.001, alpha_refute=0.001, budget=32)
CENTRES = ["mean", "pseudomedian", "median"]


def with_moments(n: int, mean: float, sd: float) -> list[float]:
    """n evenly spaced values, the outermost first, so that no prefix lies off the mean."""
    base = np.arange(n) - (n - 1) / 2
    ordered = np.array(sorted(base, key=lambda x: (-abs(x), x)))
    return (mean + sd * ordered / base.std(ddof=1)).tolist()


# A number just beyond the advised margin; 1e-9 of it covers the rounding of midpoint and margin.
BEYOND = 1e-9


@given(
    st.sampled_from(CENTRES),
    st.sampled_from([Region(-1.0, 1.0), Region(2.0, 4.0), Region(high=1.0), Region(low=-1.0)]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 1.0, 3.0]),
)
def test_the_smallest_margin_is_the_edge_of_support(centre, region, seed, sd):
    values = np.random.default_rng(seed).normal(1.0, sd, 14).tolist()
    question = replace(EQUAL, centre=centre, region=region, budget=14)
    ruling = decide(values, question)
    margin = smallest_margin(ruling, question)
    assert margin is not None  # 14 values: every centre has an interval

    def at(value: float) -> Region:
        if region.low == -math.inf:
            return Region(high=value)
        if region.high == math.inf:
            return Region(low=value)
        middle = (region.low + region.high) / 2
        return Region(middle - value, middle + value)

    wider = -1 if region.high == math.inf else 1
    step = wider * BEYOND * max(1.0, abs(margin))

    shown = [(ruling.low, ruling.high)]
    if centre == "mean" and has_gap(values, question.effect.floor):  # as one in a hundred has
        of_median = interval(values, "median", level_of("supported", question))
        shown.append((of_median.low, of_median.high))

    def inside(r: Region) -> bool:
        return all(r.low < low and high < r.high for low, high in shown)

    assert inside(at(margin + step))
    assert not inside(at(margin - step))


def test_smallest_margin_by_hand():
    ruling = decide(with_moments(14, 0.5, 0.2), replace(EQUAL, budget=14))
    half = 0.2 * half_width_factor(14, 0.001 / 8)
    # 1e-12: sums of fourteen numbers of order 1.
    assert smallest_margin(ruling, EQUAL) == pytest.approx(0.5 + half, abs=1e-12)
    assert smallest_margin(ruling, replace(EQUAL, region=Region(0.4, 2.0))) == pytest.approx(
        1.2 - 0.5 + half, abs=1e-12
    )
    assert smallest_margin(ruling, replace(EQUAL, region=Region(high=9.0))) == pytest.approx(0.5 + half)
    assert smallest_margin(ruling, replace(EQUAL, region=Region(low=-9.0))) == pytest.approx(0.5 - half)


def test_no_margin_where_nothing_is_supported():
    good = decide(with_moments(14, 0.5, 0.2), replace(EQUAL, budget=14))
    assert smallest_margin(good, replace(EQUAL, exchanged=True)) is None
    assert smallest_margin(good, replace(EQUAL, region=Region())) is None
    assert smallest_margin(decide([], EQUAL), EQUAL) is None
    assert smallest_margin(decide([0.5] * 14, EQUAL), EQUAL) is None  # too few distinct values
    by_median = replace(EQUAL, centre="median", budget=14, alpha=1e-4)  # below 8 · 2⁻¹⁴: no finite interval
    assert smallest_margin(decide(with_moments(14, 0.5, 0.2), by_median), by_median) is None
    exact = replace(EQUAL, effect=Closeness((READING, READING), 0.1, 0.1), budget=1)
    assert smallest_margin(decide([0.0], exact), exact) is None


@pytest.mark.parametrize("mean", [-0.9, -0.5, 0.0, 0.5, 0.9, 1.1, 1.5, -1.1])
@pytest.mark.parametrize("sd", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("exchanged", [False, True])
def test_seeds_to_decision_is_the_smallest_that_would_do(mean, sd, exchanged):
    question = replace(EQUAL, budget=14, alpha_refute=0.0001, exchanged=exchanged)
    ruling = decide(with_moments(14, mean, sd), question)
    assert ruling.verdict == "inconclusive"
    seeds = seeds_to_decision(ruling, question)
    assert seeds is not None
    alpha = 0.001 if (abs(mean) < 1) != exchanged else 0.0001
    level = alpha / 8 if abs(mean) < 1 else alpha / 16  # inside, and outside a region with two edges
    distance = abs(abs(mean) - 1)
    # Independent of the bisection: the half-width at N and N − 1.
    assert half_width_factor(seeds, level) * sd < distance
    assert half_width_factor(seeds - 1, level) * sd >= distance * (1 - 1e-12)  # 1e-12: rounding of sd
    assert seeds > ruling.n


def test_seeds_to_decision_of_a_decided_question_is_its_n():
    values = np.random.default_rng(1).normal(0, 1e-3, 32).tolist()  # any seed: 1000 sd inside
    assert seeds_to_decision(decide(values, EQUAL), EQUAL) == 14


def test_seeds_to_decision_uses_the_floor():
    """Values of five cells of the floor, yet with a deviation of 0.3 floors: nearly all are equal."""
    question = replace(EQUAL, effect=replace(LINEAR, floor=1.0), region=Region(-0.1, 0.1), budget=108)
    ruling = decide([0.0] * 104 + [-2.0, -1.0, 1.0, 2.0], question)
    assert ruling.verdict == "inconclusive"
    seeds = seeds_to_decision(ruling, question)
    assert half_width_factor(seeds, 0.001 / 8) < 0.1 <= half_width_factor(seeds - 1, 0.001 / 8)


@pytest.mark.parametrize("centre", CENTRES[1:])
def test_other_centres_scale_the_interval_s_reach(centre):
    question = replace(EQUAL, centre=centre, budget=32)
    ruling = decide(with_moments(32, 0.5, 2.0), question)
    assert ruling.verdict == "inconclusive"
    expected = 32 * ((ruling.high - 0.5) / 0.5) ** 2
    assert seeds_to_decision(ruling, question) == math.ceil(expected - 1e-9)
    mirrored = decide([-x for x in ruling.values], question)
    assert seeds_to_decision(mirrored, question) == seeds_to_decision(ruling, question)


def test_no_telling():
    on_edge = decide(with_moments(14, 0.0, 1.0), replace(EQUAL, budget=14))
    assert seeds_to_decision(on_edge, replace(EQUAL, region=Region(high=on_edge.estimate))) is None
    assert seeds_to_decision(decide([], EQUAL), EQUAL) is None
    assert seeds_to_decision(decide([0.5] * 32, EQUAL), EQUAL) is None  # too few distinct values
    hopeless = decide(with_moments(14, 0.0, 1e6), replace(EQUAL, budget=14))
    assert seeds_to_decision(hopeless, EQUAL) is None  # 1.3e13 seeds
    by_median = replace(EQUAL, centre="median", budget=14, alpha=1e-4)
    assert seeds_to_decision(decide(with_moments(14, 0.5, 2.0), by_median), by_median) is None
    exact = replace(EQUAL, effect=Closeness((READING, READING), 0.1, 0.1), budget=3)
    assert seeds_to_decision(decide([0.0], exact), exact) is None


def test_at_the_advised_number_every_second_run_decides():
    """The estimate and spread of the first run are made the true ones: mean 0.5, sd 1.2, margin 1.

    Then the interval of N fresh values lies inside with an even chance: 500 runs, 250 ± 11, of which 5
    standard errors are allowed. (From a noisy first run of 32 it is nearer 3 in 10, as the docstring says.)
    """
    ruling = decide(with_moments(32, 0.5, 1.2), EQUAL)
    assert ruling.n == 32
    advised = seeds_to_decision(ruling, EQUAL)
    rng = np.random.default_rng(17)
    found = [interval(rng.normal(0.5, 1.2, advised).tolist(), "mean", 0.001 / 8) for _ in range(500)]
    assert abs(sum(f.low > -1 and f.high < 1 for f in found) - 250) <= 5 * 11


@pytest.mark.parametrize("sign", [1, -1])
def test_a_medians_advice_takes_the_reach_towards_the_nearer_edge(sign):
    """Skewed values: the interval reaches 5 times as far on one side as on the other."""
    values = [sign * v for v in (*(-0.01 * k for k in range(7)), *(0.05 * k for k in range(1, 9)))][:14]
    question = replace(EQUAL, centre="median", region=Region(-1.0, 1.0))
    for edge in (0.04, -0.04):
        region = Region(high=edge) if edge > 0 else Region(low=edge)
        ruling = decide(values, replace(question, region=region, budget=14))
        assert ruling.verdict == "inconclusive"
        reach = ruling.high - ruling.estimate if edge > 0 else ruling.estimate - ruling.low
        expected = max(14, 14 * (reach / abs(edge - ruling.estimate)) ** 2)
        assert seeds_to_decision(ruling, replace(question, region=region)) == math.ceil(expected)
        # The same around 3, with a farther edge on the other side, which is the nearer one to 0 or to 6.
        around = Region(2.5, 3 + edge) if edge > 0 else Region(3 + edge, 3.5)
        both = replace(question, region=around, budget=14)
        beside = decide([value + 3 for value in values], both)
        assert beside.verdict == "inconclusive"
        assert seeds_to_decision(beside, both) == pytest.approx(expected, abs=1)
