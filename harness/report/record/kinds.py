"""What a record says of some runs or instances alone: laws, boundaries, timings, baselines; see `types`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declare import Value
from harness.questions import Unit

Side = float | None
"""An end of an interval or of a region; None if it is open."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
LETTERS = {"centre": "center", "overrides": "given", "controls": "rivals", "result": "rival"}
"""Fields that files call otherwise: a record keeps the letters under which it was first published."""


class StraightnessRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """By how much a power law's exponent changes from the lower half of the axis's points to the upper.

    `state` is curved (the interval at half the level lies outside ±`margin`: the law is refuted), straight
    (the interval lies inside ±`shown`) or open.
    """

    margin: Annotated[float, msgspec.Meta(gt=0)]
    shown: float | None
    """The margin within which the claim says that it must be shown to be straight."""
    state: str
    estimate: float
    interval: tuple[Side, Side]
    """At the level of *supported*, as the exponent's."""
    values: tuple[float, ...]


class BoundaryRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a boundary was searched for: the values of the axis at the points that were visited, one for each
    part.

    The mean of the quantity is decided to lie before the boundary at a part that is refuted, past it at one
    that is supported.
    """

    axis: str
    at: tuple[float, ...]
    """In the order of the axis, as the parts are."""
    order: tuple[Count, ...]
    """The places in `at` in the order in which they were visited."""
    ends: tuple[float, float]
    """Of the range, which begins at its cheap end."""
    ratio: float | None
    """Of the interval's ends that was near enough; None where only the claim's verdict was asked for."""
    unit: Unit
    """Of the parts."""
    jointly: tuple[Side, Side]
    """The interval at alpha divided by the number of the claim's instances: all of these hold together."""


class MapRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A map of boundaries: which claims' instances are its lines, and how long they took.

    Its cells are the points of these instances (`InstanceRecord.parts`), and its boundary lies in their
    intervals.
    """

    id: str
    """`suite/map`."""
    suite: str
    map: str
    """The map's id in its suite."""
    title: str
    claims: tuple[str, ...]
    """Their ids in the suite."""
    axes: tuple[str, ...]
    """The axis along which the boundaries lie, then one or two others."""
    time_budget: float | None = None
    """Seconds that it was given; None: any."""
    seconds: float = 0.0
    """Wall seconds that it took."""
    unfinished: Count = 0
    """How many of its boundaries time cut off; what was not visited of these is not run."""
    by_run: bool = False
    """Whether the time of the whole run ended first."""


class FitRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a power law was fitted to: the means over seeds of ln a at each value of the axis."""

    axis: str
    at: tuple[float, ...]
    """The axis's values, as they are."""
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    """Between seeds; includes what the slopes of different seeds have in common."""
    without_smallest: float | None
    """The mean slope without the smallest value of the axis; None of fewer than three others."""
    curvature: float | None
    """The mean coefficient of (ln axis)² in a fit of a parabola; None of fewer than four values."""


class TimingRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the two benchmarks that `faster` compares: its id, and its seconds in each pair."""

    benchmark: str
    seconds: tuple[float, ...]


class ConfirmationRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The second verdict on what was unexpected, on fresh seeds (`--confirm`); the first one counts."""

    first_seed: Count
    """It follows from the commit and the suite."""
    verdict: str
    n: int
    estimate: Side
    interval: tuple[Side, Side]
    reason: str = ""


class FamilyRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which instances of a suite hold jointly: that any of these is wrong has at most the chance `level`."""

    suite: str
    level: float
    total: Count
    """How many instances the suite states: those that were not run count as not shown."""
    holds: tuple[str, ...]
    """Ids. Each has the verdict that is expected of it; of `open`, supported."""


class ComparisonRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One quantity at one point, held against a baseline (`--against`); numbers as in an instance."""

    baseline: str
    """`v0.2.0 (1a2b3c4d5)`."""
    experiment: str
    params: dict[str, Value]
    quantity: str
    better: str
    """lower, higher, or '' of a quantity that is to stay equal."""
    margin: str
    """As it was written; '' where the numbers were to be the same."""
    verdict: str
    """supported: no worse there, or equal."""
    same: str = ""
    unit: Unit
    n: Count
    budget: Count
    estimate: Side
    interval: tuple[Side, Side]
    region: tuple[Side, Side]
    reason: str = ""


class QuantityRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One quantity at one point, by seed: of first_seed, first_seed + 1, …"""

    experiment: str
    params: dict[str, Value]
    quantity: str
    first_seed: Count
    values: tuple[float, ...]
