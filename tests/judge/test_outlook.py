"""What a budget can be expected to decide, by a few values."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.judge import outlook
from harness.questions import Closeness, Linear, Question, Reading, Region

READING = Reading("ntk.fake", (), "a")
QUESTION = Question("", Linear((READING,), (1.0,), "linear"), Region(-1.0, 1.0), "mean", 0.001, 0.001, 48)
# Mean 0 and deviation 1.
SEEN = [math.sqrt(5 / 6), -math.sqrt(5 / 6)] * 3


def test_the_margin_is_half_the_interval_at_the_budget() -> None:
    """docs/verdicts.md: half the interval is 0.572 deviations at 48 seeds, 0.969 at 21."""
    found = outlook(QUESTION, SEEN)
    assert found is not None
    assert (found.deviation, found.margin) == (pytest.approx(1.0), pytest.approx(0.572, abs=5e-4))
    assert found.seeds == 21
    less = outlook(replace(QUESTION, budget=21), SEEN)
    assert less is not None
    assert less.margin == pytest.approx(0.969, abs=5e-4)


def test_a_mean_beside_the_middle_needs_more() -> None:
    moved = outlook(QUESTION, [x + 0.4 for x in SEEN])
    assert moved is not None
    assert (moved.margin, moved.seeds) == (pytest.approx(0.972, abs=5e-4), 48)
    on_the_edge = outlook(QUESTION, [x + 1.0 for x in SEEN])
    assert on_the_edge is not None
    assert on_the_edge.seeds is None
    beyond = outlook(QUESTION, [x + 2.0 for x in SEEN])  # outside two edges: half the level
    assert beyond is not None
    assert beyond.seeds == 32


@pytest.mark.parametrize(("region", "margin"), [(Region(high=1.0), 0.572), (Region(low=-1.0), -0.572)])
def test_of_one_side_it_is_the_bound_itself(region: Region, margin: float) -> None:
    found = outlook(replace(QUESTION, region=region), SEEN)
    assert found is not None
    assert (found.margin, found.seeds) == (pytest.approx(margin, abs=5e-4), 21)


def test_a_first_look_that_is_demanded_counts() -> None:
    found = outlook(replace(QUESTION, least=108, budget=162), SEEN)
    assert found is not None
    assert found.seeds == 108


def test_nothing_is_said_where_no_mean_decides_or_too_little_is_known() -> None:
    assert outlook(QUESTION, SEEN[:5]) is None
    assert outlook(replace(QUESTION, centre="median"), SEEN) is None
    assert outlook(replace(QUESTION, deterministic=True), SEEN) is None
    assert outlook(replace(QUESTION, effect=Closeness((READING,), 0.0, 1.0)), SEEN) is None
    exchanged = outlook(replace(QUESTION, exchanged=True), SEEN)
    assert exchanged is not None
    assert exchanged.margin is None
