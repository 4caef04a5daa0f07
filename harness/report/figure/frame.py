"""The common parts of a figure's panels: axes with ticks and labels, intervals, a region."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.report.figure.marks import (
    COLUMN,
    EDGE,
    GREY,
    INK,
    PALE,
    Area,
    Disc,
    Ink,
    Lettering,
    Segment,
    box,
    text_lines,
)
from harness.report.lettering import label_rows, middle_within, text_width
from harness.report.record import Side

LEFT, RIGHT = 46.0, 8.0
"""Room for the labels of the y axis, and beside the last point."""
PANEL = 104.0
SMALL, TEXT = 6.5, 7.5
_CAP = 1.8
_FULL = ("supported", "located", "≥", "≤")
"""The verdicts whose estimate is a full point."""
_POINTS = {"supported": "supported", "located": "boundary found"}
_ARROWS = {"≥": "boundary above all that was searched", "≤": "boundary below all that was searched"}
"""What the key says of a point, and of the arrow of an interval with one end."""
LINE = 9.0
"""The distance between two lines of text."""

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class FigureAxis:
    """Numbers on a line from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, x: float) -> float:
        width = self.high - self.low
        share = (x - self.low) / width if width > 0 else 0.5
        return self.start + (self.end - self.start) * share

    def inside(self, x: float) -> float:
        """As `__call__`, limited to the ends."""
        return self(min(self.high, max(self.low, x)))


def axis_over(values: Iterable[Side], start: float, end: float, room: float = 0.06) -> FigureAxis | None:
    """An axis for the finite values, with a little room; None without any, or if their range is infinite."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return None
    low, high = min(known), max(known)
    spare = (high - low) * room or abs(high) * 0.1 or 1.0
    if not math.isfinite(high + spare - (low - spare)):
        return None
    return FigureAxis(low - spare, high + spare, start, end)


def heading(title: str, top: float = 4.0, width: float = COLUMN) -> tuple[list[Ink], float]:
    """The sentence above a figure, in up to three lines, and the y at which it ends."""
    lines = text_lines(title, width - 8, TEXT, 3)
    marks: list[Ink] = [Lettering(4, top + LINE * (k + 1) - 2, line, TEXT) for k, line in enumerate(lines)]
    return marks, top + LINE * len(lines) + 2


def rows_of_labels(x: FigureAxis, x_ticks: Ticks, most: int = 1) -> list[int]:
    """The row of each label below the x axis; see `label_rows`."""
    return label_rows([(_label_at(x, value, text), text) for value, text in x_ticks], SMALL, most)


def _label_at(x: FigureAxis, value: float, text: str) -> float:
    """Where the middle of a label stands: below its tick, unless it would leave the figure there."""
    return middle_within(x(value), text, SMALL, x.start - LEFT + 1, x.end + RIGHT - 1)


def ticked_axes(
    x: FigureAxis, y: FigureAxis, x_ticks: Ticks, y_ticks: Ticks, most_rows: int = 1
) -> list[Ink]:
    """The two axes with their ticks. Labels below the x axis that would meet have up to `most_rows` rows
    (`rows_of_labels`); those that have no place there are left out."""
    marks: list[Ink] = [
        Segment(x.start, y.start, x.end, y.start, INK, 0.7),
        Segment(x.start, y.start, x.start, y.end, INK, 0.7),
    ]
    for (value, text), row in zip(x_ticks, rows_of_labels(x, x_ticks, most_rows), strict=True):
        marks.append(Segment(x(value), y.start, x(value), y.start + 2.5, INK, 0.6))
        if row < most_rows:
            at = _label_at(x, value, text)
            marks.append(Lettering(at, y.start + 9.5 + LINE * row, text, SMALL, "middle"))
    for value, text in y_ticks:
        at = y(value)
        marks.append(Segment(x.start - 2.5, at, x.start, at, INK, 0.6))
        marks.append(Lettering(x.start - 4, at + 2.2, text, SMALL, "end"))
    return marks


def names_of_axes(x_label: str, y_label: str, x: FigureAxis, y: FigureAxis, bottom: float) -> list[Ink]:
    """The names of the axes: below, and turned at the left, where a long name has two or three lines."""
    marks: list[Ink] = [Lettering((x.start + x.end) / 2, bottom, x_label, TEXT, "middle")]
    room = abs(y.start - y.end) + 12
    size, apart, first = TEXT, 8.0, 8.0
    lines = text_lines(y_label, room, size, 3)
    if len(lines) > 2:
        size, apart, first = SMALL, 6.6, 6.2
        lines = text_lines(y_label, room, size, 3)
    for k, line in enumerate(lines):
        at = first + k * apart
        marks.append(Lettering(at, (y.start + y.end) / 2, line, size, "middle", turned=True))
    return marks


def band(region: tuple[Side, Side], left: float, right: float, y: FigureAxis, *, outside: bool) -> list[Ink]:
    """The region in which the claim holds, with its edges. With `outside`, everything except this region."""
    low, high = region
    if low is None and high is None:
        return []
    bottom = y.start if low is None else y.inside(low)
    top = y.end if high is None else y.inside(high)
    shaded = [(y.start, bottom), (top, y.end)] if outside else [(bottom, top)]
    marks: list[Ink] = [box(left, a, right, b) for a, b in shaded if abs(a - b) > 0.01]
    edges = [side for side in region if side is not None and y.low <= side <= y.high]
    return [*marks, *(Segment(left, y(side), right, y(side), EDGE, 0.6) for side in edges)]


def interval_at(
    at: float, sides: tuple[Side, Side], estimate: Side, y: FigureAxis, color: str, verdict: str
) -> list[Ink]:
    """An interval with its estimate.

    The estimate is a point if the claim is supported, a ring if it is refuted, else a cross on a dashed line.
    An arrow shows where the interval leaves the panel.
    """
    low, high = sides
    undecided = verdict not in (*_FULL, "refuted")
    marks: list[Ink] = []
    if sides != (None, None):
        foot = y.start if low is None else y.inside(low)
        head = y.end if high is None else y.inside(high)
        marks.append(Segment(at, foot, at, head, color, 1.0, dashed=undecided))
        up = 3.0 if y.end > y.start else -3.0
        for side, end, way in ((low, foot, up), (high, head, -up)):
            if side is None or not y.low <= side <= y.high:
                marks += _wings(at, end, way, color)
            else:
                marks.append(Segment(at - _CAP, end, at + _CAP, end, color, 0.8))
    if estimate is not None and math.isfinite(estimate):
        marks += point_at(at, y.inside(estimate), color, verdict)
    return marks


def point_at(x: float, y: float, color: str, verdict: str) -> list[Ink]:
    """The mark of an estimate, by its verdict."""
    if verdict in (*_FULL, "refuted"):
        return [Disc(x, y, 1.9, color, full=verdict != "refuted")]
    return [Segment(x - 1.9, y - 1.9 * way, x + 1.9, y + 1.9 * way, color, 0.9) for way in (-1, 1)]


def zero_line(x: FigureAxis, y: FigureAxis, value: float = 0.0) -> list[Ink]:
    """A faint line at a value of the y axis."""
    return [Segment(x.start, y(value), x.end, y(value), PALE, 0.5)] if y.low < value < y.high else []


def legend(entries: Sequence[tuple[str, str]], top: float, width: float = COLUMN) -> tuple[list[Ink], float]:
    """Colours and their meanings, in as many lines as needed, and the y at which they end."""
    marks: list[Ink] = []
    at, line = 6.0, top
    for color, text in entries:
        wide = text_width(text, SMALL) + 14
        if at + wide > width and at > 6.0:
            at, line = 6.0, line + LINE
        marks += [Disc(at + 2, line + 4, 1.9, color), Lettering(at + 7, line + 6.3, text, SMALL)]
        at += wide
    return marks, line + LINE + 3 if entries else top


def signs(
    top: float, verdicts: Collection[str], *, shaded: bool, shade: str = "the claim holds here"
) -> tuple[list[Ink], float]:
    """The meaning of the shade, points, rings, crosses and arrows that occur, and the y at which it ends."""
    kinds: list[tuple[str, list[Ink]]] = [(shade, [box(-3, 1, 3, 7)])] if shaded else []
    if full := [text for verdict, text in _POINTS.items() if verdict in verdicts]:
        kinds.append((" or ".join(full), point_at(0, 4, GREY, "supported")))
    if "refuted" in verdicts:
        kinds.append(("refuted", point_at(0, 4, GREY, "refuted")))
    if set(verdicts) - {*_FULL, "refuted"}:
        kinds.append(("undecided", point_at(0, 4, GREY, "inconclusive")))
    kinds += [(text, _arrow(up=verdict == "≥")) for verdict, text in _ARROWS.items() if verdict in verdicts]
    at, line = 8.0, top
    marks: list[Ink] = []
    for text, drawn in kinds:
        wide = text_width(text, SMALL) + 16
        if at + wide > COLUMN and at > 8.0:
            at, line = 8.0, line + LINE
        marks += [moved_mark(mark, at, line) for mark in drawn]
        marks.append(Lettering(at + 6, line + 6.3, text, SMALL, color=GREY))
        at += wide
    return marks, line + LINE


def _wings(x: float, head: float, back: float, color: str) -> list[Ink]:
    """The head of an arrow: two strokes that begin `back` points from it."""
    return [Segment(x + dx, head + back, x, head, color, 1.0) for dx in (-2.0, 2.0)]


def _arrow(*, up: bool) -> list[Ink]:
    """The end of an interval that leaves the panel."""
    head, foot, back = (0.5, 7.5, 3.0) if up else (7.5, 0.5, -3.0)
    return [Segment(0, foot, 0, head, GREY, 1.0), *_wings(0, head, back, GREY)]


def moved_mark(mark: Ink, dx: float, dy: float) -> Ink:
    """The mark, moved by dx and dy."""
    match mark:
        case Segment():
            return replace(mark, x1=mark.x1 + dx, y1=mark.y1 + dy, x2=mark.x2 + dx, y2=mark.y2 + dy)
        case Area():
            return replace(mark, corners=tuple((x + dx, y + dy) for x, y in mark.corners))
        case _:
            return replace(mark, x=mark.x + dx, y=mark.y + dy)
