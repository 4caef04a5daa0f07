"""Geometry of the figures in a row's details, in pixels; the templates draw it as SVG.

*Sample*: the values of the seeds as dots, in the order of the seeds, and under them the interval at each
look, all over the region. *Fit*: the points of a power law on logarithmic axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.html.ticks import log_ticks, ticks
from harness.report.record import FitRecord, InstanceRecord, Side

LEFT, WIDTH = 46, 420
_DOTS = 34
"""Height of the band of dots."""
_LOOK = 13
"""Height of a look's line."""


@dataclass(frozen=True)
class Look:
    """One interval: its text, and its line and arrows as a path."""

    text: str
    y: float
    path: str


@dataclass(frozen=True)
class Sample:
    """The values of the seeds, and how the verdict was reached."""

    height: float
    region: tuple[float, float]
    edges: tuple[float, ...]
    dots: str
    looks: tuple[Look, ...]
    ticks: tuple[tuple[float, str], ...]
    estimate: float | None


@dataclass(frozen=True)
class Fit:
    """The points of a power law with their standard deviations, the fitted line, and the region's slopes."""

    dots: str
    ranges: str
    line: str
    wedge: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class PixelAxis:
    """A function from x to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, x: float) -> float:
        width = self.high - self.low
        share = (x - self.low) / width if 0 < width < math.inf else 0.5
        return self.start + (self.end - self.start) * share

    def inside(self, x: float) -> float:
        """As `__call__`, limited to the ends."""
        return self(min(self.high, max(self.low, x)))


def spanning(values: Sequence[Side], start: float, end: float) -> PixelAxis | None:
    """An axis for the values, with a little room; None without values."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return None
    low, high = min(known), max(known)
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return PixelAxis(low - room, high + room, start, end)


def figure_of(shown: InstanceRecord) -> Sample | None:
    """The figure of an instance; None if nothing was measured."""
    edges = [e for e in shown.region if e is not None]
    axis = spanning([*shown.values, *edges, *shown.interval, shown.estimate], LEFT, WIDTH - 8)
    if axis is None or not shown.values:
        return None
    looks = shown.looks or ((shown.n, *shown.interval),)
    drawn = tuple(
        _look(axis, n, (low, high), _DOTS + 12 + _LOOK * k) for k, (n, low, high) in enumerate(looks)
    )
    bottom = _DOTS + 12 + _LOOK * len(looks)
    low, high = shown.region
    start = axis.start if low is None else axis.inside(low)
    end = axis.end if high is None else axis.inside(high)
    count = max(1, len(shown.values) - 1)
    dots = "".join(
        f"M{axis.inside(v):.0f} {5 + (_DOTS - 8) * k / count:.1f}h0" for k, v in enumerate(shown.values)
    )
    return Sample(
        height=bottom + 16,
        region=(start, max(0.0, end - start)),
        edges=tuple(map(axis, edges)),
        dots=dots,
        looks=drawn,
        ticks=tuple((axis(x), text) for x, text in ticks(axis.low, axis.high, shown.unit)),
        estimate=None if shown.estimate is None else axis.inside(shown.estimate),
    )


def _look(axis: PixelAxis, n: int, sides: tuple[Side, Side], y: float) -> Look:
    low, high = sides
    if low is None and high is None:
        return Look(f"n = {n}", y, "")
    start = axis.start if low is None else axis.inside(low)
    end = axis.end if high is None else axis.inside(high)
    path = f"M{start:.1f} {y}H{max(end, start + 0.5):.1f}"
    left = low is None or low < axis.low
    right = high is None or high > axis.high
    path += f"M{start + 4:.1f} {y - 3}l-4 3l4 3" if left else f"M{start:.1f} {y - 3}v6"
    path += f"M{end - 4:.1f} {y - 3}l4 3l-4 3" if right else f"M{end:.1f} {y - 3}v6"
    return Look(f"n = {n}", y, path)


FIT_WIDTH, FIT_HEIGHT = 300, 190
_FIT_LEFT, _FIT_BOTTOM = 52, 24
_CAP = 3
"""Half the width of the caps of an interval that is undecided."""


@dataclass(frozen=True)
class BoundaryFigure:
    """The intervals at the visited points, the bound across them, and the band of the boundary."""

    band: tuple[float, float] | None
    bound: str
    decided: str
    undecided: str
    dots: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def boundary_figure(shown: InstanceRecord) -> BoundaryFigure | None:
    """The figure of a boundary; None if nothing was measured."""
    boundary = shown.boundary
    if boundary is None:
        return None
    drawn = [
        (at, part)
        for at, part in zip(boundary.at, shown.parts, strict=True)
        if part.estimate is not None and part.interval != (None, None)
    ]
    edges = {edge for _, part in drawn for edge in part.region if edge is not None}
    x = spanning([math.log(end) for end in (*boundary.ends, *boundary.at)], _FIT_LEFT + 6, FIT_WIDTH)
    sides = [side for _, part in drawn for side in (*part.interval, part.estimate)]
    y = spanning([*sides, *edges], FIT_HEIGHT - _FIT_BOTTOM - 4, 8)
    if x is None or y is None or not drawn:
        return None
    band = None
    low, high = shown.interval
    if (low, high) != (None, None):
        start = x.start if low is None else x.inside(math.log(low))
        end = x.end if high is None else x.inside(math.log(high))
        band = (start, max(0.5, end - start))
    paths = {True: "", False: ""}
    for at, part in drawn:
        place, bottom, top = x(math.log(at)), part.interval[0], part.interval[1]
        foot, head = (y.start if bottom is None else y(bottom)), (y.end if top is None else y(top))
        decided = part.verdict in ("supported", "refuted")
        paths[decided] += f"M{place:.1f} {foot:.1f}V{head:.1f}"
        if not decided:
            paths[decided] += f"m-{_CAP} 0h{2 * _CAP}M{place - _CAP:.1f} {foot:.1f}h{2 * _CAP}"
    return BoundaryFigure(
        band=band,
        bound="".join(f"M{_FIT_LEFT} {y(edge):.1f}H{FIT_WIDTH}" for edge in edges),
        decided=paths[True],
        undecided=paths[False],
        dots="".join(f"M{x(math.log(at)):.1f} {y(part.estimate or 0.0):.1f}h0" for at, part in drawn),
        x_ticks=tuple((x(t), f"{math.exp(t):.6g}") for t, _ in log_ticks(x.low, x.high)),
        y_ticks=tuple((y(t), text) for t, text in ticks(y.low, y.high, boundary.unit)),
    )


def fit_figure(found: FitRecord, slope: float | None, region: tuple[Side, Side]) -> Fit | None:
    """The figure of a power law; None if a point has no logarithm."""
    if not found.at or min(found.at) <= 0 or not len(found.at) == len(found.mean) == len(found.sd):
        return None
    logs = [math.log(a) for a in found.at]
    x = spanning(logs, _FIT_LEFT + 6, FIT_WIDTH)
    spread = [m + s * d for m, d in zip(found.mean, found.sd, strict=True) for s in (-1, 1)]
    y = spanning(spread, FIT_HEIGHT - _FIT_BOTTOM - 4, 8)
    if x is None or y is None:
        return None
    centre_x = math.fsum(logs) / len(logs)
    centre_y = math.fsum(found.mean) / len(logs)

    def ray(steepness: float) -> list[tuple[float, float]]:
        return [(x(e), y(centre_y + steepness * (e - centre_x))) for e in (x.low, x.high)]

    low, high = region
    wedge = ""
    if low is not None and high is not None:
        (a, b), (c, d) = ray(low), ray(high)
        middle = (x(centre_x), y(centre_y))
        corners = (a, middle, b, d, middle, c)
        wedge = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in corners) + "Z"
    points = list(zip(logs, found.mean, found.sd, strict=True))
    line = ""
    if slope is not None:
        (px, py), (qx, qy) = ray(slope)
        line = f"M{px:.1f} {py:.1f}L{qx:.1f} {qy:.1f}"
    return Fit(
        dots="".join(f"M{x(a):.1f} {y(m):.1f}h0" for a, m, _ in points),
        ranges="".join(f"M{x(a):.1f} {y(m - s):.1f}V{y(m + s):.1f}" for a, m, s in points),
        line=line,
        wedge=wedge,
        x_ticks=tuple((x(a), f"{v:.6g}") for a, v in zip(logs, found.at, strict=True)),
        y_ticks=tuple((y(t), text) for t, text in log_ticks(y.low, y.high)),
    )
