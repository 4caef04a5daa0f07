"""What a record says only for some runs or instances: laws, boundaries, timings, baselines; see `types`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declare import Value
from harness.questions import Unit

Side = float | None
"""An end of an interval or of a region; None if it is open."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
LETTERS = {"centre": "center", "overrides": "given", "controls": "rivals", "result": "rival"}
"""Fields with other names in files: a record keeps the letters under which it was first published."""


class StraightnessRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How much a power law's exponent changes from the lower half of the axis's points to the upper.

    `state` is curved (the interval at half the level lies outside ±`margin`: the law is refuted), straight
    (the interval lies inside ±`shown`) or open.
    """

    margin: Annotated[float, msgspec.Meta(gt=0)]
    shown: float | None
    """The margin within which the claim requires that the law is shown to be straight."""
    state: str
    estimate: float
    interval: tuple[Side, Side]
    """The interval at the level of *supported*, as for the exponent."""
    values: tuple[float, ...]


class BoundaryRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a boundary was searched for: the axis's values at the visited points, one for each part.

    At a refuted part the mean of the quantity lies before the boundary, at a supported part past it.
    """

    axis: str
    at: tuple[float, ...]
    """The values in the order of the axis, as the parts are."""
    order: tuple[Count, ...]
    """The places in `at` in the order in which they were visited."""
    ends: tuple[float, float]
    """The ends of the range, which begins at its cheap end."""
    ratio: float | None
    """The ratio of the interval's ends that was near enough; None if only the claim's verdict was asked for.
    """
    unit: Unit
    """The unit of the parts."""
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
    """The claims' ids in the suite."""
    axes: tuple[str, ...]
    """The axis along which the boundaries lie, then one or two others."""
    time_budget: float | None = None
    """The seconds that it was given; None means any."""
    seconds: float = 0.0
    """The wall seconds that it took."""
    unfinished: Count = 0
    """The number of its boundaries that time cut off. What was not visited of these is not run."""
    by_run: bool = False
    """Whether the time of the whole run ended first."""


class FitRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The data of a power law's fit: the means over seeds of ln a at each value of the axis."""

    axis: str
    at: tuple[float, ...]
    """The axis's values, without logarithms."""
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    """The deviations between seeds, including what the slopes of different seeds have in common."""
    without_smallest: float | None
    """The mean slope without the smallest value of the axis; None with fewer than three others."""
    curvature: float | None
    """The mean coefficient of (ln axis)² in a fit of a parabola; None with fewer than four values."""


class TimingRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the two benchmarks that `faster` compares: its id, and its seconds in each pair."""

    benchmark: str
    seconds: tuple[float, ...]


class ConfirmationRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The second verdict on an unexpected one, on fresh seeds (`--confirm`). The first one counts."""

    first_seed: Count
    """The first seed, which follows from the commit and the suite."""
    verdict: str
    n: int
    estimate: Side
    interval: tuple[Side, Side]
    reason: str = ""


class FamilyRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which instances of a suite hold jointly: with probability at most `level`, any of these is wrong."""

    suite: str
    level: float
    total: Count
    """How many instances the suite states. Those that were not run count as not shown."""
    holds: tuple[str, ...]
    """The ids. Each has its expected verdict; `open` ones are supported."""


class ComparisonRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One quantity at one point, compared with a baseline (`--against`); numbers as in an instance."""

    baseline: str
    """The baseline, such as `v0.2.0 (1a2b3c4d5)`."""
    experiment: str
    params: dict[str, Value]
    quantity: str
    better: str
    """lower, higher, or '' for a quantity that must stay equal."""
    margin: str
    """The margin as it was written; '' if the numbers had to be the same."""
    verdict: str
    """The verdict; supported means no worse there, or equal."""
    same: str = ""
    unit: Unit
    n: Count
    budget: Count
    estimate: Side
    interval: tuple[Side, Side]
    region: tuple[Side, Side]
    reason: str = ""


class QuantityRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One quantity at one point, by seed: for first_seed, first_seed + 1, …"""

    experiment: str
    params: dict[str, Value]
    quantity: str
    first_seed: Count
    values: tuple[float, ...]
