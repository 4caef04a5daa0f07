"""The figure of a map: a panel for each claim and place, in it a row for each value of the map's second axis.

Along a row runs the axis on which the boundary lies: a mark at each visited point, by its verdict, and the
band in which the boundary lies. Every colour is repeated by a glyph or hatching. `map_svg` gives a file of
its own, which a page may also contain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.html.figures import PixelAxis
from harness.report.html.templating import render
from harness.report.html.ticks import log_ticks, plain
from harness.report.maps import Panel, map_rows, map_summary, panels_of
from harness.report.record import InstanceRecord, MapRecord, PartRecord, Record
from harness.report.words import interval_text
from harness.text import label_of

COLUMNS = 3
"""The number of panels side by side."""
MOST_ROWS = 3_000
"""The most rows that are drawn. A sentence says how many are left out."""
_WIDTH, _ROW, _HEAD, _FOOT = 330, 20, 20, 22
_LEFT, _RIGHT = 58, 78
_TOP, _CLAIM, _KEY = 44, 26, 34
_MARK = 7.4
"""The width of a mark: a step of a quarter of an octave, if a range has six octaves."""
_LARGEST = 709.0
"""The logarithm of the largest number."""
_GLYPHS = {"supported": ("past", "▲"), "refuted": ("before", "▽"), "inconclusive": ("undecided", "?")}
_ENDED = ("located", "≥", "≤", "supported", "refuted")


@dataclass(frozen=True)
class ShownMap:
    """A map on a page: its figure, and the table of where its boundaries lie, whose first row is the head."""

    found: MapRecord
    svg: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Cell:
    """A visited point: the left side of its mark, the kind of the mark, and its text for a reader."""

    x: float
    kind: str
    glyph: str
    says: str


@dataclass(frozen=True)
class MapRow:
    """A line: the middle of its row, its label, the band of the boundary with a class, and its interval."""

    y: float
    label: str
    band: tuple[float, float, str] | None
    cells: tuple[Cell, ...]
    interval: str


@dataclass(frozen=True)
class DrawnPanel:
    """A panel and its position. The heading of a claim stands above the first of its panels."""

    x: float
    y: float
    heading: str
    title: str
    second: str
    along: str
    height: float
    rows: tuple[MapRow, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class MapFigure:
    """Everything that is drawn, in pixels."""

    width: float
    height: float
    panels: tuple[DrawnPanel, ...]
    left_out: int


def map_svg(record: Record, found: MapRecord) -> str:
    """One of the record's maps as an SVG file. It needs nothing else, and no text in it is markup."""
    figure = map_figure(record.instances, found)
    return render(
        "map.svg",
        figure=figure,
        found=found,
        summary=map_summary(found, record.instances),
        name=re.sub(r"[^a-z0-9]+", "-", found.id.lower())[:80],
        mark=_MARK,
        width=_WIDTH,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        key=_TOP,
    )


def shown_maps(record: Record) -> list[ShownMap]:
    """The maps of a record, as its page shows them."""
    return [
        ShownMap(found, map_svg(record, found), tuple(map_rows(found, record.instances)))
        for found in record.maps
    ]


def map_figure(instances: Sequence[InstanceRecord], found: MapRecord) -> MapFigure:
    """The geometry of a map: the panels of a claim side by side, claims below each other."""
    left_out, drawn, y = 0, [], float(_TOP + _KEY)
    room = MOST_ROWS
    by_claim: dict[str, list[Panel]] = {}
    for panel in panels_of(found, instances):
        by_claim.setdefault(panel.claim, []).append(panel)
    for claim, panels in by_claim.items():
        heading = f"{claim}: {panels[0].lines[0].predicate}"
        for start in range(0, len(panels), COLUMNS):
            beside = panels[start : start + COLUMNS]
            rows = max(len(panel.lines) for panel in beside)
            if rows > room:
                left_out += sum(len(panel.lines) for panel in beside)
                continue
            room -= rows
            y += _CLAIM if heading else 0
            for place, panel in enumerate(beside):
                drawn.append(_panel(panel, found, float(place * _WIDTH), y, heading if place == 0 else ""))
            heading = ""
            y += _HEAD + rows * _ROW + _FOOT + 12
    return MapFigure(_WIDTH * COLUMNS, y, tuple(drawn), left_out)


def _panel(panel: Panel, found: MapRecord, x: float, y: float, heading: str) -> DrawnPanel:
    axis = _axis(panel.lines)
    second = found.axes[1] if len(found.axes) > 1 else ""
    rows = tuple(
        _row(line, second, axis, _HEAD + _ROW * (place + 0.5)) for place, line in enumerate(panel.lines)
    )
    ticks: tuple[tuple[float, str], ...] = ()
    if axis is not None:
        ticks = tuple((axis(at), plain(math.exp(min(at, _LARGEST)))) for at in _ticks(axis))
    return DrawnPanel(
        x, y, heading, panel.title, second, found.axes[0], _HEAD + _ROW * len(panel.lines), rows, ticks
    )


def _axis(lines: Sequence[InstanceRecord]) -> PixelAxis | None:
    """The logarithmic axis of a panel, over the ranges of all its lines."""
    ends = [
        end for line in lines if line.boundary is not None for end in (*line.boundary.ends, *line.boundary.at)
    ]
    if not ends or min(ends) <= 0:
        return None
    return PixelAxis(math.log(min(ends)), math.log(max(ends)), _LEFT + _MARK, _WIDTH - _RIGHT - _MARK)


def _ticks(axis: PixelAxis) -> list[float]:
    """Powers of two in a range of a few octaves, as widths are; else round numbers."""
    first, last = math.ceil(axis.low / math.log(2) - 1e-9), math.floor(axis.high / math.log(2) + 1e-9)
    if 2 <= last - first <= 16:
        every = max(1, math.ceil((last - first) / 5))
        return [k * math.log(2) for k in range(first, last + 1) if (k - first) % every == 0]
    return [at for at, _ in log_ticks(axis.low, axis.high)]


def _row(line: InstanceRecord, second: str, axis: PixelAxis | None, y: float) -> MapRow:
    label = label_of(line.point[second]) if second in line.point else ""
    said = interval_text(line.interval, line.unit) if line.interval != (None, None) else ""
    said = said if line.verdict in _ENDED else f"{said} {'…' if line.verdict == 'not-run' else '?'}".strip()
    if axis is None or line.boundary is None:
        return MapRow(y, label, None, (), said)
    cells = tuple(
        _cell(at, part, line, axis)
        for at, part in zip(line.boundary.at, line.parts, strict=True)
        if part.n or part.verdict != "not-run"
    )
    return MapRow(y, label, _band(line, axis), cells, said)


def _band(line: InstanceRecord, axis: PixelAxis) -> tuple[float, float, str] | None:
    """The range of possible places of the boundary, and whether the search ended well."""
    low, high = line.interval
    if (low, high) == (None, None) or line.verdict in ("≥", "≤"):
        return None
    start = axis.start - _MARK if low is None else axis.inside(math.log(low))
    end = axis.end + _MARK if high is None else axis.inside(math.log(high))
    return start, max(0.5, end - start), "found" if line.verdict in _ENDED else "open"


def _cell(at: float, part: PartRecord, line: InstanceRecord, axis: PixelAxis) -> Cell:
    kind, glyph = _GLYPHS.get(part.verdict, ("failed", "!"))
    where = ", ".join([f"{line.boundary.axis if line.boundary else ''}={at:.6g}", *_labels(line)])
    seen = interval_text(part.interval, line.unit_of_parts)
    return Cell(axis(math.log(at)), kind, glyph, f"{where}: {part.verdict}, {seen}, n = {part.n}")


def _labels(line: InstanceRecord) -> list[str]:
    return [f"{axis}={label}" for axis, label in line.labels.items()]
