"""What is recorded beside a verdict: the points of a power law, the looks, the seconds of benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from records import record_of

from harness.report.details import shape_of
from harness.report.words import again

HEAD = """\
[suite]
format = 2
title = "t"
"""
LAW = (
    HEAD
    + """
[experiments.e]
run = "toys:pair"
with = { slope = 0.5, sd = 0.05 }
sweep = { size = [1, 2, 4, 8] }

[claims.law]
says = "…"
expect = "open"
experiment = "e"
power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.2 }
"""
)


def test_a_power_law_keeps_its_points(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(LAW)
    (instance,) = record_of(tmp_path / "t.toml").instances
    fit = instance.fit
    assert fit is not None
    assert (fit.axis, fit.at) == ("size", (1.0, 2.0, 4.0, 8.0))
    slope = np.polyfit(np.log(fit.at), fit.mean, 1)[0]
    assert slope == pytest.approx(instance.estimate)  # the slope of means is the mean of slopes
    assert fit.without_smallest == pytest.approx(np.polyfit(np.log(fit.at[1:]), fit.mean[1:], 1)[0])
    assert fit.curvature == pytest.approx(np.polyfit(np.log(fit.at), fit.mean, 2)[0], abs=1e-12)
    assert instance.looks[-1][0] == instance.n
    assert instance.looks[-1][1:] == instance.interval


def test_three_points_have_no_curvature() -> None:
    assert shape_of([0, 1, 2], [0, 1, 4]) == {"without_smallest": None, "curvature": None}
    assert shape_of([0, 1, 2, 3], [0, 1, 4, 9])["curvature"] == pytest.approx(1.0)
    assert shape_of([3, 0, 2, 1], [9, 0, 4, 1])["without_smallest"] == pytest.approx(4.0)


def test_the_seconds_of_benchmarks_are_those_that_were_compared(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        HEAD
        + """
[benchmarks.short]
run = "toys:wait"
with = { ms = 1.0 }

[benchmarks.long]
run = "toys:wait"
with = { ms = 4.0 }

[claims.beats]
says = "…"
expect = "open"
faster = { of = ["short", "long"], at-least = "2 x" }
"""
    )
    (instance,) = record_of(tmp_path / "t.toml").instances
    short, long = instance.timings
    assert (short.benchmark, long.benchmark) == ("short", "long")
    ratios = [math.log(y / x) for x, y in zip(short.seconds, long.seconds, strict=True)]
    assert ratios == pytest.approx(list(instance.values))
    assert min(short.seconds) >= 1e-3
    assert instance.reproducibility is None


def test_a_verdict_near_the_edge_is_fragile(tmp_path: Path) -> None:
    text = LAW.replace("slope = 0.5, sd = 0.05", "shift = SHIFT, sd = 0.03").replace("[1, 2, 4, 8]", "[1]")
    text = text.replace(
        'power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.2 }',
        'equal = { of = ["a.error", "b.error"], within = "5%" }',
    )
    found = {}
    for shift in (0.0, 0.03):
        (tmp_path / "t.toml").write_text(text.replace("SHIFT", str(shift)))
        (found[shift],) = record_of(tmp_path / "t.toml").instances
    assert {i.verdict for i in found.values()} == {"supported"}
    assert not found[0.0].fragile
    assert found[0.03].fragile
    assert again(found[0.03]).endswith("% fragile")
    assert "fragile" not in again(found[0.0])
