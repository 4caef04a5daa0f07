"""What the judge says is equal to itself, with NaN in it too, on every version of Python."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.judge.interval import Interval
from harness.judge.straightness import Bend

NOTHING = Interval(float("nan"), -math.inf, math.inf)
BENT = Bend(float("nan"), -1.0, 1.0, (0.5,), "open")


@pytest.mark.parametrize("said", [NOTHING, BENT])
def test_nan_is_the_same_as_nan(said: Interval | Bend) -> None:
    other = replace(said, estimate=float("nan"))
    assert said == said == other
    assert hash(said) == hash(other)
    assert replace(said, high=2.0) != said != replace(said, estimate=0.0)


def test_classes_differ() -> None:
    assert NOTHING != BENT
    assert (NOTHING.estimate, NOTHING.low, NOTHING.high) != NOTHING
