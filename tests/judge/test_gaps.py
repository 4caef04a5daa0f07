"""Values with a gap: a mean decides only what the median's interval gives, too."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judge import LOOKS, decide, interval, level_of, seeds_to_decision, smallest_margin
from harness.judge.gaps import has_gap
from harness.questions import Linear, Question, Reading, Region

LINEAR = Linear((Reading("ntk.fake", (), "a.error"),), (1.0,), "linear")
EQUAL = Question("equal", LINEAR, Region(-1.0, 1.0), "mean", alpha=0.001, alpha_refute=0.001, budget=48)
SEED = 12  # any: noise is a hundredth of the distances that matter


def noisy(centres: list[float]) -> list[float]:
    return (np.array(centres) + 0.01 * np.random.default_rng(SEED).standard_normal(len(centres))).tolist()


def test_a_gap_is_five_median_absolute_deviations():
    """−2 −1 0 1 2: the deviations 0 1 1 2 2 have the median 1; with a sixth value still 1.5."""
    inner = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert not has_gap([*inner, 9.4], 0.0)  # median 0.5, deviations .5 .5 1.5 1.5 2.5 8.9: 1.5; gap 7.4
    assert has_gap([*inner, 9.6], 0.0)  # gap 7.6
    assert has_gap([9.6, *reversed(inner)], 0.0)
    assert not has_gap([*inner, 9.6], 1.6)  # the floor: 8
    assert has_gap([*inner, 10.1], 1.6)


def test_of_equal_values_any_other_is_beyond_a_gap_but_for_the_floor():
    values = [0.0] * 10 + [1e-9]
    assert has_gap(values, 0.0)
    assert not has_gap(values, 1e-9)
    assert not has_gap([0.5] * 14, 0.0)


def test_a_mean_between_two_modes_does_not_decide():
    """27 values at 1.05 and 21 at −1.2: the mean, 0.07, is well inside ±1, and no value is."""
    values = noisy([1.05, -1.2, 1.05, -1.2, 1.05, 1.05, -1.2, 1.05] * 6)
    shown = interval(values, "mean", 0.001 / 8)
    assert -1 < shown.low < shown.high < 1
    ruling = decide(values, EQUAL)
    assert (ruling.verdict, ruling.reason, ruling.n) == ("inconclusive", "mean and median differ", 48)
    assert (ruling.low, ruling.high) == (shown.low, shown.high)
    assert seeds_to_decision(ruling, EQUAL) is None
    assert decide(values, replace(EQUAL, exchanged=True)).reason == "mean and median differ"


@pytest.mark.parametrize("region", [Region(-1.0, 1.0), Region(high=1.0), Region(low=-1.0)])
def test_the_smallest_margin_is_one_that_the_median_supports_too(region):
    """Asked again with a margin just beyond it, the claim is supported; just within it, it is not."""
    ruling = decide(noisy([1.05, -1.2, 1.05, -1.2, 1.05, 1.05, -1.2, 1.05] * 6), EQUAL)
    question = replace(EQUAL, region=region, least=48)
    margin = smallest_margin(ruling, question)
    for step, verdict in ((1e-9, "supported"), (-1e-9, "inconclusive")):
        if region.high == np.inf:
            wider = Region(low=margin - step)
        elif region.low == -np.inf:
            wider = Region(high=margin + step)
        else:
            wider = Region(-margin - step, margin + step)
        assert decide(list(ruling.values), replace(question, region=wider)).verdict == verdict


def test_sampling_goes_on_until_the_median_says_the_same():
    """One of the first 14 values is far away; the median's interval holds it at 14 seeds, no more at 21."""
    values = noisy([0.0] * 13 + [0.6] + [0.0] * 34)
    below = replace(EQUAL, region=Region(high=0.5))
    assert interval(values[:14], "mean", 0.001 / 8).high < 0.5
    ruling = decide(values, below)
    assert (ruling.verdict, ruling.n, [n for n, _, _ in ruling.looks]) == ("supported", 21, [14, 21])
    assert decide(values[:14], below).reason == "needs 21 seeds"
    assert decide(values[:14], replace(below, budget=14)).reason == "mean and median differ"


def test_the_floor_of_an_effect_counts_in_its_gap():
    """13 values in ±0.3, of median deviation 0.175, and one at 1.25: a gap of 0.95, below 5 · 0.2."""
    values = [*(0.05 * k for k in range(-6, 7)), 1.25]
    below = replace(EQUAL, region=Region(high=1.2), budget=14)
    assert decide(values, below).reason == "mean and median differ"
    assert decide(values, replace(below, effect=replace(LINEAR, floor=0.2))).verdict == "supported"


@pytest.mark.parametrize("centre", ["pseudomedian", "median"])
def test_other_centres_are_not_held_back(centre):
    """An outlier beyond the margin among 14: no interval of these at 14 leaves it out, at 21 both do."""
    values = noisy([0.0] * 13 + [0.6] + [0.0] * 34)
    ruling = decide(values, replace(EQUAL, region=Region(high=0.5), centre=centre))
    assert ruling.verdict == "supported"


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.3, 0.9, 1.1, 2.0]),
    st.sampled_from([0.0, 0.05, 0.3, 0.5]),
    st.sampled_from([Region(-1.0, 1.0), Region(high=1.0)]),
    st.booleans(),
)
def test_a_definite_verdict_of_values_with_a_gap_is_the_medians_too(seed, centre, share, region, exchanged):
    rng = np.random.default_rng(seed)
    values = (centre + (rng.random(48) < share) + rng.choice([0.01, 0.3]) * rng.standard_normal(48)).tolist()
    question = replace(EQUAL, region=region, exchanged=exchanged)
    ruling = decide(values, question)
    reached = list(ruling.values)
    if ruling.verdict == "inconclusive":
        held = ruling.reason == "mean and median differ"
        assert held <= has_gap(reached, 0.0)
        return
    level = level_of(ruling.verdict, question)
    for centre_ in ("mean", "median") if has_gap(reached, 0.0) else ("mean",):
        found = interval(reached, centre_, level)
        outside = found.low >= region.high or found.high <= region.low
        inside = found.low > region.low and found.high < region.high
        assert outside if (ruling.verdict == "refuted") != exchanged else inside


def test_how_often_chance_makes_a_gap():
    """What `GAP` says. 2,000 samples: within 5 standard errors of the shares of 20,000 (1.3%, 0.3%, 43%)."""
    rng = np.random.default_rng(SEED)

    def share(draw, n: int) -> float:
        return sum(has_gap(draw(n).tolist(), 0.0) for _ in range(2000)) / 2000

    for draw, n, expected in (
        (rng.standard_normal, LOOKS[0], 0.013),
        (rng.standard_normal, 21, 0.0026),
        (lambda n: rng.standard_t(3, n), LOOKS[-1], 0.434),
    ):
        assert abs(share(draw, n) - expected) <= 5 * (expected * (1 - expected) / 2000) ** 0.5
