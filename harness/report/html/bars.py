"""The effect bar: an interval against its region, on one axis for every row of a page.

The axis counts margins, from −SPAN to SPAN, as `harness.judge.distance` does: x lies as far from 0 as its
distance is. So 1 and −1 are edges, and the shade shows where the claim holds:

    an interval must hold x          −1 … 1
    x must lie below a bound         0 … 1
    x must lie above a bound         −1 … 0
    x must leave an interval         −1 … 1: from 0 to 1 below the interval, from −1 to 0 above it (`differ`)
    tolerance (unit `violation`)     0 … 1

A boundary about which nothing is claimed is drawn over its range, −1 … 1. If another region has no edge, one
unit is the width of the row's interval. An interval is cut at the ends of the axis, and ends there with an
arrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge import Ruler, ruler_of_range
from harness.questions import Unit
from harness.report.distance import ruler_of
from harness.report.record import InstanceRecord, PartRecord, Side
from harness.report.words import effect

SPAN = 3.0
WIDTH, HEIGHT = 150, 16
_PER_UNIT = WIDTH / 2 / (SPAN + 0.1)
_GROUP_HEIGHT = 34
_RATIO = "1 is the bound; the axis counts ratios to it"
_STEP = "1 is the bound; 2.7 is as far beyond it as the bound is large"
_RANGE = "−1 and 1 are the ends of the range"
_BEYOND: dict[Unit, str] = {
    "ratio": _RATIO,
    "log-value": _RATIO,
    "speed-up": _RATIO,
    "exponent": "1 is the bound; 2.7 is an exponent that is 1 beyond it",
    "boundary": _RATIO,
    "value": _STEP,
    "difference": _STEP,
}


@dataclass(frozen=True)
class MarginScale:
    """A function from x to margins. `scale_of` makes it.

    The claim holds in `shade`, whose ends inside the axis are `edges`. `says` describes one unit. `centred`:
    0 is the middle of a region, or no deviation at all.
    """

    ruler: Ruler
    shade: tuple[float, float]
    edges: tuple[float, ...]
    says: str
    centred: bool = False

    def __call__(self, x: float) -> float:
        return self.ruler.position(x)


@dataclass(frozen=True)
class Bar:
    """What is drawn, in pixels of a WIDTH × height box: SVG paths, and a dot for the estimate."""

    region: tuple[float, float]
    edges: str
    line: str
    arrows: str
    dot: float | None
    says: str
    height: float = HEIGHT
    before: str = ""
    centred: bool = False
    labels: tuple[tuple[float, str], ...] = ()
    """The positions of the region's edges, and their labels."""


def scale_of(shown: InstanceRecord | PartRecord, unit: Unit) -> MarginScale:
    """The axis of one row."""
    low, high = shown.region
    if isinstance(shown, InstanceRecord) and shown.boundary is not None and low is None and high is None:
        return MarginScale(
            ruler_of_range(*shown.boundary.ends), (-1.0, 1.0), (-1.0, 1.0), _RANGE, centred=True
        )
    ruler = ruler_of(shown, unit)
    if ruler is None:
        return _without_edge(shown)
    if unit == "violation":
        return MarginScale(ruler, (0.0, 1.0), (1.0,), "one unit is the tolerance", centred=True)
    if low is None or high is None:
        edge = 1.0 if low is None else -1.0
        return MarginScale(ruler, (min(0.0, edge), max(0.0, edge)), (edge,), _BEYOND[unit])
    if shown.exchanged:
        return MarginScale(ruler, (-1.0, 1.0), (-1.0, 1.0), _BEYOND[unit])
    says = "one unit is the margin" if low == -high else "one unit is half the region's width"
    return MarginScale(ruler, (-1.0, 1.0), (-1.0, 1.0), says, centred=True)


def _without_edge(shown: InstanceRecord | PartRecord) -> MarginScale:
    start, end = shown.interval
    width = end - start if start is not None and end is not None else 0.0
    middle = 0.0 if start is None else start + width / 2
    step = width if 0 < width < math.inf else 1.0
    return MarginScale(
        Ruler(middle, step, 1.0, ratio=False), (0.0, 0.0), (), "one unit is the interval's width"
    )


def bar(shown: InstanceRecord | PartRecord, unit: Unit, before: InstanceRecord | None = None) -> Bar:
    """The bar of an instance or of a part. `before` is the same instance at an earlier commit."""
    scale = scale_of(shown, unit)
    region, edges = _region(scale, HEIGHT)
    y = HEIGHT / 2 if before is None else HEIGHT * 0.7
    line, arrows = _interval(shown.interval, scale, y)
    earlier = ""
    if before is not None:
        path, ends = _interval(before.interval, scale, HEIGHT * 0.25)
        earlier = path + ends
    dot = None if shown.estimate is None else _x(scale(shown.estimate))
    labels = _labels(shown, unit, scale)
    return Bar(region, edges, line, arrows, dot, scale.says, HEIGHT, earlier, scale.centred, labels)


def caterpillar(instances: Sequence[InstanceRecord]) -> Bar | None:
    """The intervals of many instances under each other, by estimate, each in its own margins.

    None if nothing was measured, or if the regions are of several kinds.
    """
    rows = [(i, scale_of(i, i.unit)) for i in instances if i.interval != (None, None)]
    if len({(i.region[0] is None, i.region[1] is None, i.exchanged, i.unit) for i, _ in rows}) != 1:
        return None
    rows.sort(key=lambda row: row[1](row[0].estimate or 0.0))
    pitch = min(4.0, _GROUP_HEIGHT / len(rows))
    height = max(HEIGHT, pitch * (len(rows) + 1))
    top = (height - pitch * (len(rows) - 1)) / 2
    paths = [_interval(i.interval, scale, top + pitch * k, pitch * 0.45) for k, (i, scale) in enumerate(rows)]
    scale = rows[0][1]
    region, edges = _region(scale, height)
    line = "".join(path + arrows for path, arrows in paths)
    alike = len({i.region for i, _ in rows}) == 1
    labels = _labels(rows[0][0], rows[0][0].unit, scale) if alike else ()
    return Bar(region, edges, line, "", None, scale.says, height, centred=scale.centred, labels=labels)


def _labels(
    shown: InstanceRecord | PartRecord, unit: Unit, scale: MarginScale
) -> tuple[tuple[float, str], ...]:
    """The edges of the region in the printed unit, at their positions."""
    if not scale.edges:
        return ()
    sides: tuple[Side, Side] = shown.region
    if sides == (None, None) and isinstance(shown, InstanceRecord) and shown.boundary is not None:
        sides = shown.boundary.ends
    return tuple((_x(scale(side)), effect(side, unit)) for side in sides if side is not None)


def _region(scale: MarginScale, height: float) -> tuple[tuple[float, float], str]:
    start, end = map(_x, scale.shade)
    edges = "".join(f"M{_n(_x(edge))} 0v{_n(height)}" for edge in scale.edges)
    return (start, end - start), edges


def _interval(sides: tuple[Side, Side], scale: MarginScale, y: float, head: float = 4.0) -> tuple[str, str]:
    """The line of an interval, and its arrows where it goes beyond the axis."""
    low, high = sides
    if low is None and high is None:
        return "", ""
    t_low = scale(-math.inf if low is None else low)
    t_high = scale(math.inf if high is None else high)
    start, end = _x(t_low), _x(t_high)
    line = f"M{_n(start)} {_n(y)}H{_n(max(end, start + 0.5))}"
    arrows = ""
    h = _n(head)
    if t_low < -SPAN:
        arrows += f"M{_n(1 + head)} {_n(y - head)}L1 {_n(y)}l{h} {h}"
    if t_high > SPAN:
        arrows += f"M{_n(WIDTH - 1 - head)} {_n(y - head)}L{WIDTH - 1} {_n(y)}l-{h} {h}"
    return line, arrows


def _x(t: float) -> float:
    return WIDTH / 2 + _PER_UNIT * max(-SPAN - 0.05, min(SPAN + 0.05, t))


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")
