"""Power laws that are curved are refuted; straightness is shown where that is demanded, and only there."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judge import (
    LOOKS,
    decide,
    decide_rows,
    interval,
    reproducibility,
    seeds_to_decision,
    smallest_margin,
)
from harness.plan import Linear, Question, Reading, Region, Straightness

_FOLDER = str(Path(__file__).parent)
sys.path.insert(0, _FOLDER)  # neighbours are no modules that one can name: importmode=importlib
_SPEC = importlib.util.spec_from_file_location("judge_singles", Path(__file__).with_name("singles.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
singles = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = singles
_SPEC.loader.exec_module(singles)
sys.path.remove(_FOLDER)

WIDTHS = [64.0, 128.0, 256.0, 512.0]
STRAIGHT = [-0.5 * math.log(w) for w in WIDTHS]
CURVED = singles.bent(WIDTHS, [-0.1, -0.5, -0.9])
FINITE = [math.log(w**-0.5 + 2 / w) for w in WIDTHS]


def rows(means: list[float], noise: float, seed: int = 5) -> list[list[float]]:
    """Seed 5 is any: where a verdict is needed, the truth is many standard errors from the edges."""
    return singles.law_rows(np.random.default_rng(seed), means, noise)


def law(exponent: float = -0.5, straight: float | None = None, budget: int = 243) -> Question:
    return singles.law_question(WIDTHS, exponent, 0.1, straight, budget)


def test_local_exponents_from_a_tenth_to_nine_tenths_are_refuted_as_curved() -> None:
    """Their mean is −0.5, so the exponent alone would be supported."""
    ruling = decide_rows(rows(CURVED, 0.05), law())
    assert (ruling.verdict, ruling.n) == ("refuted", 14)
    assert -0.6 < ruling.low < ruling.high < -0.4
    assert ruling.bend is not None
    assert ruling.bend.state == "curved"
    assert ruling.bend.high < -0.2
    assert ruling.bend.estimate == pytest.approx(-0.8, abs=0.1)
    assert ruling.reason.startswith("curved: the exponent changes by -0.")
    assert ruling.reason.endswith("between the halves, more than 0.2")
    alone = replace(law(), straight=None)
    assert decide_rows(rows(CURVED, 0.05), alone).verdict == "supported"


@pytest.mark.parametrize(("means", "exponent"), [(STRAIGHT, -0.5), (FINITE, -0.566)])
def test_straight_laws_and_slight_curves_are_supported(means: list[float], exponent: float) -> None:
    """w^(−½)(1 + 2w^(−½)) bends by 0.04 from 64 to 512: finite widths give curves within the margin."""
    ruling = decide_rows(rows(means, 0.05), law(exponent))
    assert (ruling.verdict, ruling.reason) == ("supported", "")
    assert ruling.bend is not None
    assert ruling.bend.state == "open"
    assert ruling.bend.low < ruling.bend.estimate < ruling.bend.high


def test_a_curve_is_refuted_whatever_its_exponent() -> None:
    """Also where the exponent alone would be undecided (on the edge of its region), or refuted."""
    for exponent in (-0.4, -0.6, 0.5):
        ruling = decide_rows(rows(CURVED, 0.02), law(exponent))
        assert (ruling.verdict, ruling.n) == ("refuted", 14)
        assert ruling.reason.startswith("curved: ")


def test_the_level_of_curved_is_a_sixteenth_and_that_of_straight_an_eighth() -> None:
    """Bends placed between the thresholds of the two levels, at the only look."""
    base = np.random.default_rng(8).standard_normal(14)  # any: brought to mean 0 and deviation 1
    base = (base - base.mean()) / base.std(ddof=1)
    exponents = (1e-3 * base - 0.5).tolist()
    eighth, sixteenth = (interval(base.tolist(), "mean", 0.001 / k).high for k in (8, 16))
    between = (eighth + sixteenth) / 2
    effect = Linear((Reading("r", (), "x"),), (1.0,), "linear")

    def verdict(bend: float, straight: Straightness) -> object:
        ask = Question("", effect, Region(-0.6, -0.4), "mean", 0.001, 0.001, 14, straight=straight)
        return decide(exponents, ask, (bend + base).tolist()).verdict

    once = Straightness(effect, margin=0.2)
    assert verdict(0.2 + between, once) == "supported"  # an interval at α/8 would lie outside
    assert verdict(0.2 + sixteenth + 1e-6, once) == "refuted"
    assert verdict(-0.2 - sixteenth - 1e-6, once) == "refuted"
    wide = Straightness(effect, margin=5.0, shown=5.0)
    assert verdict(5 - between, wide) == "supported"
    assert verdict(5 - eighth + 1e-6, wide) == "inconclusive"
    assert verdict(-5 + eighth - 1e-6, wide) == "inconclusive"


def test_straightness_that_is_demanded_is_shown_or_the_law_undecided() -> None:
    data = rows(STRAIGHT, 0.05)
    plain, asked = decide_rows(data, law()), decide_rows(data, law(straight=0.1))
    assert (plain.verdict, plain.n) == ("supported", 14)
    assert asked.verdict == "supported"
    assert asked.n > plain.n  # it goes on sampling
    assert asked.bend is not None
    assert asked.bend.state == "straight"
    assert max(-asked.bend.low, asked.bend.high) < 0.1
    short = decide_rows(data, law(straight=0.1, budget=14))
    assert short.verdict == "inconclusive"
    assert short.reason.startswith("not shown to be straight within 0.1: the exponent may still change by ")
    assert smallest_margin(short, law(straight=0.1, budget=14)) is None
    needed = seeds_to_decision(short, law(straight=0.1, budget=14))
    assert needed is not None
    assert needed > 14


def test_a_law_is_refuted_beyond_the_straightness_that_it_states() -> None:
    """Bend 0.15: within what any law may have, beyond 0.05, which this one says of itself."""
    data = rows(singles.bent(WIDTHS, [-0.575, -0.5, -0.425]), 0.01)
    assert decide_rows(data, law()).verdict == "supported"
    assert decide_rows(data, law(straight=0.3)).verdict == "supported"
    assert decide_rows(data, law(straight=0.05)).reason.startswith("curved: ")


def test_demanding_more_than_the_margin_does_not_allow_more() -> None:
    data = rows(singles.bent(WIDTHS, [-0.65, -0.5, -0.35]), 0.01)  # bend 0.3
    assert decide_rows(data, law(straight=0.5)).reason.startswith("curved: ")


def test_an_undecided_exponent_has_its_own_reason() -> None:
    ruling = decide_rows(rows(STRAIGHT, 0.2), law(-0.4, straight=0.3))  # on the edge
    assert ruling.verdict == "inconclusive"
    assert ruling.reason == "the interval still holds an edge of the region at the budget"


def test_bends_that_are_the_same_for_every_seed_show_nothing() -> None:
    """Fewer than five distinct ones, as of any mean."""
    values = np.random.default_rng(2).normal(-0.5, 0.01, 14).tolist()  # any
    ask = law(straight=0.3, budget=14)
    ruling = decide(values, ask, [1.0] * 14)
    assert (ruling.verdict, ruling.bend and ruling.bend.state) == ("inconclusive", "open")
    assert decide(values, law(budget=14), [1.0] * 14).verdict == "supported"


@pytest.mark.parametrize("centre", ["mean", "median"])
def test_bends_that_fall_apart_are_curved_only_if_the_median_says_so(centre: str) -> None:
    """One seed of fourteen bends otherwise: the mean says −0.6 to −0.3, the median −0.5 to −0.1."""
    values = np.random.default_rng(2).normal(-0.5, 0.01, 14).tolist()  # any
    bends = [-0.5 + 0.001 * i for i in range(13)] + [-0.1]
    ruling = decide(values, replace(law(budget=14), centre=centre), bends)
    assert ruling.bend is not None
    assert (ruling.verdict, ruling.bend.state) == ("supported", "open")
    together = decide(values, replace(law(budget=14), centre=centre), [*bends[:13], -0.4])
    assert (together.verdict, together.bend and together.bend.state) == ("refuted", "curved")


def test_advice_counts_the_exponent_and_the_bend() -> None:
    """Undecided in both on fourteen seeds: the bend, of the larger deviation, needs more."""
    ask = law(straight=0.15, budget=14)
    ruling = decide_rows(rows(STRAIGHT, 0.3), ask)
    assert ruling.verdict == "inconclusive"
    exponent = seeds_to_decision(replace(ruling, bend=None), replace(ask, straight=None))
    both = seeds_to_decision(ruling, ask)
    assert exponent is not None
    assert both is not None
    assert both > exponent > 14


@pytest.mark.parametrize("centre", ["median", "pseudomedian"])
def test_the_centre_is_the_claim_s(centre: str) -> None:
    ask = replace(law(), centre=centre)
    ruling = decide_rows(rows(CURVED, 0.05), ask)
    assert ruling.reason.startswith("curved: ")
    assert ruling.bend is not None
    found = interval(ruling.bend.values, centre, 0.001 / 8)  # type: ignore[arg-type]
    assert (ruling.bend.low, ruling.bend.high) == (found.low, found.high)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from([None, 0.1, 0.3]))
def test_only_the_first_n_seeds_are_read_and_budgets_change_no_verdict(
    seed: int, noise: float, straight: float | None
) -> None:
    data = rows(singles.bent(WIDTHS, [-0.6, -0.5, -0.4]), noise, seed)
    ruling = decide_rows(data, law(straight=straight))
    assert ruling.bend is not None
    assert len(ruling.bend.values) == len(ruling.values) == ruling.n
    spoilt = [*data[: ruling.n], *([[math.nan] * 4] * (243 - ruling.n))]
    assert decide_rows(spoilt, law(straight=straight)) == ruling
    for budget in LOOKS[LOOKS.index(ruling.n) : -1]:
        if ruling.verdict != "inconclusive":
            assert decide_rows(data, law(straight=straight, budget=budget)) == ruling


def test_a_bend_is_needed_for_each_value() -> None:
    with pytest.raises(ValueError, match="expected a bend for each of 14 values, found 0"):
        decide([0.1 * i for i in range(14)], law())


def test_how_likely_the_verdict_is_again_counts_the_bend() -> None:
    """Predictions for the budget of 48. The bend's deviation is 4.5 times the exponent's."""
    curved = decide_rows(rows(CURVED, 0.1), law(budget=48))
    chance = reproducibility(curved, law(budget=48))
    assert chance is not None
    assert chance > 0.99
    plain = decide_rows(rows(STRAIGHT, 0.1), law(budget=48))
    shown = decide_rows(rows(STRAIGHT, 0.1), law(straight=0.25, budget=48))
    assert (plain.verdict, shown.verdict) == ("supported", "supported")
    once = reproducibility(plain, law(budget=48))
    twice = reproducibility(shown, law(straight=0.25, budget=48))
    assert once is not None
    assert twice is not None
    assert twice < once
    near = decide_rows(rows(singles.bent(WIDTHS, [-0.7, -0.5, -0.3]), 0.1), law(budget=243))
    assert near.bend is not None
    alone = replace(near, bend=None), replace(law(budget=243), straight=None)
    if near.verdict == "supported":
        assert (reproducibility(near, law(budget=243)) or 0) < (reproducibility(*alone) or 0)
