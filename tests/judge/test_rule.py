"""When the rule stops, what it says, and that nothing but a prefix of the values matters."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.judge import (
    LOOKS,
    BadValue,
    check_budget,
    decide,
    decide_rows,
    half_width_factor,
    interval,
    level_of,
    next_look,
    rule,
)
from harness.judge.effect import effect_values
from harness.questions import Closeness, Linear, Question, Reading, Region

READINGS = (Reading("ntk.fake", (), "a.error"), Reading("ntk.fake", (), "b.error"))
LINEAR = Linear(READINGS, (1.0, -1.0), "linear")
EQUAL = Question("equal", LINEAR, Region(-1.0, 1.0), "mean", alpha=0.001, alpha_refute=0.001, budget=108)
CENTRES = ["mean", "pseudomedian", "median"]
SWAPPED = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive", None: None}


def gaussian(truth: float, sd: float, seed: int = 7) -> list[float]:
    """243 values. Seed 7 is any: where the test needs a verdict, the truth is many standard errors away."""
    return np.random.default_rng(seed).normal(truth, sd, LOOKS[-1]).tolist()


@st.composite
def samples(draw):
    """Values of every length whose centre and spread make every verdict and every stopping look likely."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = draw(st.sampled_from([0, 0.5, 0.9, 1.0, 1.5, 3]))
    sd = draw(st.sampled_from([0.05, 0.2, 0.5, 1, 2]))
    return rng.normal(truth, sd, draw(st.integers(0, 290))).tolist()


questions = st.builds(
    lambda centre, budget, exchanged, region, alpha: replace(
        EQUAL, centre=centre, budget=budget, exchanged=exchanged, region=region, alpha_refute=alpha
    ),
    st.sampled_from(CENTRES),
    st.sampled_from(LOOKS),
    st.booleans(),
    st.sampled_from([Region(-1.0, 1.0), Region(high=1.0), Region(low=1.0)]),
    st.sampled_from([0.001, 0.0001]),
)


# What it says


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize(
    ("truth", "region", "verdict"),
    [
        (0.0, Region(-1.0, 1.0), "supported"),
        (3.0, Region(-1.0, 1.0), "refuted"),
        (-3.0, Region(-1.0, 1.0), "refuted"),
        (0.0, Region(high=1.0), "supported"),
        (3.0, Region(high=1.0), "refuted"),
        (3.0, Region(low=1.0), "supported"),
        (0.0, Region(low=1.0), "refuted"),
        (1.0, Region(-1.0, 1.0), "inconclusive"),
        (1.0, Region(high=1.0), "inconclusive"),
    ],
)
def test_verdict(centre, truth, region, verdict):
    question = replace(EQUAL, centre=centre, region=region)
    assert decide(gaussian(truth, 0.5), question).verdict == verdict
    assert decide(gaussian(truth, 0.5), replace(question, exchanged=True)).verdict == SWAPPED[verdict]


@given(samples(), questions)
def test_verdict_is_what_the_last_interval_shows(values, question):
    ruling = decide(values, replace(question, exchanged=False))
    region = question.region
    if ruling.verdict == "supported":
        assert region.low < ruling.low
        assert ruling.high < region.high
    elif ruling.verdict == "refuted":
        assert ruling.high <= region.low or ruling.low >= region.high
    elif question.centre != "mean" and level_of("refuted", question) == level_of("supported", question):
        # Undecided, and no guard that could withhold a verdict: the interval holds an edge.
        assert ruling.low <= region.low <= ruling.high or ruling.low <= region.high <= ruling.high


def test_an_interval_that_touches_an_edge_is_not_inside_but_outside():
    """The region is open. The median of 14 equal values is that value, with certainty."""
    question = replace(EQUAL, centre="median", region=Region(-1.0, 1.0), budget=14)
    assert decide([1.0] * 14, question).verdict == "refuted"
    assert decide([-1.0] * 14, question).verdict == "refuted"
    assert decide([math.nextafter(1.0, 0)] * 14, question).verdict == "supported"


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("truth", [0.0, 3.0])
def test_first_possible_verdict(centre, truth):
    """Of every centre, inside and outside: a median's interval of 14 has a level of 2⁻¹⁴, below α/16."""
    assert decide(gaussian(truth, 1e-6), replace(EQUAL, centre=centre)).n == 14


def test_six_of_one_mode_decide_nothing():
    """Two modes, ±1, of which the first seeds are all of one. The mean, 0, is beyond the margin of 0.9.

    Until version 0.1 the look at 6 seeds supported, as do 6 of one mode once in 32 runs.
    """
    rng = np.random.default_rng(8)  # any: the noise is a hundredth of what is between the modes
    question = replace(EQUAL, region=Region(low=0.1), budget=48)
    for first in (6, 9):
        modes = [1.0] * first + [-1.0, 1.0] * 21
        values = (np.array(modes[:48]) + 0.01 * rng.standard_normal(48)).tolist()
        assert interval(values[:first], "mean", 0.001 / 8).low > 0.9
        ruling = decide(values, question)
        assert (ruling.verdict, ruling.looks[0][0]) == ("inconclusive", 14)


@pytest.mark.parametrize("centre", CENTRES[1:])
def test_budget_too_small_for_any_interval_says_so(centre):
    """At α = 1e-4 the least level of 14 seeds, 2⁻¹⁴, is above α/8."""
    question = replace(EQUAL, centre=centre, budget=14, alpha=1e-4, alpha_refute=1e-4)
    ruling = decide(gaussian(0.0, 1e-6), question)
    assert (ruling.verdict, ruling.reason) == (
        "inconclusive",
        f"a {centre} has no finite interval at 14 seeds: raise the budget",
    )


def standard(n: int) -> np.ndarray:
    """n evenly spaced numbers of mean 0 and deviation 1: half-widths of their mean are the factors."""
    base = np.arange(n) - (n - 1) / 2
    return base / base.std(ddof=1)


def test_support_and_refutation_have_their_own_levels():
    """Values placed between the thresholds of the two levels, at the only look."""
    base = standard(14)
    wide, narrow = (half_width_factor(14, alpha / 8) for alpha in (0.001, 0.1))
    between = (wide + narrow) / 2
    at_most = replace(EQUAL, region=Region(high=0.0), budget=14)
    lax_support = replace(at_most, alpha=0.1, alpha_refute=0.001)
    lax_refute = replace(at_most, alpha=0.001, alpha_refute=0.1)
    below, above = (base - between).tolist(), (base + between).tolist()
    assert decide(below, lax_support).verdict == "supported"
    assert decide(below, lax_refute).verdict == "inconclusive"
    assert decide(above, lax_support).verdict == "inconclusive"
    assert decide(above, lax_refute).verdict == "refuted"
    # Exchanged, the levels stay with the verdict's name: alpha is that of a wrong *supported*.
    assert decide(above, replace(lax_support, exchanged=True)).verdict == "supported"
    assert decide(above, replace(lax_refute, exchanged=True)).verdict == "inconclusive"
    assert decide(below, replace(lax_support, exchanged=True)).verdict == "inconclusive"
    assert decide(below, replace(lax_refute, exchanged=True)).verdict == "refuted"
    # The interval that is shown is the one at alpha. 1e-12: sums of fourteen numbers of order 1.
    assert decide(below, lax_support).high == pytest.approx(-between + narrow, abs=1e-12)
    assert decide(above, lax_refute).low == pytest.approx(between - wide, abs=1e-12)


@pytest.mark.parametrize("side", [-1, 1])
def test_outside_a_region_with_two_edges_is_shown_at_half_the_level(side):
    """Values whose interval at α/8 is outside, that at α/16 not yet; and the same beyond one edge."""
    base = standard(14)
    inner, outer = (half_width_factor(14, 0.001 / k) for k in (8, 16))
    equal, between = replace(EQUAL, budget=14), side * (1 + (inner + outer) / 2)
    ruling = decide((base + between).tolist(), equal)
    assert ruling.verdict == "inconclusive"
    assert min(abs(ruling.low), abs(ruling.high)) > 1  # what is shown is at α/8, and lies outside
    assert ruling.reason == "the interval is outside the region, but the wider one that refutes is not"
    assert decide((base + side * (1 + outer + 1e-9)).tolist(), equal).verdict == "refuted"
    one_edge = replace(equal, region=Region(high=1.0) if side > 0 else Region(low=-1.0))
    assert decide((base + between).tolist(), one_edge).verdict == "refuted"
    # Of `differ` it is *supported* that says outside, and its interval is the one shown.
    differ = replace(equal, exchanged=True)
    assert decide((base + between).tolist(), differ).verdict == "inconclusive"
    shown = decide((base + side * (1 + outer + 1e-9)).tolist(), differ)
    assert (shown.verdict, min(abs(shown.low), abs(shown.high))) == ("supported", pytest.approx(1, abs=1e-8))


@pytest.mark.parametrize("exchanged", [False, True])
def test_inside_a_region_with_two_edges_is_shown_at_the_whole_level(exchanged):
    """Both edges are kept at once, by two one-sided tests, each at α/8: neither needs half."""
    inner = half_width_factor(14, 0.001 / 8)
    for distance, verdict in ((inner - 1e-9, "inconclusive"), (inner + 1e-9, "supported")):
        question = replace(EQUAL, region=Region(-distance, distance), budget=14, exchanged=exchanged)
        expected = SWAPPED[verdict] if exchanged else verdict
        assert decide(standard(14).tolist(), question).verdict == expected


@pytest.mark.parametrize("budget", LOOKS)
def test_level_is_an_eighth_of_alpha_whatever_the_budget(budget):
    values = gaussian(1.0, 0.5)  # on the edge: seed 7 runs to every budget
    ruling = decide(values, replace(EQUAL, budget=budget))
    assert ruling.n == budget
    for n, low, high in ruling.looks:
        mean, half = np.mean(values[:n]), stats.t.isf(0.001 / 8, n - 1) * stats.sem(values[:n])
        # Two routes to the same numbers; the next level that could be meant, alpha/7, differs by 1%.
        assert (low, high) == pytest.approx((mean - half, mean + half), rel=1e-9)


# What it reads


@given(samples(), questions)
def test_a_definite_verdict_outlives_a_larger_budget(values, question):
    ruling = decide(values, question)
    if ruling.verdict in ("supported", "refuted"):
        for budget in LOOKS[LOOKS.index(question.budget) :]:
            assert decide(values, replace(question, budget=budget)) == ruling


@given(samples(), questions)
def test_only_the_values_up_to_the_stop_are_read(values, question):
    ruling = decide(values, question)
    assert ruling.values == tuple(values[: ruling.n])
    if ruling.verdict is not None:
        assert decide(values[: ruling.n], question) == ruling
        assert decide(values[: ruling.n] + [math.nan] * 200, question) == ruling


@given(samples(), questions)
def test_looks_and_what_is_next(values, question):
    ruling = decide(values, question)
    reached = [n for n in LOOKS if n <= min(len(values), question.budget)]
    seen = [n for n, _, _ in ruling.looks]
    assert seen == reached[: len(seen)]
    assert ruling.n == (seen[-1] if seen else 0)
    if ruling.verdict is None:
        assert seen == reached
        assert ruling.next_look == min(n for n in LOOKS if n > len(values))
        assert ruling.next_look <= question.budget
    else:
        assert ruling.next_look is None
        assert ruling.looks[-1] == (ruling.n, ruling.low, ruling.high)
    if ruling.verdict == "inconclusive":
        assert ruling.n == question.budget
    assert (ruling.reason == "") == (ruling.verdict in ("supported", "refuted"))


def test_nothing_before_the_first_look():
    ruling = decide([0.0] * 5, EQUAL)
    assert (ruling.verdict, ruling.n, ruling.values, ruling.looks) == (None, 0, (), ())
    assert (ruling.low, ruling.high, ruling.next_look) == (-math.inf, math.inf, 14)
    assert math.isnan(ruling.estimate)


def test_rulings_are_equal_where_they_say_the_same():
    """Also of nothing, whose estimate is NaN, and wherever it comes from: on every version of Python."""
    nothing, some = decide([], EQUAL), decide(gaussian(0.0, 1e-3), EQUAL)
    for ruling in (nothing, some):
        there_and_back = pickle.loads(pickle.dumps(ruling))
        assert ruling == ruling
        assert there_and_back == ruling
        assert hash(there_and_back) == hash(ruling)
    assert replace(nothing, estimate=float("nan")) == nothing
    assert replace(nothing, estimate=0.0) != nothing != some
    assert replace(some, estimate=math.nan) != some
    assert nothing != ()


def test_a_value_that_is_not_finite_is_refused_when_read():
    with pytest.raises(ValueError, match="expected finite values, found nan"):
        decide([*map(float, range(13)), math.nan], EQUAL)


def test_rows_are_read_look_by_look():
    close = [(v, 0.0) for v in gaussian(0.0, 1e-3)]
    spoilt = [*close[:14], (math.nan, 0.0), *close[15:]]
    assert decide_rows(spoilt, EQUAL) == decide([a for a, _ in close], EQUAL)  # it stopped at 14
    with pytest.raises(BadValue, match=r"seed 14: .* a\.error"):
        decide_rows(spoilt, replace(EQUAL, least=21))
    wide = [(1.0 + (-0.1) ** (k % 5), 0.0) for k in range(21)]  # on the edge
    undecided = decide_rows(wide[:14], EQUAL)
    with pytest.raises(BadValue, match=r"seed 20: .* a\.error"):
        decide_rows([*wide[:20], (math.nan, 0.0)], EQUAL, undecided)


@given(samples(), questions)
def test_rows_give_the_ruling_on_their_effects(values, question):
    rows = [(v + 0.25, 0.25) for v in values]
    effects = [a - b for a, b in rows]
    ruling, expected = decide_rows(rows, question), decide(effects, question)
    assert ruling == expected


@given(samples(), questions)
def test_a_ruling_goes_on_from_an_earlier_one_to_the_same(values, question):
    """As a campaign asks it: with the rows of one look after the other."""
    rows = [(v + 0.25, 0.25) for v in values]
    ruling = decide_rows((), question)
    while ruling.next_look is not None and ruling.next_look <= len(rows):
        ruling = decide_rows(rows[: ruling.next_look], question, ruling)
    assert ruling == decide_rows(rows, question)


def test_an_earlier_ruling_saves_its_looks_and_rows(monkeypatch):
    looks, read = [], []

    def noted_interval(values, *arguments):
        looks.append(len(values))
        return interval(values, *arguments)

    def noted_effects(effect, rows, first=0):
        read.append((first, len(rows)))
        return effect_values(effect, rows, first)

    monkeypatch.setattr(rule, "interval", noted_interval)
    monkeypatch.setattr(rule, "effect_values", noted_effects)
    rows, question = [(1.0 + (-0.1) ** (k % 5), 0.0) for k in range(32)], replace(EQUAL, budget=32)
    ruling = None
    for n in (14, 21, 32):
        ruling = decide_rows(rows[:n], question, ruling)
        assert set(looks) == {n}
        looks.clear()
    assert read == [(0, 14), (14, 7), (21, 11)]
    assert ruling.next_look is None


# Budgets


def test_budgets_are_the_looks():
    for n in LOOKS:
        check_budget(n)
    for n in (0, 1, 6, 9, 13, 109, 216, 244):
        with pytest.raises(ValueError, match=f"14, 21, 32, 48, 72, 108, 162, 243 seeds, found {n}"):
            check_budget(n)
        with pytest.raises(ValueError, match="expected a budget"):
            decide([], replace(EQUAL, budget=n))


def test_next_look():
    assert [next_look(n, 32) for n in (0, 13, 14, 20, 21, 31, 32)] == [14, 14, 21, 21, 32, 32, None]
    assert [next_look(n, 32, least=20) for n in (0, 13, 14, 21)] == [21, 21, 21, 32]
    assert next_look(0, 32, least=48) is None


@given(samples(), questions, st.sampled_from(LOOKS))
def test_no_look_is_smaller_than_the_least(values, question, least):
    """What was to be seen at an earlier look is not looked at; later ones say what they would without it."""
    if question.budget < least:
        with pytest.raises(ValueError, match=f"at least {least} seeds, found {question.budget}"):
            decide(values, replace(question, least=least))
        return
    ruling = decide(values, replace(question, least=least))
    assert all(n >= least for n, _, _ in ruling.looks)
    if not ruling.looks:
        assert (ruling.verdict, ruling.next_look) == (None, least)
    elif ruling.verdict in ("supported", "refuted"):
        plain = decide(values, question)
        assert plain.n == ruling.n or plain.n < least
    assert decide_rows([(v, 0.0) for v in values], replace(question, least=least)) == ruling


# The guard


@pytest.mark.parametrize("base", [0.0, 0.9, 0.1, 0.30000000000000004])
def test_noise_of_rounding_does_not_count_as_distinct(base):
    rng = np.random.default_rng(3)  # any
    values = (base + 1e-13 * rng.standard_normal(LOOKS[-1])).tolist()
    assert len(set(values)) > 50
    effect = replace(LINEAR, floor=1e-12)
    ruling = decide(values, replace(EQUAL, effect=effect, budget=243))
    assert (ruling.verdict, ruling.reason) == (
        "inconclusive",
        "fewer than 5 distinct values at every look: use `exact`",
    )
    assert len(ruling.looks) == 8
    # Without the floor the same numbers would pass.
    assert decide(values, EQUAL).verdict == "supported"


def test_four_distinct_values_are_too_few_and_five_enough():
    four = [0.0, 0.1, 0.2, 0.3] * 27
    five = [0.0, 0.1, 0.2, 0.3, 0.4] * 21
    question = replace(EQUAL, effect=replace(LINEAR, floor=0.1))
    assert decide(four, question).verdict == "inconclusive"
    assert decide(five + [0.0] * 3, question).verdict == "supported"
    assert decide(four[:14], question).reason == "fewer than 5 distinct values at every look: use `exact`"


def test_of_a_bound_the_guard_names_the_median_as_exact_asks_for_one_value():
    for low, high in ((-math.inf, 0.2), (0.2, math.inf)):
        question = replace(EQUAL, region=Region(low, high), effect=replace(LINEAR, floor=0.1))
        reason = decide([0.0, 0.1] * 54, question).reason
        assert reason == 'fewer than 5 distinct values at every look: use `centre = "median"`'


def test_the_guard_holds_for_the_mean_only():
    for centre in CENTRES[1:]:
        assert decide([0.0] * 14, replace(EQUAL, centre=centre)).verdict == "supported"


@pytest.mark.parametrize("alpha_refute", [0.001, 0.002])
@pytest.mark.parametrize("region", [Region(high=0.2), Region(low=0.2)])
def test_the_floor_widens_the_intervals_of_both_levels(alpha_refute, region):
    """Deviation 0.3 floors, in five cells: half-widths at 108 are 0.11 without the floor, 0.36 with it."""
    values = [0.0] * 104 + [-2.0, -1.0, 1.0, 2.0]
    question = replace(EQUAL, region=region, alpha_refute=alpha_refute)
    assert decide(values, replace(question, effect=replace(LINEAR, floor=1e-3))).verdict != "inconclusive"
    assert decide(values, replace(question, effect=replace(LINEAR, floor=1.0))).verdict == "inconclusive"


def test_a_floor_far_below_the_values_does_not_overflow():
    effect = replace(LINEAR, floor=5e-324)
    ruling = decide([1e150 * (i - 6.5) for i in range(14)], replace(EQUAL, effect=effect, budget=14))
    assert ruling.reason == "the interval still holds an edge of the region at the budget"


def test_rare_events_beyond_the_margin_are_never_supported():
    """0 with probability 0.95, else 1: mean 0.05, margin 0.04. Without the guard most rows pass.

    Two distinct values are never five, so this is certain for any seed.
    """
    rng = np.random.default_rng(5)
    question = replace(EQUAL, region=Region(-0.04, 0.04))
    for row in (rng.random((300, 108)) < 0.05).astype(float):
        assert decide(row.tolist(), question).verdict == "inconclusive"


def test_floor_keeps_a_run_of_equal_values_from_supporting_too_soon():
    """Nearly rare events: the bulk has noise of the quantity's resolution, 0.05 of the mass lies at 1.

    Five distinct values come at once, but not on the grid of the floor.
    """
    rng = np.random.default_rng(6)
    question = replace(EQUAL, effect=replace(LINEAR, floor=1e-3), region=Region(-0.04, 0.04))
    unguarded = replace(question, effect=LINEAR)
    rows = (rng.random((300, 108)) < 0.05) + 1e-4 * rng.standard_normal((300, 108))

    def passes(q: Question) -> int:
        return sum(decide(row.tolist(), q).verdict == "supported" for row in rows)

    assert passes(question) == 0
    # P(no event in 14 seeds) = 0.49: at least a third of 300 rows, but with probability 1e-8.
    assert passes(unguarded) > 100


def test_a_claim_that_must_not_overlook_rare_failures_waits_for_the_seeds_that_show_them():
    """5% of seeds fail, at 1, on noise of 0.01; the mean, 0.05, is beyond the margin of 0.04.

    Without a least look the half of data sets of which no failure is among the first 14 seeds are supported
    (0.95¹⁴ = 0.49; at least a third of 300, but with probability 1e-8). With `rare = "5%"`, 162 seeds, those
    with at most one: of a chance of 0.0024, and 8 or more of 300 have one of 1e-6.
    """
    rng = np.random.default_rng(9)
    question = replace(EQUAL, region=Region(high=0.04), budget=162)
    rows = ((rng.random((300, 162)) < 0.05) + 0.01 * rng.standard_normal((300, 162))).tolist()

    def passes(q: Question) -> int:
        return sum(decide(row, q).verdict == "supported" for row in rows)

    assert passes(question) > 100
    assert passes(replace(question, least=162)) < 8


# Closeness


EXACT = Question("exact", Closeness(READINGS, 0.1, 0.0), Region(), "mean", 0.001, 0.001, budget=3)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.0, 0.5, 1.0], "supported"),
        ([0.0, 1.0000000000000002, 0.5], "refuted"),
        ([math.inf, 0.0, 0.0], "refuted"),
    ],
)
def test_exact_is_judged_on_every_one_of_its_seeds(values, verdict):
    ruling = decide([*values, 99.0], EXACT)
    assert (ruling.verdict, ruling.n, ruling.values, ruling.next_look) == (verdict, 3, tuple(values), None)
    assert (ruling.estimate, ruling.low, ruling.high) == (max(values), min(values), max(values))
    assert ruling.looks == ((3, min(values), max(values)),)
    assert decide(values, replace(EXACT, exchanged=True)).verdict == SWAPPED[verdict]


def test_exact_says_nothing_before_its_budget():
    ruling = decide([99.0, 99.0], EXACT)
    assert (ruling.verdict, ruling.n, ruling.next_look, ruling.looks) == (None, 0, 3, ())


def test_exact_from_rows():
    assert decide_rows([(1.0, 1.0), (2.0, 2.1)], EXACT).verdict is None
    assert decide_rows([(1.0, 1.0), (2.0, 2.1), (5.0, 5.1), (9.0, 1.0)], EXACT).verdict == "supported"
    assert decide_rows([(1.0, 1.0), (2.0, 2.1), (9.0, 1.0)], EXACT).verdict == "refuted"
    with pytest.raises(BadValue, match="seed 1"):
        decide_rows([(1.0, 1.0), (math.nan, 2.1), (9.0, 1.0)], EXACT)


def test_exact_refuses_nan_and_no_seeds():
    with pytest.raises(ValueError, match="found nan"):
        decide([0.0, math.nan, 0.0], EXACT)
    with pytest.raises(ValueError, match="at least 1 seed, found 0"):
        decide([], replace(EXACT, budget=0))
