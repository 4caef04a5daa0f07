"""Numbers that are a baseline's own: identical, equal up to rounding, or other by the same on every seed."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from harness.judge import LOOKS, decide_rows
from harness.questions import Baseline, Linear, Question, Reading, Region

HERE = Reading("lib.fit", (), "error")
THERE = replace(HERE, baseline=Baseline(commit="a" * 40, home="/repo", name="v1"))
LOG = Linear((HERE, THERE), (1.0, -1.0), "log")
EQUAL = Question("", LOG, Region(-0.05, 0.05), "mean", alpha=0.001, alpha_refute=0.001, budget=48)
NO_WORSE = replace(EQUAL, region=Region(high=0.05))
LESS = replace(EQUAL, region=Region(high=0.0))
LESS_BY = replace(EQUAL, region=Region(high=-0.05))
DIFFER = replace(EQUAL, exchanged=True)
NUMBERS = [0.1 + random.Random(seed).random() for seed in range(LOOKS[-1])]


def rows(*there: float) -> list[tuple[float, float]]:
    """Today's numbers beside those there, by the factor given for each seed in turn."""
    return [(x, x * there[k % len(there)]) for k, x in enumerate(NUMBERS)]


@pytest.mark.parametrize(
    ("question", "verdict", "n"),
    [
        (EQUAL, "supported", 14),
        (NO_WORSE, "supported", 14),
        (DIFFER, "refuted", 14),
        (LESS, "inconclusive", 48),
        (LESS_BY, "inconclusive", 48),
        (replace(LESS, centre="median"), "inconclusive", 48),
        (replace(EQUAL, centre="median"), "supported", 14),
        (replace(EQUAL, least=21), "supported", 21),
    ],
)
def test_identical_numbers_support_equality_and_decide_nothing_of_an_order(
    question: Question, verdict: str, n: int
) -> None:
    found = decide_rows(rows(1.0), question)
    assert (found.verdict, found.n, found.same) == (verdict, n, "identical")
    assert f"identical to the bit on the first {n} seeds" in found.reason


def test_one_other_bit_is_not_identical() -> None:
    seen = rows(1.0)
    seen[3] = (seen[3][0], math.nextafter(seen[3][1], 1))
    found = decide_rows(seen, EQUAL)
    assert (found.verdict, found.n, found.same) == ("supported", 14, "rounding")
    assert decide_rows(seen, LESS).verdict == "inconclusive"
    seen[3] = (seen[3][0], seen[3][1] * 1.1)  # and one seed that is truly other leaves it open
    assert (decide_rows(seen, EQUAL).verdict, decide_rows(seen, EQUAL).same) == ("inconclusive", "")
    zeros = [(0.0, -0.0)] * 14
    linear = replace(EQUAL, effect=replace(LOG, scale="linear"), budget=14)
    assert decide_rows(zeros, linear).same == "rounding"


def test_rounding_is_not_small_beside_a_margin_that_is_smaller() -> None:
    narrow = replace(EQUAL, effect=replace(LOG, floor=1e-12), region=Region(-1e-9, 1e-9))
    found = decide_rows([(x, x * (1 + 1e-8 * (k % 3))) for k, x in enumerate(NUMBERS)], narrow)
    assert (found.verdict, found.same) == ("inconclusive", "rounding")


@pytest.mark.parametrize(
    ("question", "factor", "verdict"),
    [
        (NO_WORSE, 1 / 1.07, "refuted"),
        (EQUAL, 1 / 1.07, "refuted"),
        (EQUAL, 1.07, "refuted"),
        (NO_WORSE, 1.07, "supported"),
        (LESS, 1.07, "supported"),
        (LESS, 1 / 1.07, "refuted"),
        (EQUAL, 1.01, "supported"),
    ],
)
def test_the_same_difference_on_every_seed_is_judged_by_the_median(
    question: Question, factor: float, verdict: str
) -> None:
    """As a constant that was changed: fewer than five distinct values, and no seed shows anything else."""
    question = replace(question, effect=replace(LOG, floor=1e-9))
    found = decide_rows(rows(factor), question)
    assert (found.verdict, found.n, found.same) == (verdict, 14, "constant")
    # At a level that no median of 14 seeds can have, 2⁻¹⁴ > 1e-5/8, more are needed.
    strict = replace(question, alpha=1e-5, alpha_refute=1e-5)
    assert decide_rows(rows(factor), strict).n > 14


def test_without_a_baseline_identical_numbers_stay_undecided() -> None:
    plain = replace(EQUAL, effect=replace(LOG, readings=(HERE, replace(HERE, quantity="other"))))
    found = decide_rows(rows(1.0), plain)
    assert (found.verdict, found.same) == ("inconclusive", "")
    assert "fewer than 5 distinct values" in found.reason


def test_a_look_says_the_same_however_it_was_reached() -> None:
    seen = rows(1.0, 1.0, 1.2)
    whole, step = decide_rows(seen[:48], EQUAL), decide_rows((), EQUAL)
    for n in LOOKS[:5]:
        step = decide_rows(seen[:n], EQUAL, step)
    assert step == whole
