"""The figure of a whole record: a row for each claim, with the intervals of its instances in margins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.report.figure.frame import LINE, SMALL, TEXT, FigureAxis, heading, interval_at, signs
from harness.report.figure.marks import (
    COLUMN,
    EDGE,
    INK,
    PALE,
    SERIES,
    Disc,
    FigureError,
    Ink,
    Lettering,
    Segment,
    box,
)
from harness.report.figure.scene import Drawing
from harness.report.html.bars import SPAN, scale_of
from harness.report.lettering import text_width
from harness.report.record import InstanceRecord, Record, Side
from harness.report.words import by_claim

LEFT = 96.0
_PITCH, _GROUP = 3.4, 14.0
"""The most points from one interval to the next, and the most that the intervals of a claim take."""
_LEAST = 9.0
_PER_LINE = 7.0


def forest_drawing(record: Record) -> Drawing:
    """A row for each claim that was measured. Raises `FigureError` for a record without such claims."""
    groups = {
        name: [i for i in instances if i.interval != (None, None)]
        for name, instances in by_claim(record.instances).items()
    }
    groups = {name: instances for name, instances in groups.items() if instances}
    if not groups:
        raise FigureError("expected a record with claims that were measured, found none")
    title = ", ".join(suite.title for suite in record.suites) or "Claims"
    marks, top = heading(title)
    x = FigureAxis(-SPAN - 0.2, SPAN + 0.2, LEFT, COLUMN - 8)
    begin = top
    for name, instances in groups.items():
        label = name.partition("/")[2] if len(record.suites) == 1 else name
        drawn, top = _row(label, instances, x, top)
        marks += drawn
    marks += [Segment(x(0), begin, x(0), top, PALE, 0.5), Segment(x.start, top, x.end, top, INK, 0.7)]
    for tick in range(-int(SPAN), int(SPAN) + 1):
        marks.append(Segment(x(tick), top, x(tick), top + 2.5, INK, 0.6))
        marks.append(Lettering(x(tick), top + 9.5, f"{tick}".replace("-", "−"), SMALL, "middle"))
    says = "distance from the claim (margins)"
    marks.append(Lettering((x.start + x.end) / 2, top + 19, says, TEXT, "middle"))
    verdicts = {i.verdict for instances in groups.values() for i in instances}
    said, end = signs(top + 23, verdicts, shaded=True)
    caption = (
        f"{title}. A row for each claim, a line for each instance, its interval in margins: ±1 is the edge "
        "of where the claim holds, the shade."
    )
    return Drawing(COLUMN, end + 4, title, caption, (*marks, *said))


def _row(
    label: str, instances: Sequence[InstanceRecord], x: FigureAxis, top: float
) -> tuple[list[Ink], float]:
    pitch = min(_PITCH, _GROUP / len(instances))
    height = max(_LEAST, pitch * (len(instances) + 1))
    lines = name_lines(label)
    height = max(height, _PER_LINE * len(lines) + 2)
    marks: list[Ink] = [
        Lettering(4, top + min(height, LINE) / 2 + 2.4 + _PER_LINE * k, line, SMALL)
        for k, line in enumerate(lines)
    ]
    scales = [(scale_of(instance, instance.unit), instance) for instance in instances]
    scales.sort(key=lambda pair: pair[0](pair[1].estimate or 0.0))
    shade = scales[0][0].shade
    marks.append(box(x.inside(shade[0]), top + 0.5, x.inside(shade[1]), top + height - 0.5))
    marks += [Segment(x(e), top + 0.5, x(e), top + height - 0.5, EDGE, 0.5) for e in scales[0][0].edges]
    first = top + (height - pitch * (len(instances) - 1)) / 2
    for k, (scale, instance) in enumerate(scales):
        low, high = instance.interval
        sides: tuple[Side, Side] = (
            None if low is None else scale(low),
            None if high is None else scale(high),
        )
        marks += _flat(first + pitch * k, sides, instance, scale(instance.estimate or 0.0), x)
    return marks, top + height + 1.5


def name_lines(name: str) -> list[str]:
    """A claim's name in as many lines as needed, cut at hyphens.

    It is shown in full because names that begin alike end differently.
    """
    most = int((LEFT - 8) / text_width("m", SMALL))
    lines = [""]
    for part in re.split(r"(?<=[-/])", name):
        if lines[-1] and len(lines[-1]) + len(part) > most:
            lines.append("")
        lines[-1] += part
    return [line if len(line) <= most else f"{line[: most - 1]}…" for line in lines]


def _flat(
    y: float, sides: tuple[Side, Side], instance: InstanceRecord, at: float, x: FigureAxis
) -> list[Ink]:
    """A horizontal interval: it is drawn upright with the axes exchanged, then turned."""
    estimate = None if instance.estimate is None else at
    upright = interval_at(
        y, sides, estimate, x, SERIES[0], instance.verdict,
    )  # fmt: skip
    return [turned for mark in upright if (turned := _turned(mark)) is not None]


def _turned(mark: Ink) -> Ink | None:
    match mark:
        case Segment():
            return Segment(mark.y1, mark.x1, mark.y2, mark.x2, mark.color, 0.8, mark.dashed)
        case Disc():
            return Disc(mark.y, mark.x, 1.3, mark.color, mark.full)
    return None
