"""What a record says about a boundary: where it lies, and at which points it was searched for."""

from __future__ import annotations

import math

from msgspec.structs import replace

from harness.judge import FoundBoundary
from harness.report.record import BoundaryRecord, PartRecord, Side


def boundary_record(found: FoundBoundary) -> BoundaryRecord:
    """How it was searched for."""
    search = found.search
    places = {at: place for place, at in enumerate(found.at)}
    return BoundaryRecord(
        axis=search.axis,
        at=found.at,
        order=tuple(places[search.at[place]] for place in found.location.visited) or (0,),
        ends=(search.at[0], search.at[-1]),
        ratio=search.ratio,
        unit=found.settling.question.unit,
        jointly=found.jointly,
    )


def shown_boundary(found: FoundBoundary, settling: PartRecord) -> PartRecord:
    """What replaces the settling part of a boundary where an instance shows it.

    The value on the axis replaces an effect, the ends between which it lies an interval, and what is claimed
    of it a region.
    """
    location, region = found.location, found.search.region
    interval = (location.low, location.high)
    edge = 1 if region.high < math.inf else 0 if region.low > -math.inf else None
    return replace(
        settling,
        name="",
        verdict=found.verdict,
        n=max(part.ruling.n for part in found.parts),
        estimate=middle(*interval),
        interval=interval,
        region=(_side(region.low), _side(region.high)),
        values=(),
        looks=(),
        smallest_margin=None if edge is None else interval[edge],
        seeds_to_decision=None,
        reason=location.reason or found.settling.error,
        straightness=None,
        lag_one=None,
    )


def middle(low: Side, high: Side) -> float | None:
    """The middle of two values, as logarithms; None if one is unknown."""
    return None if low is None or high is None else math.sqrt(low) * math.sqrt(high)


def _side(x: float) -> Side:
    return x if math.isfinite(x) else None
