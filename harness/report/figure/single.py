"""The figure of one instance: a power law over its axis, a boundary over its range, else its seeds."""

from __future__ import annotations

import math

from harness.report.figure.frame import (
    LEFT,
    PANEL,
    RIGHT,
    FigureAxis,
    axis_over,
    band,
    heading,
    interval_at,
    names_of_axes,
    signs,
    ticked_axes,
    zero_line,
)
from harness.report.figure.labels import axis_label, law_label, quantity_label
from harness.report.figure.marks import (
    COLUMN,
    EDGE,
    GREY,
    REGION,
    SERIES,
    Area,
    Disc,
    FigureError,
    Ink,
    Segment,
    box,
)
from harness.report.figure.scene import Drawing
from harness.report.html.ticks import log_ticks, ticks
from harness.report.record import BoundaryRecord, FitRecord, InstanceRecord
from harness.report.words import effect, interval_text, region


def single_drawing(instance: InstanceRecord) -> Drawing:
    """The figure of an instance that stands alone. Raises `FigureError` if nothing was measured."""
    fit = instance.fit
    if fit is not None and min(fit.at, default=0.0) > 0 and len(fit.at) == len(fit.mean) == len(fit.sd):
        return _law(instance, fit)
    if instance.boundary is not None:
        return _boundary(instance, instance.boundary)
    if not instance.values:
        raise FigureError(f"{instance.id}: expected an instance that was measured, found none")
    return _seeds(instance)


def _finished(
    instance: InstanceRecord,
    marks: list[Ink],
    x: FigureAxis,
    y: FigureAxis,
    labels: tuple[str, str],
    said: str,
) -> Drawing:
    bottom = y.start + 20
    marks += names_of_axes(*labels, x, y, bottom)
    if instance.boundary is None:
        told, end = signs(bottom + 4, {instance.verdict}, shaded=instance.region != (None, None))
    else:
        verdicts = {part.verdict for part in instance.parts if part.n}
        found = instance.interval != (None, None)
        told, end = signs(bottom + 4, verdicts, shaded=found, shade="the boundary lies here")
    return Drawing(COLUMN, end + 4, instance.says, said, (*marks, *told))


def _law(instance: InstanceRecord, fit: FitRecord) -> Drawing:
    marks, top = heading(instance.says)
    logs = [math.log(at) for at in fit.at]
    x = axis_over(logs, LEFT, COLUMN - RIGHT)
    if x is None:
        raise FigureError(f"{instance.id}: expected a power law that was measured, found none")
    spread = [m + s * d for m, d in zip(fit.mean, fit.sd, strict=True) for s in (-1, 1)]
    centre = (math.fsum(logs) / len(logs), math.fsum(fit.mean) / len(fit.mean))
    low, high = instance.region
    slopes = [slope for slope in (low, high, instance.estimate) if slope is not None]
    ends = [centre[1] + slope * (end - centre[0]) for slope in slopes for end in (x.low, x.high)]
    y = axis_over([*spread, *ends], top + PANEL, top + 3, room=0.03)
    if y is None:
        raise FigureError(f"{instance.id}: expected a power law that was measured, found none")

    def ray(slope: float, at: float) -> tuple[float, float]:
        return x(at), y(centre[1] + slope * (at - centre[0]))

    if low is not None and high is not None:
        middle = (x(centre[0]), y(centre[1]))
        marks += [Area((ray(low, end), middle, ray(high, end)), REGION) for end in (x.low, x.high)]
    for edge in (low, high):
        if edge is not None:
            marks.append(Segment(*ray(edge, x.low), *ray(edge, x.high), EDGE, 0.6))
    if instance.estimate is not None:
        marks.append(Segment(*ray(instance.estimate, x.low), *ray(instance.estimate, x.high), SERIES[0], 1.0))
    marks += ticked_axes(
        x, y,
        [(value, f"{math.exp(value):.6g}") for value, _ in log_ticks(x.low, x.high)],
        log_ticks(y.low, y.high),
    )  # fmt: skip
    for at, mean, sd in zip(logs, fit.mean, fit.sd, strict=True):
        marks += interval_at(
            x(at),
            (mean - sd, mean + sd),
            mean,
            y,
            SERIES[0],
            instance.verdict,
        )
    slope = f"{effect(instance.estimate, instance.unit)} {interval_text(instance.interval, instance.unit)}"
    means = f"Means over {instance.n} seeds, with standard deviations between them."
    said = (
        f"{instance.says} {'Computed, not sampled.' if instance.computed else means} "
        f"Exponent {slope}; the claim holds in the shade, {region(instance.region, instance.unit)}."
    )
    return _finished(instance, marks, x, y, (axis_label(instance, fit.axis), law_label(instance)), said)


def _boundary(instance: InstanceRecord, boundary: BoundaryRecord) -> Drawing:
    marks, top = heading(instance.says)
    drawn = [(at, part) for at, part in zip(boundary.at, instance.parts, strict=True) if part.n]
    x = axis_over(map(math.log, (*boundary.ends, *(at for at, _ in drawn))), LEFT, COLUMN - RIGHT)
    edges = {edge for _, part in drawn for edge in part.region if edge is not None}
    sides = [side for _, part in drawn for side in (*part.interval, part.estimate)]
    y = axis_over([*sides, *edges], top + PANEL, top + 3)
    if x is None or y is None or not drawn:
        raise FigureError(f"{instance.id}: expected a boundary that was searched for, found none")
    low, high = instance.interval
    if (low, high) != (None, None):
        start = x.start if low is None else x.inside(math.log(low))
        end = x.end if high is None else x.inside(math.log(high))
        marks.append(box(start, y.start, max(end, start + 0.5), y.end))
    marks += [Segment(x.start, y(edge), x.end, y(edge), EDGE, 0.6) for edge in edges]
    marks += ticked_axes(
        x, y,
        [(value, f"{math.exp(value):.6g}") for value, _ in log_ticks(x.low, x.high)],
        ticks(y.low, y.high, boundary.unit),
    )  # fmt: skip
    for at, part in drawn:
        marks += interval_at(
            x(math.log(at)), part.interval, part.estimate, y, SERIES[0], part.verdict,
        )  # fmt: skip
    where = interval_text(instance.interval, "boundary")
    how = "computed, not sampled" if instance.computed else f"error rate {instance.alpha:g}"
    said = f"{instance.says} The boundary lies at {boundary.axis} {where}, in the shade: {how}."
    return _finished(instance, marks, x, y, (axis_label(instance, boundary.axis), law_label(instance)), said)


def _seeds(instance: InstanceRecord) -> Drawing:
    """The value of each seed, and at the right the estimate with its interval."""
    marks, top = heading(instance.says)
    first = instance.first_seed or 0
    x = FigureAxis(first - 0.5, first + len(instance.values) * 1.12 + 0.5, LEFT, COLUMN - RIGHT)
    edges = [edge for edge in instance.region if edge is not None]
    y = axis_over([*instance.values, *instance.interval, instance.estimate, *edges], top + PANEL, top + 3)
    if y is None:
        raise FigureError(f"{instance.id}: expected finite numbers, found none")
    marks += band(instance.region, x.start, x.end, y, outside=instance.exchanged)
    marks += zero_line(x, y)
    step = max(1, len(instance.values) // 5)
    seeds = range(first, first + len(instance.values), step)
    marks += ticked_axes(x, y, [(seed, str(seed)) for seed in seeds], ticks(y.low, y.high, instance.unit))
    marks += [Disc(x(first + k), y.inside(v), 1.2, GREY) for k, v in enumerate(instance.values)]
    marks += interval_at(
        x.end - 5, instance.interval, instance.estimate, y, SERIES[0], instance.verdict,
    )  # fmt: skip
    numbers = f"{effect(instance.estimate, instance.unit)} {interval_text(instance.interval, instance.unit)}"
    said = (
        f"{instance.says} One point for each of {instance.n} seeds; at the right the {instance.centre} and "
        f"its interval, {numbers}, with error rate {instance.alpha:g} over all looks. The claim holds in the "
        f"shade."
    )
    return _finished(instance, marks, x, y, ("seed", quantity_label(instance)), said)
