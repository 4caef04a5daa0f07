"""How rare an event n seeds may miss: by hand, and by drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.questions import LOOKS
from harness.suite.unseen import least_look, leaves_open


def test_what_each_look_leaves_open() -> None:
    """The largest p with (1 − p)ⁿ ≥ 0.001, to the digits of docs/verdicts.md."""
    shown = [f"{100 * leaves_open(n, 0.001):.2g}%" for n in LOOKS]
    assert shown == ["39%", "28%", "19%", "13%", "9.1%", "6.2%", "4.2%", "2.8%"]


@given(st.integers(1, 300), st.floats(1e-9, 0.4))
def test_it_is_the_chance_that_leaves_no_trace_at_alpha(n: int, alpha: float) -> None:
    # 1e-9: of a power of 300, whose base is rounded at 1e-16.
    assert (1 - leaves_open(n, alpha)) ** n == pytest.approx(alpha, rel=1e-9)


def test_the_least_look_of_a_share() -> None:
    expected = {0.5: 14, 0.39: 14, 0.38: 21, 0.13: 72, 0.14: 48, 0.05: 162, 0.04: 243, 0.028: None, 0.03: 243}
    assert {rare: least_look(rare, 0.001) for rare in expected} == expected
    assert least_look(0.05, 0.05) == 72  # 1 − 0.05^(1/48) = 6.05%, of 72 4.1%
    for look in LOOKS:
        assert least_look(leaves_open(look, 0.001), 0.001) == look


def test_an_event_of_that_chance_is_missed_as_often() -> None:
    """α = 0.1, 14 seeds: 10,000 samples, 1,000 ± 30 without the event; 5 standard errors are allowed."""
    chance = leaves_open(14, 0.1)
    missed = (np.random.default_rng(4).random((10_000, 14)) >= chance).all(axis=1).sum()
    assert abs(int(missed) - 1000) <= 150
