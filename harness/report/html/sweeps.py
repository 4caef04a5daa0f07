"""Sweeps at a glance: a curve of intervals over one axis, heat maps of verdicts over two.

A claim whose instances differ along one axis has a curve. If they differ along more, it has maps: the two
axes with the most values span a map, and there is one map for each combination of the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harness.declare import Value
from harness.report.html.figures import spanning
from harness.report.html.labels import effect_label
from harness.report.html.templating import short
from harness.report.html.ticks import ticks
from harness.report.html.views import ODD, ClaimView, InstanceView
from harness.report.lettering import label_rows, middle_within
from harness.report.maps import order_of
from harness.report.record import InstanceRecord
from harness.text import label_of

CURVE_WIDTH, CURVE_HEIGHT = 360, 190
_LEFT, _BOTTOM, _TOP = 56, 34, 20
_LETTERING = 10.5
"""The size of its texts, in the units of its width."""
_ROWS = 4
"""The most rows of words below a curve. Numbers have one, as a reader can tell those that it leaves out."""
_LONGEST = 24
"""The most letters of a word."""


@dataclass(frozen=True)
class Map:
    """One heat map: rows of cells, None if nothing was judged."""

    title: str
    x_axis: str
    y_axis: str
    x: tuple[str, ...]
    rows: tuple[tuple[str, tuple[InstanceView | None, ...]], ...]


@dataclass(frozen=True)
class Curve:
    """Intervals over one axis, over the region if that is the same for all."""

    axis: str
    label: str
    """What is measured, for the other axis."""
    region: tuple[float, float] | None
    edges: tuple[float, ...]
    intervals: str
    dots: str
    x_ticks: tuple[tuple[float, str, int], ...]
    """Place, label and row below the axis, from 0."""
    y_ticks: tuple[tuple[float, str], ...]

    @property
    def rows(self) -> int:
        """How many rows of labels it has."""
        return 1 + max((row for _, _, row in self.x_ticks), default=0)


@dataclass(frozen=True)
class Sweep:
    """The maps of a claim, or its curve."""

    claim: ClaimView
    maps: tuple[Map, ...]
    curve: Curve | None

    @property
    def verdicts(self) -> list[str]:
        """The verdicts that its maps show."""
        return [record.verdict for record in self.claim.records] if self.maps else []

    @property
    def odd(self) -> bool:
        """Whether its maps show a verdict that is not as expected."""
        return bool(self.maps) and ODD in self.claim.tokens


def sweeps(claims: Sequence[ClaimView]) -> list[Sweep]:
    """The sweeps of the claims that have any."""
    found = []
    for claim in claims:
        axes = _axes([view.record for view in claim.instances])
        if len(axes) == 1:
            curve = _curve(claim, *next(iter(axes.items())))
            if curve:
                found.append(Sweep(claim, (), curve))
        elif axes:
            found.append(Sweep(claim, _maps(claim, axes), None))
    return found


def _axes(instances: Sequence[InstanceRecord]) -> dict[str, list[str]]:
    """The axes along which the points differ, each with its labels: numbers by size, then words."""
    values: dict[str, dict[str, Value]] = {}
    for axis, value in (each for i in instances for each in i.point.items()):
        values.setdefault(axis, {})[label_of(value)] = value
    return {
        axis: sorted(found, key=lambda label: order_of(found[label]))
        for axis, found in values.items()
        if len(found) > 1
    }


def _maps(claim: ClaimView, axes: dict[str, list[str]]) -> tuple[Map, ...]:
    by_size = sorted(axes, key=lambda name: -len(axes[name]))
    x_axis, y_axis = by_size[:2]
    others = [name for name in axes if name not in (x_axis, y_axis)]
    labelled = [(v.record.labels, v) for v in claim.instances]
    places = {tuple(labels.get(name, "") for name in axes): v for labels, v in labelled}
    found = []
    combinations = {
        tuple(labels.get(name, "") for name in others): [order_of(v.record.point.get(o, "")) for o in others]
        for labels, v in labelled
    }
    for labels in sorted(combinations, key=combinations.__getitem__):
        fixed = dict(zip(others, labels, strict=True))
        rows = []
        for y in axes[y_axis]:
            point = {**fixed, y_axis: y}
            cells = tuple(
                places.get(tuple({**point, x_axis: x}.get(name, "") for name in axes)) for x in axes[x_axis]
            )
            rows.append((y, cells))
        title = ", ".join(f"{name}={label}" for name, label in fixed.items())
        found.append(Map(title, x_axis, y_axis, tuple(axes[x_axis]), tuple(rows)))
    return tuple(found)


def _was_measured(instance: InstanceRecord) -> bool:
    """Whether there is something to draw. For a boundary, one end is enough."""
    return instance.estimate is not None or (
        instance.boundary is not None and instance.interval != (None, None)
    )


def on_axis(instance: InstanceRecord) -> InstanceRecord:
    """The instance as a curve shows it: a boundary by its logarithm."""
    if instance.boundary is None:
        return instance
    (low, high), (bottom, top) = instance.interval, instance.region
    estimate, low, high, bottom, top = (
        None if side is None else math.log(side) for side in (instance.estimate, low, high, bottom, top)
    )
    return msgspec.structs.replace(
        instance, unit="log-value", estimate=estimate, interval=(low, high), region=(bottom, top)
    )


def _tick(place: float, label: str) -> tuple[float, str]:
    """A label as it is shown, and its middle: at its place, unless it would leave the chart there."""
    text = short(label, _LONGEST)
    return middle_within(place, text, _LETTERING, 0.0, CURVE_WIDTH), text


def _curve(claim: ClaimView, name: str, labels: list[str]) -> Curve | None:
    measured = [on_axis(v.record) for v in claim.instances if _was_measured(v.record)]
    if len(measured) < 2 or len({i.unit for i in measured}) > 1:
        return None
    sides = [side for i in measured for side in (*i.interval, *i.region, i.estimate)]
    y = spanning(sides, CURVE_HEIGHT - _BOTTOM - 4, _TOP)
    if y is None or not math.isfinite(y.high - y.low):
        return None
    step = (CURVE_WIDTH - _LEFT - 8) / len(labels)
    places = {label: _LEFT + step * (k + 0.5) for k, label in enumerate(labels)}
    region: tuple[float, float] | None = None
    edges: tuple[float, ...] = ()
    if len({i.region for i in measured}) == 1:
        low, high = measured[0].region
        top = y.end if high is None else y(high)
        bottom = y.start if low is None else y(low)
        region = (top, max(0.0, bottom - top))
        edges = tuple(y(side) for side in (low, high) if side is not None)
    drawn = [(places[label_of(i.point[name])], i) for i in measured if name in i.point]
    most = _ROWS if any(isinstance(i.point.get(name), str) for i in measured) else 1
    ticked = [_tick(places[label], label) for label in labels]
    rows = label_rows(ticked, _LETTERING, most)
    return Curve(
        axis=name,
        label=effect_label(claim.first),
        region=region,
        edges=edges,
        intervals="".join(
            f"M{x:.1f} {y.start if i.interval[0] is None else y(i.interval[0]):.1f}"
            f"V{y.end if i.interval[1] is None else y(i.interval[1]):.1f}"
            for x, i in drawn
            if i.interval != (None, None)
        ),
        dots="".join(f"M{x:.1f} {y(i.estimate):.1f}h0" for x, i in drawn if i.estimate is not None),
        x_ticks=tuple((*tick, row) for tick, row in zip(ticked, rows, strict=True) if row < most),
        y_ticks=tuple((y(t), text) for t, text in ticks(y.low, y.high, measured[0].unit)),
    )
