"""Sweeps: curves over one axis, maps over two, one for each value of the others."""

from __future__ import annotations

import itertools

from made import INSTANCE, at_sizes, record
from msgspec.structs import replace
from pages import assert_inert, find, text_of

from harness.report.html import page
from harness.report.html.sweeps import CURVE_WIDTH, sweeps
from harness.report.html.views import claim_views
from harness.report.lettering import text_width
from harness.report.record import InstanceRecord


def grid(**axes: tuple[int | str, ...]) -> list[InstanceRecord]:
    made = []
    for labels in itertools.product(*axes.values()):
        point = dict(zip(axes, labels, strict=True))
        id_ = ",".join(f"{axis}={label}" for axis, label in point.items())
        made.append(replace(INSTANCE, id=f"toys/same[{id_}]", point=point))
    return made


def test_two_axes_span_a_map_and_the_third_has_one_for_each_value() -> None:
    made = grid(data=("x", "y"), hidden=(1, 2, 3), width=(512, 64, 1024))
    (sweep,) = sweeps(claim_views(made[:-1], {}, {}))
    assert [found.title for found in sweep.maps] == ["data=x", "data=y"]
    first, second = sweep.maps
    assert (first.y_axis, first.x_axis) == ("width", "hidden")
    assert [label for label, _ in first.rows] == ["64", "512", "1024"]  # by size, not as words
    for label, cells in first.rows:
        for x, cell in zip(first.x, cells, strict=True):
            assert cell
            assert cell.record.labels == {"data": "x", "hidden": x, "width": label}
    assert second.rows[-1][1][-1] is None


def test_a_cell_leads_to_its_row_and_says_its_verdict() -> None:
    made = grid(hidden=(1, 2), width=(64, 512))
    made[0] = replace(made[0], verdict="refuted", outcome="unexpected")
    tree = assert_inert(page(record(*made)))
    (table,) = find(tree, "table", class_="map")
    cells = find(table, "a")
    assert [text_of(cell) for cell in cells] == [
        "✗▽ refuted, not as expected",
        "▲ supported",
        "▲ supported",
        "▲ supported",
    ]
    bodies = {body.get("id"): text_of(body) for body in find(tree, "tbody") if body.get("id")}
    for cell in cells:
        point = (cell.get("title") or "").partition(":")[0]
        assert point in bodies[(cell.get("href") or "")[1:]]


def test_one_axis_has_a_curve() -> None:
    (sweep,) = sweeps(claim_views(at_sizes(4), {}, {}))
    assert sweep.curve
    assert sweep.curve.axis == "size"
    assert [label for _, label, _ in sweep.curve.x_ticks] == ["1", "2", "3", "4"]
    assert sweep.curve.rows == 1
    assert sweep.curve.intervals.count("V") == sweep.curve.dots.count("h0") == 4
    assert sweep.curve.region


def test_below_a_curve_over_words_each_word_stands_and_none_meets_another() -> None:
    nets = ["residual", "layer-normalised", "flattened", "pooled", "recurrent", "attention", "an" * 14]
    made = [replace(INSTANCE, id=f"toys/same[net={net}]", point={"net": net}) for net in nets]
    (sweep,) = sweeps(claim_views(made, {}, {}))
    assert sweep.curve
    assert [label for _, label, _ in sweep.curve.x_ticks] == sorted([*nets[:-1], "an" * 11 + "a…"])
    ends: dict[int, float] = {}
    for middle, label, row in sweep.curve.x_ticks:
        half = text_width(label, 10.5) / 2
        assert middle - half > ends.get(row, -1.0)
        assert middle + half <= CURVE_WIDTH
        ends[row] = middle + half
    assert sweep.curve.rows == len(ends) > 1
    charts = find(assert_inert(page(record(*made))), "svg")
    (chart,) = (svg for svg in charts if svg.get("height") == str(178 + 12 * len(ends)))
    assert {text_of(text) for text in find(chart, "text")} > {label for _, label, _ in sweep.curve.x_ticks}


def test_a_single_instance_is_no_sweep() -> None:
    assert sweeps(claim_views([INSTANCE], {}, {})) == []
