"""The effect bar: an interval against its region, on one axis for every row of a page.

The axis counts *margins*, and runs from −SPAN to SPAN. What one unit is depends on the region:

    two-sided    half the region's width; the region is −1 … 1
    tolerance    the tolerance itself (unit `violation`); the region is 0 … 1
    below b      b stands at +1; one unit is a factor of 2 for logarithms, |b| for other numbers
    above b      b stands at −1; one unit as before

Where b is 0 and x no logarithm, nothing says what is much: one unit is the interval's own width.
Beyond the axis an interval is cut, and ends with an arrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.questions import Unit
from harness.report.record import InstanceRecord, PartRecord, Side

SPAN = 3.0
WIDTH, HEIGHT = 150, 16
_PER_UNIT = WIDTH / 2 / (SPAN + 0.1)
_LOGARITHMS: tuple[Unit, ...] = ("ratio", "log-value", "speed-up")
_GROUP_HEIGHT = 34


@dataclass(frozen=True)
class Scale:
    """x ↦ (x − zero) / unit, in margins; `says` what one unit is."""

    zero: float
    unit: float
    says: str

    def __call__(self, x: float) -> float:
        t = (x - self.zero) / self.unit
        return 0.0 if math.isnan(t) else t


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
    """Whether 0 means something: the middle of a region, or no deviation at all."""


def scale_of(region: tuple[Side, Side], interval: tuple[Side, Side], unit: Unit) -> Scale:
    """The axis of one row."""
    low, high = region
    if unit == "violation":
        return Scale(0.0, 1.0, "one unit is the tolerance")
    if low is not None and high is not None:
        half = (high - low) / 2
        words = "one unit is the margin" if low == -high else "one unit is half the region's width"
        return Scale(low + half, _positive(half), words)
    bound = high if low is None else low
    if bound is None:
        start, end = interval
        known = start is not None and end is not None
        width = end - start if start is not None and end is not None else 1.0
        return Scale(start + width / 2 if known and start is not None else 0.0, _positive(width), _OWN_WIDTH)
    if unit in _LOGARITHMS:
        step, words = math.log(2), "one unit is a factor of 2"
    elif bound:
        step, words = abs(bound), "one unit is the size of the bound"
    else:
        start, end = interval
        step = _positive(end - start if start is not None and end is not None else 1.0)
        words = _OWN_WIDTH
    edge = 1.0 if low is None else -1.0
    return Scale(bound - edge * step, step, words)


_OWN_WIDTH = "one unit is the interval's width"


def bar(
    shown: InstanceRecord | PartRecord, unit: Unit, before: InstanceRecord | None = None
) -> Bar:
    """The bar of an instance or of a part; `before` is the same instance at an earlier commit."""
    scale = scale_of(shown.region, shown.interval, unit)
    region, edges = _region(shown.region, unit, scale, HEIGHT)
    y = HEIGHT / 2 if before is None else HEIGHT * 0.7
    line, arrows = _interval(shown.interval, scale, y)
    earlier = ""
    if before is not None:
        path, ends = _interval(before.interval, scale, HEIGHT * 0.25)
        earlier = path + ends
    dot = None if shown.estimate is None else _x(scale(shown.estimate))
    return Bar(region, edges, line, arrows, dot, scale.says, HEIGHT, earlier, _centred(shown, unit))


def caterpillar(instances: Sequence[InstanceRecord]) -> Bar | None:
    """The intervals of many instances under each other, by estimate, each in its own margins.

    None where nothing was measured, or where the regions are of several kinds.
    """
    measured = [i for i in instances if i.interval != (None, None)]
    kinds = {(i.region[0] is None, i.region[1] is None, i.unit) for i in measured}
    if len(kinds) != 1:
        return None
    scales = {i.id: scale_of(i.region, i.interval, i.unit) for i in measured}
    measured.sort(key=lambda i: scales[i.id](i.estimate or 0.0))
    pitch = min(4.0, _GROUP_HEIGHT / len(measured))
    height = max(HEIGHT, pitch * (len(measured) + 1))
    top = (height - pitch * (len(measured) - 1)) / 2
    paths = [
        _interval(i.interval, scales[i.id], top + pitch * k, pitch * 0.45) for k, i in enumerate(measured)
    ]
    first = measured[0]
    region, edges = _region(first.region, first.unit, scales[first.id], height)
    line = "".join(path + arrows for path, arrows in paths)
    says, centred = scales[first.id].says, _centred(first, first.unit)
    return Bar(region, edges, line, "", None, says, height, centred=centred)


def _centred(shown: InstanceRecord | PartRecord, unit: Unit) -> bool:
    return unit == "violation" or None not in shown.region


def _region(
    region: tuple[Side, Side], unit: Unit, scale: Scale, height: float
) -> tuple[tuple[float, float], str]:
    low, high = region
    start = _x(scale(low)) if low is not None else (_x(0.0) if unit == "violation" else 0.0)
    end = _x(scale(high)) if high is not None else float(WIDTH)
    edges = "".join(
        f"M{_n(x)} 0v{_n(height)}" for side, x in ((low, start), (high, end)) if side is not None
    )
    return (start, max(0.0, end - start)), edges


def _interval(
    sides: tuple[Side, Side], scale: Scale, y: float, head: float = 4.0
) -> tuple[str, str]:
    """The line of an interval, and its arrows where it goes beyond the axis."""
    low, high = sides
    if low is None and high is None:
        return "", ""
    t_low = -math.inf if low is None else scale(low)
    t_high = math.inf if high is None else scale(high)
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


def _positive(x: float) -> float:
    return x if x > 0 and math.isfinite(x) else 1.0


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")
