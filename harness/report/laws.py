"""What the boundaries of a claim say together: where they lie, and which power laws they exclude.

Each instance has an interval at alpha/cells, cells being the instances of the claim
(`BoundaryRecord.jointly`), so that all boundaries lie in their intervals with probability at least 1 − alpha.
A law b ~ axis^s is possible if a line with the slope s passes through all intervals, in logarithms. Any other
slope is excluded. An interval without an end excludes slopes on one side only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.record import InstanceRecord
from harness.report.words import interval_text, point

LISTED = 8
"""The most instances for which a sentence says where each boundary lies."""
_DEFINITE = ("located", "≥", "≤")


@dataclass(frozen=True)
class Slopes:
    """The slopes that are not excluded, against `axis`, where the other axes are `at`.

    An infinite end means that there is no such end.
    """

    axis: str
    at: str
    low: float
    high: float

    @property
    def says(self) -> str:
        """The excluded slopes, in a sentence; '' if there are none."""
        if self.low == -math.inf and self.high == math.inf:
            return ""
        head = f"at {self.at}: " if self.at else ""
        if self.low > self.high:
            return f"{head}no power law of {self.axis} passes through the intervals of all boundaries"
        sides = [f"below {self.low:.3g}"] if self.low > -math.inf else []
        sides += [f"above {self.high:.3g}"] if self.high < math.inf else []
        return f"{head}as a power of {self.axis}, the boundary excludes exponents {' and '.join(sides)}"


def where_bounded(instances: Sequence[InstanceRecord], total: int) -> str:
    """In how many of a claim's `total` instances a boundary was located, and where.

    Nothing is claimed about these boundaries.
    """
    run = [i for i in instances if i.verdict != "not-run"]
    if not run:
        return ""
    of = f"{total} instance{'' if total == 1 else 's'}"
    if len(run) < total:
        of = f"the {len(run)} of {of} run"
    located = sum(i.verdict == "located" for i in run)
    beyond = sum(i.verdict in ("≥", "≤") for i in run)
    head = f"located in {located} of {of}"
    head += f", beyond its range in {beyond}" if beyond else ""
    head += f", undecided in {rest}" if (rest := len(run) - located - beyond) else ""
    listed = [
        f"{interval_text(i.interval, i.unit)} at {point(i)}" if i.point else interval_text(i.interval, i.unit)
        for i in run
        if i.verdict in _DEFINITE
    ]
    return f"{head}: {', '.join(listed)}" if listed and len(listed) <= LISTED else head


def possible_slopes(instances: Sequence[InstanceRecord]) -> list[Slopes]:
    """The slopes that the boundaries leave, against each axis of positive numbers.

    There is one entry for each combination of values of the other axes.
    """
    bounded = [i for i in instances if i.boundary is not None]
    axes = {axis: {i.point.get(axis) for i in bounded} for axis in (bounded[0].point if bounded else {})}
    found = []
    for axis, values in axes.items():
        if len(values) < 2 or not all(_is_positive(value) for value in values):
            continue
        groups: dict[str, list[InstanceRecord]] = {}
        for instance in bounded:
            others = {name: label for name, label in instance.labels.items() if name != axis}
            key = ", ".join(f"{name}={label}" for name, label in sorted(others.items()))
            groups.setdefault(key, []).append(instance)
        found += [_slopes(axis, at, members) for at, members in groups.items() if len(members) > 1]
    return found


def _slopes(axis: str, at: str, members: Sequence[InstanceRecord]) -> Slopes:
    """The slopes by elimination of the intercept (Fourier and Motzkin).

    A line passes through all intervals if, between each two, it rises no faster than from the first one's low
    end to the second one's high end, and no slower than from the high end to the low end.
    """
    low, high = -math.inf, math.inf
    cells: list[tuple[float, float, float]] = []
    for instance in members:
        start, end = instance.boundary.jointly if instance.boundary else (None, None)
        ends = (-math.inf if start is None else math.log(start), math.inf if end is None else math.log(end))
        cells.append((math.log(float(instance.point[axis])), *ends))
    cells.sort()
    for (x, start_low, start_high), (x_later, end_low, end_high) in itertools.combinations(cells, 2):
        if x_later > x:
            low = max(low, (end_low - start_high) / (x_later - x))
            high = min(high, (end_high - start_low) / (x_later - x))
    return Slopes(axis, at, low, high)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
