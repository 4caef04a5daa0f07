"""The effect bar: whatever its unit, an interval lies on the page as it lies to its region."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made import INSTANCE, LAW
from msgspec.structs import replace

from harness.questions import Unit
from harness.report.distance import how_far
from harness.report.html.bars import SPAN, WIDTH, bar, caterpillar, scale_of
from harness.report.html.figures import figure_of, fit_figure
from harness.report.html.ticks import ticks
from harness.report.record import InstanceRecord, Side

REACH = st.floats(-1e6, 1e6)


def row(region: tuple[Side, Side], unit: Unit, x: float, exchanged: bool = False) -> InstanceRecord:
    """An instance whose effect is x on every seed."""
    shown = {"region": region, "unit": unit, "exchanged": exchanged, "parts": ()}
    return replace(INSTANCE, estimate=x, interval=(x, x), values=(x, x), **shown)


KINDS: list[tuple[tuple[Side, Side], Unit, bool]] = [
    ((-0.05, 0.05), "ratio", False),
    ((-0.05, 0.05), "ratio", True),
    ((-2.0, 3.0), "difference", True),
    ((-0.6, -0.4), "exponent", False),
    ((-0.5, None), "exponent", False),
    ((None, 0.0), "exponent", False),
    ((None, 1.0), "violation", False),
    ((None, math.log(0.2)), "log-value", False),
    ((math.log(3), None), "speed-up", False),
    ((None, 4.0), "value", False),
    ((None, -4.0), "value", False),
    ((0.0, None), "difference", False),
]


@given(st.sampled_from(KINDS), st.floats(-8, 8))
def test_an_effect_lies_as_far_from_0_as_a_history_says_and_in_the_shade_where_the_claim_holds(
    kind: tuple[tuple[Side, Side], Unit, bool], x: float
) -> None:
    region, unit, exchanged = kind
    x = abs(x) if unit == "violation" else x
    shown = row(region, unit, x, exchanged)
    scale, far = scale_of(shown, unit), how_far(shown)
    assert far is not None
    assert abs(scale(x)) == far
    assert (scale.shade[0] <= scale(x) <= scale.shade[1]) == (far <= 1)
    assert all(abs(edge) == 1 for edge in scale.edges)


@given(st.sampled_from(KINDS), st.floats(-8, 8), st.floats(0, 8))
def test_larger_effects_lie_further_right(
    kind: tuple[tuple[Side, Side], Unit, bool], x: float, more: float
) -> None:
    region, unit, exchanged = kind
    scale = scale_of(row(region, unit, x, exchanged), unit)
    assert scale(x) <= scale(x + more)


@pytest.mark.parametrize(
    ("region", "unit", "exchanged", "x", "t"),
    [
        ((-0.05, 0.05), "ratio", False, 0.05, 1),
        ((-0.6, -0.4), "exponent", False, -0.6, -1),
        ((-0.6, -0.4), "exponent", False, -0.5, 0),
        ((-0.5, None), "exponent", False, -0.5 - math.log(2), -2),
        ((None, 1.0), "violation", False, 0.5, 0.5),
        ((None, math.log(0.2)), "log-value", False, math.log(0.4), 2),
        ((None, math.log(0.2)), "log-value", False, math.log(0.1), 0.5),
        ((math.log(3), None), "speed-up", False, math.log(6), -0.5),
        ((None, 4.0), "value", False, 4 + 4 * math.log(2), 2),
        ((0.0, None), "difference", False, -math.log(2), -2),  # a bound of 0: one unit is 1
        ((-math.log(2), math.log(2)), "ratio", True, math.log(4), -0.5),
        ((-math.log(2), math.log(2)), "ratio", True, -math.log(4), 0.5),
        ((-2.0, 2.0), "difference", True, 0.0, -math.e),
    ],
)
def test_the_axis_counts_margins(
    region: tuple[Side, Side], unit: Unit, exchanged: bool, x: float, t: float
) -> None:
    assert scale_of(row(region, unit, x, exchanged), unit)(x) == pytest.approx(t, abs=1e-12)


def test_more_seeds_move_no_row() -> None:
    """A narrower interval around the same estimate leaves it where it was, also beside a bound of 0."""
    wide, narrow = (
        replace(row((None, 0.0), "value", 0.5), interval=(0.5 - reach, 0.5 + reach)) for reach in (0.4, 0.04)
    )
    assert bar(wide, "value").dot == bar(narrow, "value").dot


def test_an_open_side_of_an_interval_ends_where_the_axis_does() -> None:
    below = replace(row((None, 0.5), "ratio", 0.0), interval=(None, None))
    assert bar(below, "ratio").line == ""
    start, _ = pixels(bar(replace(below, interval=(None, 0.2)), "ratio").line)
    assert start == WIDTH / 2  # a ratio of 0
    assert bar(replace(below, interval=(0.2, None)), "ratio").arrows.count("M") == 1


def pixels(path: str) -> list[float]:
    """Where a bar's line begins and ends."""
    found = re.fullmatch(r"M(\S+) \S+H(\S+)", path)
    assert found
    return [float(x) for x in found.groups()]


@given(low=REACH, width=st.floats(0, 1e6), edge=REACH, margin=st.floats(1e-3, 1e3))
def test_the_line_is_in_the_shade_exactly_where_the_interval_is_in_the_region(
    low: float, width: float, edge: float, margin: float
) -> None:
    shown = replace(INSTANCE, interval=(low, low + width), region=(edge, edge + margin), estimate=low)
    drawn = bar(shown, "ratio")
    start, end = pixels(drawn.line)
    assert 0 <= start <= end <= WIDTH
    left, right = drawn.region[0], drawn.region[0] + drawn.region[1]
    near = 0.6  # pixels: coordinates are rounded, and a line is never shorter than half of one
    assert (low >= edge) == (start >= left - near) or abs(start - left) <= near
    assert (low + width <= edge + margin) == (end <= right + near) or abs(end - right) <= near


def test_beyond_the_axis_there_is_an_arrow() -> None:
    margin = 0.05
    for factor, arrows in ((SPAN - 0.1, 0), (SPAN + 0.1, 1)):
        shown = replace(INSTANCE, interval=(0.0, factor * margin), region=(-margin, margin))
        assert bar(shown, "ratio").arrows.count("M") == arrows
    assert bar(replace(INSTANCE, interval=(None, None)), "ratio").line == ""
    assert bar(replace(INSTANCE, interval=(None, 0.0)), "ratio").arrows.startswith("M5 ")


def test_two_intervals_stand_on_one_axis() -> None:
    earlier = replace(INSTANCE, interval=(-0.04, 0.02))
    both = bar(INSTANCE, "ratio", earlier)
    before, after = pixels(both.before), pixels(both.line)
    assert after[0] - before[0] == pytest.approx(after[1] - before[1], abs=0.11)
    assert after[0] > before[0]
    assert both.region == bar(INSTANCE, "ratio").region


def test_many_intervals_stand_in_the_order_of_their_estimates() -> None:
    made = [
        replace(INSTANCE, id=str(k), estimate=e, interval=(e - 0.01, e + 0.01))
        for k, e in enumerate((0.03, -0.03, 0.0))
    ]
    drawn = caterpillar(made)
    assert drawn
    starts = [float(x) for x in re.findall(r"M(\S+) \S+H", drawn.line)]
    assert starts == sorted(starts)
    assert len(starts) == 3


def test_claims_of_different_kinds_have_no_common_axis() -> None:
    assert caterpillar([INSTANCE, INSTANCE]) is not None
    assert caterpillar([INSTANCE, replace(INSTANCE, region=(None, 0.0))]) is None
    assert caterpillar([INSTANCE, LAW]) is None


def test_a_sample_has_a_dot_for_each_seed_and_a_line_for_each_look() -> None:
    figure = figure_of(INSTANCE)
    assert figure
    assert figure.dots.count("h0") == INSTANCE.n
    assert [look.text for look in figure.looks] == ["n = 6", "n = 9"]
    assert figure_of(replace(INSTANCE, values=())) is None


def test_a_record_without_looks_shows_the_last() -> None:
    figure = figure_of(replace(INSTANCE, looks=()))
    assert figure
    assert [look.text for look in figure.looks] == ["n = 9"]


def test_the_fitted_line_has_the_slope() -> None:
    assert LAW.fit
    figure = fit_figure(LAW.fit, -0.5, LAW.region)
    assert figure
    x0, y0, x1, y1 = map(float, re.findall(r"-?[\d.]+", figure.line))
    (tx0, a), (tx1, b) = figure.x_ticks[0], figure.x_ticks[-1]
    per_x = (tx1 - tx0) / math.log(float(b) / float(a))
    (ty0, c), (ty1, d) = figure.y_ticks[0], figure.y_ticks[-1]
    per_y = (ty1 - ty0) / math.log(float(d) / float(c))
    assert (y1 - y0) / per_y / ((x1 - x0) / per_x) == pytest.approx(-0.5, abs=0.02)
    assert figure.dots.count("h0") == 4


@pytest.mark.parametrize("at", [(0.0, 1.0), (-1.0, 1.0), ()])
def test_points_without_logarithms_are_not_drawn(at: tuple[float, ...]) -> None:
    assert LAW.fit
    assert fit_figure(replace(LAW.fit, at=at, mean=at, sd=at), 1.0, (0.0, 2.0)) is None


@pytest.mark.parametrize(
    ("low", "high", "unit", "labels"),
    [
        (-0.05, 0.05, "ratio", ["-4%", "-2%", "+0%", "+2%", "+4%"]),
        (math.log(0.1), math.log(0.45), "log-value", ["0.1", "0.2", "0.3", "0.4"]),
        (math.log(1), math.log(100), "speed-up", ["1 ×", "2 ×", "5 ×", "10 ×", "20 ×", "50 ×", "100 ×"]),
        (-0.61, -0.39, "exponent", ["-0.6", "-0.55", "-0.5", "-0.45", "-0.4"]),
    ],
)
def test_ticks_are_round_where_people_read_them(
    low: float, high: float, unit: Unit, labels: list[str]
) -> None:
    assert [text for _, text in ticks(low, high, unit)] == labels


@given(low=REACH, width=st.floats(0, 1e6), unit=st.sampled_from(["ratio", "value", "speed-up"]))
@example(low=0.0, width=5e-324, unit="value")
@example(low=-299.0, width=0.5, unit="ratio")
def test_ticks_are_few_and_inside(low: float, width: float, unit: Unit) -> None:
    found = ticks(low, low + width, unit)
    assert len(found) <= 12
    assert all(low - 1e-6 * (1 + width) <= x <= low + width + 1e-6 * (1 + width) for x, _ in found)
