"""The figure of a claim: estimates and intervals of its instances along an axis, over the claim's region.

One axis runs from left to right. Of the others, one has a colour for each of its values; the rest have a
panel for each combination, one below the other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.declare import Value
from harness.report.claim_verdicts import written_out
from harness.report.figure.frame import (
    LEFT,
    LINE,
    PANEL,
    RIGHT,
    SMALL,
    FigureAxis,
    Ticks,
    axis_over,
    band,
    heading,
    interval_at,
    legend,
    moved_mark,
    names_of_axes,
    rows_of_labels,
    signs,
    ticked_axes,
    zero_line,
)
from harness.report.figure.labels import axis_label, quantity_label
from harness.report.figure.marks import COLUMN, INK, SERIES, FigureError, Ink, Lettering
from harness.report.figure.scene import Drawing
from harness.report.html.sweeps import on_axis
from harness.report.html.ticks import ticks
from harness.report.record import InstanceRecord, MapRecord
from harness.text import label_of

PANELS = 12
"""The most panels of a figure, so that it fits a page."""
_DODGE = 4.0
"""Points between the intervals of two colours at one place of the axis."""
_ROWS = 6
"""The most rows of words below an axis: twelve names of 20 letters fit a column."""
_DECADES = math.log(8)
"""Positive numbers that span more than this (in logarithms) have a logarithmic axis."""


@dataclass(frozen=True)
class Layout:
    """Which axis runs along, which has the colours, and which have panels. `layout_of` makes it."""

    along: str
    labels: tuple[str, ...]
    places: tuple[float, ...]
    """Where each label stands, in the units of the axis (logarithms, numbers, or 0, 1, 2, …)."""
    series: str
    colors: Mapping[str, str]
    panels: tuple[Mapping[str, str], ...]
    """The labels of the axes that have panels; one empty mapping of a figure with one panel."""
    most_rows: int = 1
    """Rows of labels below the axis: of numbers one, as a reader can tell those that it leaves out."""

    @property
    def x_ticks(self) -> Ticks:
        """Each label at its place."""
        return list(zip(self.places, self.labels, strict=True))

    def place(self, instance: InstanceRecord) -> float:
        """Where an instance stands on the axis."""
        return self.places[self.labels.index(instance.labels.get(self.along, ""))]


def sweep_drawing(instances: Sequence[InstanceRecord], along: str = "") -> Drawing:
    """The figure of the instances of one claim, which have several points.

    Raises `FigureError` if nothing was measured, or if the instances need more panels than a page has.
    """
    shown = [on_axis(i) for i in instances if i.interval != (None, None) and i.unit == instances[0].unit]
    if not shown:
        raise FigureError(f"{instances[0].claim}: expected an instance that was measured, found none")
    layout = layout_of(shown, along)
    first = shown[0]
    says = written_out(instances)
    marks, top = heading(says)
    told, top = legend([(layout.colors[label], f"{layout.series} = {label}") for label in layout.colors], top)
    marks += told
    left = LEFT
    for panel in layout.panels:
        members = [i for i in shown if all(i.labels.get(axis, "") == v for axis, v in panel.items())]
        title = ", ".join(f"{axis} = {label}" for axis, label in panel.items())
        if title:
            marks.append(Lettering(left, top + LINE - 2, title, SMALL, color=INK))
            top += LINE
        # Panels of a boundary have one scale, that of the range that was searched: they are to be compared.
        sides, room = (_sides(members), 0.06) if first.boundary is None else (_searched(shown), 0.1)
        y = axis_over(sides, top + PANEL, top + 3, room)
        if y is None:
            continue
        x = _along(layout, left, COLUMN - RIGHT)
        marks += _panel(members, layout, x, y)
        last = panel == layout.panels[-1]
        label = axis_label(first, layout.along) if last else ""
        rows = rows_of_labels(x, layout.x_ticks, layout.most_rows)
        more = LINE * min(max(rows), layout.most_rows - 1)
        bottom = top + PANEL + 20 + more
        marks += names_of_axes(label, quantity_label(first), x, y, bottom)
        top = bottom + 4 if last else bottom - 4
    verdicts = {instance.verdict for instance in shown}
    said, top = signs(top + 1, verdicts, shaded=any(i.region != (None, None) for i in shown))
    caption = _caption(says, shown, layout)
    if lacking := len(instances) - len(shown):
        has = "has" if lacking == 1 else "have"
        caption += f" {lacking} of {len(instances)} instances {has} no interval and no place in the figure."
    return Drawing(COLUMN, top + 4, says, caption, (*marks, *said))


def map_drawing(found: MapRecord, lines: Sequence[InstanceRecord], along: str = "") -> Drawing:
    """The figure of a map: where the boundary of each of its claims lies along the map's second axis.

    Raises `FigureError` as `sweep_drawing` does.
    """
    of_claims = [[line for line in lines if line.claim == claim] for claim in found.claims]
    measured = [some for some in of_claims if any(line.interval != (None, None) for line in some)]
    if not measured:
        raise FigureError(f"{found.id}: expected a map that was measured, found none")
    drawings = [sweep_drawing(some, along or found.axes[1]) for some in measured]
    marks: list[Ink] = []
    height = 0.0
    for drawing in drawings:
        marks += [moved_mark(mark, 0.0, height) for mark in drawing.marks]
        height += drawing.height
    caption = " ".join([f"{found.title}.", *(drawing.caption for drawing in drawings)])
    return Drawing(COLUMN, height, found.title, caption, tuple(marks))


def layout_of(instances: Sequence[InstanceRecord], along: str = "") -> Layout:
    """How the axes of a claim are used: the named one runs along, else the one with the most numbers.

    Raises `FigureError` for an axis that no instance has.
    """
    axes = varied_axes(instances)
    names = sorted({axis for instance in instances for axis in instance.point})
    if along and along not in names:
        has = ", ".join(names) or "no axis"
        raise FigureError(f"{instances[0].claim}: expected one of its axes, {has}, found {along!r}")
    chosen = along or max(axes, key=lambda name: _rank(axes[name]), default=names[0] if names else "")
    values = axes.get(chosen) or _values(instances, chosen)
    others = sorted((name for name in axes if name != chosen), key=lambda name: len(axes[name]))
    fitting = [name for name in others if len(axes[name]) <= len(SERIES)]
    series = fitting[-1] if fitting else ""
    rest = [name for name in others if name != series]
    combinations = itertools.product(*(axes[name] for name in rest))
    known = {tuple(i.labels.get(name, "") for name in rest) for i in instances}
    panels = tuple(dict(zip(rest, each, strict=True)) for each in combinations if each in known)
    if len(panels) > PANELS:
        least = f"name values with --at ({', '.join(rest)})"
        raise FigureError(
            f"{instances[0].claim}: expected at most {PANELS} panels, found {len(panels)}: {least}"
        )
    colors = dict(zip(axes[series], SERIES, strict=False)) if series else {}
    rows = 1 if all(map(_is_number, values.values())) else _ROWS
    return Layout(chosen, tuple(values), _places(list(values.values())), series, colors, panels, rows)


def varied_axes(instances: Sequence[InstanceRecord]) -> dict[str, dict[str, Value]]:
    """The axes along which the instances differ, each with its labels and values, in order."""
    names = dict.fromkeys(axis for instance in instances for axis in instance.point)
    found = {name: _values(instances, name) for name in names}
    return {name: values for name, values in found.items() if len(values) > 1}


def _values(instances: Sequence[InstanceRecord], axis: str) -> dict[str, Value]:
    values = {label_of(v): v for i in instances for v in (i.point.get(axis, ""),)}
    numbers = all(_is_number(value) for value in values.values())
    return dict(sorted(values.items(), key=lambda item: float(item[1]))) if numbers else values


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rank(values: Mapping[str, Value]) -> tuple[bool, int]:
    return all(map(_is_number, values.values())), len(values)


def _places(values: Sequence[Value]) -> tuple[float, ...]:
    """The places of an axis's values.

    Numbers stand at their value, on a logarithmic axis if they span much; words stand side by side.
    """
    if not all(map(_is_number, values)):
        return tuple(map(float, range(len(values))))
    numbers = [float(value) for value in values]
    if min(numbers) > 0 and math.log(max(numbers) / min(numbers)) >= _DECADES:
        return tuple(map(math.log, numbers))
    return tuple(numbers)


def _along(layout: Layout, start: float, end: float) -> FigureAxis:
    low, high = min(layout.places), max(layout.places)
    spare = (high - low) * 0.12 or 1.0
    return FigureAxis(low - spare, high + spare, start, end)


def _sides(instances: Sequence[InstanceRecord]) -> list[float | None]:
    """What the y axis shows: intervals and estimates, and the edges of regions that are not far away."""
    sides = [side for i in instances for side in (*i.interval, i.estimate)]
    known = [side for side in sides if side is not None and math.isfinite(side)]
    edges = [edge for i in instances for edge in i.region if edge is not None]
    if known:
        reach = 4 * (max(known) - min(known) or abs(max(known)) or 1.0)
        edges = [edge for edge in edges if min(known) - reach <= edge <= max(known) + reach]
    return [*sides, *edges]


def _searched(instances: Sequence[InstanceRecord]) -> list[float | None]:
    """The ends of the ranges in which boundaries were searched for, as logarithms, and their intervals."""
    ends = [math.log(end) for i in instances if i.boundary for end in i.boundary.ends]
    return [*ends, *_sides(instances)]


def _panel(instances: Sequence[InstanceRecord], layout: Layout, x: FigureAxis, y: FigureAxis) -> list[Ink]:
    marks: list[Ink] = []
    regions = {(i.region, i.exchanged) for i in instances}
    if len(regions) == 1:
        marks += band(instances[0].region, x.start, x.end, y, outside=instances[0].exchanged)
    else:
        half = (x.end - x.start) / len(layout.labels) / 3
        for instance in instances:
            at = x(layout.place(instance))
            marks += band(instance.region, at - half, at + half, y, outside=instance.exchanged)
    marks += zero_line(x, y)
    marks += ticked_axes(x, y, layout.x_ticks, ticks(y.low, y.high, instances[0].unit), layout.most_rows)
    order = list(layout.colors)
    for instance in instances:
        label = instance.labels.get(layout.series, "")
        shift = (order.index(label) - (len(order) - 1) / 2) * _DODGE if label in order else 0.0
        marks += interval_at(
            x(layout.place(instance)) + shift,
            instance.interval,
            instance.estimate,
            y,
            layout.colors.get(label, SERIES[0]),
            instance.verdict,
        )
    return marks


def _caption(says: str, instances: Sequence[InstanceRecord], layout: Layout) -> str:
    """What the figure shows, in sentences that may stand below it."""
    first = instances[0]
    counts = sorted({instance.n for instance in instances})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    alphas = ", ".join(f"{alpha:g}" for alpha in sorted({instance.alpha for instance in instances}))
    computed = all(instance.computed for instance in instances)
    how = "Computed, not sampled." if computed else (
        f"Intervals of the {first.centre} over {seeds} seeds, with error rate {alphas} over all looks."
    )  # fmt: skip
    along = f" along {layout.along}" if layout.along else ""
    shade = " The claim holds in the shade." if any(i.region != (None, None) for i in instances) else ""
    what = f"Where the boundary lies, {quantity_label(first)}" if first.boundary else (
        f"Estimates of {quantity_label(first)}"
    )  # fmt: skip
    return f"{says} {what}{along}. {how}{shade}"
