"""How far an instance is from the edge of its claim: one number for each run, and one for each seed.

`harness.judge.distance` defines a distance. An instance is as far as its worst part; a curved power law as
its bend is from the margin of straightness; a boundary by its ratio to the bound on it.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from harness.judge import Ruler, interval, ruler
from harness.questions import Region, Unit
from harness.report.boundary import middle
from harness.report.record import BoundaryRecord, InstanceRecord, PartRecord, Side

LEVEL = 0.005
"""The one-sided level of the interval that asv shows and, with few seeds, uses to compare: it calls it ci_99.
"""


@dataclass(frozen=True)
class Distance:
    """The distance of an instance.

    Without statistics (`exact`, computed) it has no samples. `distance` makes it.
    """

    value: float
    samples: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and upper quartile of at least two samples."""
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high


def distance(instance: InstanceRecord) -> Distance | None:
    """The distance of an instance, which is that of its worst part; None if nothing was estimated."""
    if instance.boundary is not None:
        return _of_boundary(instance, instance.boundary)
    found = _worst(instance)
    if found is None:
        return None
    if instance.unit == "violation" or instance.computed:
        return Distance(found.distance)
    shown = interval(found.values, instance.centre, LEVEL)
    low, high = sorted((found.ruler(shown.low), found.ruler(shown.high)))
    return Distance(found.distance, tuple(map(found.ruler, found.values)), low, high)


def how_far(instance: InstanceRecord) -> float | None:
    """The value of `distance` alone, at a hundredth of the cost."""
    if instance.boundary is not None:
        known = _of_boundary(instance, instance.boundary)
        return None if known is None else known.value
    found = _worst(instance)
    return None if found is None else found.distance


def ruler_of(shown: InstanceRecord | PartRecord, unit: Unit) -> Ruler | None:
    """The ruler of an instance or a part; None if it has no edge."""
    return ruler(_region(shown.region), unit, shown.estimate or 0.0, exchanged=shown.exchanged)


def _of_boundary(instance: InstanceRecord, boundary: BoundaryRecord) -> Distance | None:
    """The ratio of where a boundary lies to the bound on it (or its inverse, if it must lie above).

    If nothing is claimed, the ratio is to the end of its range. For an interval the middle counts, for one
    with a single end that end. None if nothing is known.
    """
    low, high = instance.interval
    at = middle(low, high) or low or high
    if at is None:
        return None
    region = _region(instance.region)
    edged = region if region != Region() else Region(high=boundary.ends[1])
    measure = ruler(edged, "boundary", at)
    return None if measure is None else Distance(measure(at))


@dataclass(frozen=True)
class _MeasuredPart:
    """The values of a part, the ruler that measures them, and the distance of their centre."""

    values: tuple[float, ...]
    ruler: Ruler
    distance: float


def _worst(instance: InstanceRecord) -> _MeasuredPart | None:
    """The part of an instance that is farthest from its edge; for a curved power law, its bend."""
    bend = instance.straightness
    if bend is not None and bend.state == "curved" and len(bend.values) >= _least(instance):
        curve = ruler(Region(-bend.margin, bend.margin), "exponent", bend.estimate)
        return None if curve is None else _MeasuredPart(bend.values, curve, curve(bend.estimate))
    found = [_measured(part, instance.unit) for part in instance.parts or (instance,)]
    return max((each for each in found if each is not None), key=lambda each: each.distance, default=None)


def _measured(part: InstanceRecord | PartRecord, unit: Unit) -> _MeasuredPart | None:
    far = ruler_of(part, unit)
    if far is None or not part.values:
        return None
    if unit == "violation":
        return _MeasuredPart(part.values, far, far(max(part.values)))
    if part.estimate is None or len(part.values) < _least(part):
        return None
    return _MeasuredPart(part.values, far, far(part.estimate))


def _least(part: InstanceRecord | PartRecord) -> int:
    """The least number of values for an estimate."""
    return 1 if part.computed else 2


def _region(sides: tuple[Side, Side]) -> Region:
    low, high = sides
    return Region(-math.inf if low is None else low, math.inf if high is None else high)
