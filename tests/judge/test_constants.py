"""Each constant of the judge, at the edge where it decides: a little more or less of it fails here.

Where `floor` stands in a formula, it is larger than the deviation of the values, so that all depends on it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import pytest
from scipy import stats

from harness.judge import FRAGILE, LOOKS, RULE, decide, interval, level_of, reproducibility, seeds_to_decision
from harness.judge import shown_reproducibility as shown
from harness.judge.gaps import has_gap
from harness.judge.independence import LEAST_SEEDS, NOTE_LEVEL, lag_one
from harness.judge.rule import too_few_distinct
from harness.questions import Linear, Question, Reading, Region

ALPHA, ALPHA_REFUTE = 0.002, 0.0005
"""Unlike, so that one for the other is seen."""
FLOOR = 0.1
EFFECT = Linear((Reading("e", (), "a"),), (1.0,), "linear", floor=FLOOR)
ASKED = Question("", EFFECT, Region(-1, 1), "mean", ALPHA, ALPHA_REFUTE, budget=14)
FIVE_CELLS = [0.0] * 10 + [-0.2, -0.1, 0.1, 0.2]
"""On a grid of 0.1 five cells, on any coarser one fewer; deviation 0.0877, below the floor."""
ROUNDED = [0.3 * FLOOR * (k % 7) for k in range(14)]
"""Seven values. On the grid of the floor they are 0 0 1 1 1 2 2; on half of it 0 1 1 2 2 3 4."""


def test_the_guard_has_five_cells_of_the_whole_floor():
    assert not too_few_distinct(FIVE_CELLS, FLOOR)
    assert too_few_distinct(FIVE_CELLS[:-1], FLOOR)
    assert too_few_distinct(ROUNDED, FLOOR)
    assert not too_few_distinct(ROUNDED, FLOOR / 2)
    below = replace(ASKED, region=Region(high=0.5))
    assert decide(FIVE_CELLS, below).verdict == "supported"
    ruling = decide(ROUNDED, below)
    assert (ruling.verdict, ruling.reason[:15]) == ("inconclusive", "fewer than 5 di")
    assert reproducibility(replace(ruling, verdict="supported"), below) is None
    assert seeds_to_decision(ruling, below) is None


def test_a_means_interval_is_as_wide_as_its_floor():
    half = stats.t.isf(0.001, 13) * FLOOR / math.sqrt(14)
    found = interval(FIVE_CELLS, "mean", 0.001, FLOOR)
    assert (found.low, found.high) == pytest.approx((-half, half), rel=1e-12)
    half = stats.t.isf(ALPHA / 8, 13) * FLOOR / math.sqrt(14)
    ruling = decide(FIVE_CELLS, ASKED)
    assert (ruling.low, ruling.high) == pytest.approx((-half, half), rel=1e-12)


def test_reproducibility_has_the_floor_for_spread_and_width():
    """An edge so near that the figure is well inside (0, 1)."""
    half = stats.t.isf(ALPHA / 8, 13) * FLOOR / math.sqrt(14)
    asked = replace(ASKED, region=Region(high=half + 0.02))
    ruling = decide(FIVE_CELLS, asked)
    assert ruling.verdict == "supported"
    expected = stats.t(13, loc=0, scale=FLOOR * math.sqrt(2 / 14)).cdf(0.02)
    assert 0.6 < expected < 0.9
    assert reproducibility(ruling, asked) == pytest.approx(expected, rel=1e-9)


def test_advice_has_the_floor():
    """The seeds after which the floor's half-width is below the distance to the edge, and not one sooner."""
    asked = replace(ASKED, region=Region(high=0.05))
    ruling = decide(FIVE_CELLS, asked)
    seeds = seeds_to_decision(ruling, asked)

    def half(n):
        return stats.t.isf(ALPHA / 8, n - 1) * FLOOR / math.sqrt(n)

    assert half(seeds) < 0.05 <= half(seeds - 1)


def test_a_gap_is_beyond_five_times_deviation_and_five_times_floor():
    """Deviation 1 of the values −2 … 2 and of those beside them."""
    values = [-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.0]
    deviation = median(abs(value - median(values)) for value in values)
    assert deviation == 1
    for step, found in ((4.999, False), (5.001, True)):
        beyond = [*values[:-1], 2.0 + step]
        assert has_gap(beyond, 0.0) is found
        assert has_gap([step if value else 0.0 for value in [0] * 13 + [1]], 1.0) is found


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize(
    ("region", "edges"),
    [(Region(-1, 1), 2), (Region(high=1), 1), (Region(low=-1), 1)],
    ids=["two", "low", "high"],
)
def test_levels_are_an_eighth_of_their_alpha_and_half_of_it_outside_of_two_edges(region, edges, exchanged):
    question = replace(ASKED, region=region, exchanged=exchanged)
    assert len(LOOKS) == 8
    supported, refuted = (edges, 1) if exchanged else (1, edges)
    assert level_of("supported", question) == pytest.approx(ALPHA / 8 / supported, rel=1e-15)
    assert level_of("refuted", question) == pytest.approx(ALPHA_REFUTE / 8 / refuted, rel=1e-15)


def test_looks_are_those_that_were_simulated():
    """The figures of docs/verdicts.md and the level, alpha over their number, belong to these."""
    assert LOOKS == (14, 21, 32, 48, 72, 108, 162, 243)
    assert RULE == 2  # a record says by which rule it was judged: other looks or levels are another rule


def test_what_is_shown_of_reproducibility_begins_at_21_seeds_and_ends_at_their_number():
    assert FRAGILE == 0.99
    assert shown(1.0, 20) is None
    assert shown(1.0, 21) == 21 / 22
    assert shown(0.5, 21) == 0.5
    assert shown(None, 243) is None


def test_neighbours_are_compared_from_21_seeds_on_half_of_them_distinct():
    assert (LEAST_SEEDS, NOTE_LEVEL) == (21, 0.001)
    values = [float(k) for k in range(22)]
    assert lag_one(values[:20]) is None
    assert lag_one(values[:21]) is not None
    assert lag_one([float(k // 2) for k in range(22)]) is not None
    assert lag_one([float(min(k, 9)) for k in range(22)]) is None
