"""What some predicates give a reader beside their verdict: points of a fit, seconds of benchmarks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from harness.judge import PartAssessment
from harness.measure import Measurement
from harness.plan import Trial
from harness.report.record import FitRecord, Side, StraightnessRecord, TimingRecord
from harness.suite import Instance
from harness.suite.records import instance_id


def fit_record(
    part: PartAssessment, instance: Instance, measurements: Mapping[Trial, Measurement]
) -> FitRecord | None:
    """The points through which an exponent was fitted; None for any other effect, or without measurements."""
    if part.question.unit != "exponent" or instance.over is None:
        return None
    if part.error or part.ruling.n < (1 if part.question.deterministic else 2):
        return None
    axis = instance.over.name
    at = tuple(float(each.value or 0) for each in instance.over.values)
    rows = [
        [
            math.log(measurements[reading.trial(seed)].values[reading.quantity])
            for reading in part.question.effect.readings
        ]
        for seed in part.question.seeds(part.ruling.n)
    ]
    columns = list(zip(*rows, strict=True))
    logs = [math.log(x) for x in at]
    return FitRecord(
        axis=axis,
        at=at,
        mean=tuple(math.fsum(column) / len(column) for column in columns),
        sd=tuple(statistics.stdev(column) if len(column) > 1 else 0.0 for column in columns),
        **shape_of(logs, [math.fsum(column) / len(column) for column in columns]),
    )


def straightness(part: PartAssessment) -> StraightnessRecord | None:
    """How a power law was judged beside its exponent; None for other effects, and if nothing was judged."""
    bend, straight = part.bend, part.question.straight
    if bend is None or straight is None:
        return None
    return StraightnessRecord(
        margin=straight.margin,
        shown=straight.shown,
        state=bend.state,
        estimate=bend.estimate,
        interval=(_side(bend.low), _side(bend.high)),
        values=bend.values,
    )


def _side(x: float) -> Side:
    return x if math.isfinite(x) else None


def shape_of(x: Sequence[float], y: Sequence[float]) -> dict[str, float | None]:
    """The slope without the smallest x, and the curvature, of the least-squares line and parabola of y on x.

    Both are linear in y, so that for means over seeds they are the means of each seed's.
    """
    slope = curvature = None
    points = sorted(zip(x, y, strict=True))
    if len(points) > 3:
        slope = statistics.linear_regression(*zip(*points[1:], strict=True)).slope
        curvature = _curvature(points)
    return {"without_smallest": slope, "curvature": curvature}


def _curvature(points: Sequence[tuple[float, float]]) -> float:
    """The coefficient of x² (Frisch & Waugh): y regressed on what a regression on x leaves of x²."""
    x = [p[0] for p in points]
    line = statistics.linear_regression(x, [v * v for v in x])
    left = [v * v - line.slope * v - line.intercept for v in x]
    return math.fsum(r * p[1] for r, p in zip(left, points, strict=True)) / math.fsum(r * r for r in left)


def timings(
    part: PartAssessment, instance: Instance, measurements: Mapping[Trial, Measurement]
) -> tuple[TimingRecord, ...]:
    """The seconds of the benchmarks that `faster` compares, pair by pair."""
    if instance.claim.benchmarks is None or part.error:
        return ()
    labels = dict(instance.point)
    records = []
    for benchmark, reading in zip(instance.claim.benchmarks, part.question.effect.readings, strict=True):
        seeds = part.question.seeds(part.ruling.n)
        seconds = tuple(measurements[reading.trial(seed)].values[reading.quantity] for seed in seeds)
        at = {axis: label for axis, label in labels.items() if axis in benchmark.axes}
        records.append(TimingRecord(benchmark=instance_id(benchmark.id, at), seconds=seconds))
    return tuple(records)
