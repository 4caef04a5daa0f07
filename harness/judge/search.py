"""Searches for a boundary on an axis: which point is asked next, and between which points it lies.

A point is decided *past* the boundary, *before* it, or left undecided within its budget. The cheap end comes
first. If it is not past the boundary, the other end follows; then the middle (of logarithms) of what is left
between the last point before the boundary and the first past it. Near the boundary points stay undecided;
then the middle of the longer gap on either side of these follows. The search ends when the interval is as
narrow as requested, when nothing is left between its ends, or after `MOST_POINTS` points.

Each point is judged at the claim's alpha / `MOST_POINTS`, so that all visited points, whichever they are, are
decided rightly with probability at least 1 − alpha (Bonferroni). Then the boundary lies between the ends of
the interval if the mean is monotone. Halving can never see that it is not, as all points visited inside the
interval lie between its ends. So two more points are visited: on either side of the interval the middle of
the longest stretch between points decided alike. Two points in the wrong order leave the claim inconclusive.

Which points are visited depends only on the verdicts at the points (`trace_search`), whichever of them are
known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.judge.outcome import PartVerdict, Verdict
from harness.questions import MOST_POINTS, BoundarySearch, Region

Standing = Literal["before", "past", "undecided"]
Ends = tuple[float | None, float | None]
"""The values of an axis between which a boundary lies. None is an unknown end."""

_STANDINGS: Mapping[PartVerdict, Standing] = {
    "refuted": "before",
    "supported": "past",
    "inconclusive": "undecided",
}


@dataclass(frozen=True)
class Trail:
    """The visited places in `BoundarySearch.at`, in their order, with their verdicts.

    `trace_search` makes it.

    `wanted` is the place whose verdict is needed next, None if the search has ended.
    """

    visited: Mapping[int, PartVerdict]
    wanted: int | None


@dataclass(frozen=True)
class Location:
    """What a search has found. `locate_boundary` makes it.

    The boundary lies between the values `low` and `high` of the axis; None is an unknown end. `visited` are
    the places of the points, in their order, and `settling` is one that settles the verdict. `reason` says
    why it is not decided.
    """

    verdict: Verdict
    low: float | None
    high: float | None
    visited: tuple[int, ...]
    settling: int
    reason: str = ""


def trace_search(search: BoundarySearch, verdict_at: Callable[[int], PartVerdict | None]) -> Trail:
    """The path of a search. `verdict_at` gives the verdict at a place, None if it is not known yet."""
    visited: dict[int, PartVerdict] = {}
    while (place := _next(search, visited)) is not None:
        verdict = verdict_at(place)
        if verdict is None:
            return Trail(visited, place)
        visited[place] = verdict
    return Trail(visited, None)


def locate_boundary(search: BoundarySearch, verdict_at: Callable[[int], PartVerdict | None]) -> Location:
    """Where the boundary lies, by the verdicts at the points; *not-run* if one is missing."""
    trail = trace_search(search, verdict_at)
    lowest, highest = _ends(trail.visited)
    low, high = ends_among(search, trail.visited)
    visited = tuple(trail.visited)
    failed = [place for place in visited if trail.visited[place] not in _STANDINGS]
    disorder = _disorder(trail.visited)
    if failed:
        return Location(trail.visited[failed[0]], low, high, visited, failed[0])
    if trail.wanted is not None:
        return Location("not-run", low, high, visited, trail.wanted)
    if disorder is not None:
        past, before = (f"{search.axis}={search.at[place]:g}" for place in disorder)
        reason = f"not monotone: decided past the boundary at {past}, and before it at {before}"
        return Location("inconclusive", low, high, visited, disorder[1], reason)
    settling = next((place for place in (highest, lowest) if place is not None), visited[-1])
    if side := _side(search.region, low, high):
        return Location(side, low, high, visited, settling)
    verdict, reason = _located(search, trail.visited, low, high)
    return Location(verdict, low, high, visited, settling, reason)


def ends_among(search: BoundarySearch, verdicts: Mapping[int, PartVerdict]) -> Ends:
    """The ends of the interval by the verdicts at these places; unknown if these contradict."""
    if _disorder(verdicts) is not None:
        return None, None
    lowest, highest = _ends(verdicts)
    low = None if lowest is None else search.at[lowest]
    return low, None if highest is None else search.at[highest]


def _located(
    search: BoundarySearch, visited: Mapping[int, PartVerdict], low: float | None, high: float | None
) -> tuple[Verdict, str]:
    """The verdict if nothing is claimed about the boundary, or if its claim is not decided."""
    undecided = [f"{at:g}" for at in _values(search, visited, "undecided") if _inside(at, low, high)]
    near = f" (undecided at {search.axis} {', '.join(undecided)})" if undecided else ""
    if search.region != Region():
        return "inconclusive", f"the interval still holds the value that is claimed{near}"
    if high == search.at[0]:
        return "≤", ""
    if low == search.at[-1]:
        return "≥", ""
    if low is None or high is None:
        return "inconclusive", f"no point is decided on one side of the boundary{near}"
    if search.ratio is None or high <= search.ratio * low:
        return "located", ""
    if len(visited) >= MOST_POINTS:
        near += f", {MOST_POINTS} points visited"
    return "inconclusive", f"the ends are {high / low:.3g} x apart, more than {search.ratio:.3g} x{near}"


def _next(search: BoundarySearch, visited: Mapping[int, PartVerdict]) -> int | None:
    """The place to visit after these; None if the search ends."""
    if any(verdict not in _STANDINGS for verdict in visited.values()) or len(visited) >= MOST_POINTS:
        return None
    last = len(search.at) - 1
    if 0 not in visited:
        return 0
    if visited[0] == "supported":
        return None
    if last not in visited:
        return last
    if _disorder(visited) is not None:
        return None
    lowest, highest = _ends(visited)
    if lowest != last and not _is_enough(search, lowest, highest):
        place = _halving(search, visited, lowest, highest)
        if place is not None:
            return place
    return _check(search, visited)


def _halving(
    search: BoundarySearch, visited: Mapping[int, PartVerdict], lowest: int | None, highest: int | None
) -> int | None:
    """The middle of the longest gap next to an end of the interval; None if no place is inside."""
    start = -1 if lowest is None else lowest
    end = len(search.at) if highest is None else highest
    between = sorted(place for place in visited if start < place < end)
    gaps = [(start, between[0]), (between[-1], end)] if between else [(start, end)]
    return _middle_of_longest(search, [gap for gap in gaps if gap[0] >= 0 and gap[1] < len(search.at)])


def _check(search: BoundarySearch, visited: Mapping[int, PartVerdict]) -> int | None:
    """The middle of the longest stretch between neighbouring points that were decided alike.

    It is visited once on each side.
    """
    order = list(visited)
    sides: tuple[PartVerdict, ...] = ("refuted", "supported")
    for side in sides:
        stretches = [
            (start, end)
            for start, end in itertools.pairwise(sorted(visited))
            if visited[start] == visited[end] == side
        ]
        place = _middle_of_longest(search, stretches)
        if place is not None and not _was_checked(order, visited, side):
            return place
    return None


def _was_checked(order: Iterable[int], visited: Mapping[int, PartVerdict], side: PartVerdict) -> bool:
    """Whether a point was visited between two points decided as `side`, which halving never does."""
    seen: list[int] = []
    for place in order:
        alike = [other for other in seen if visited[other] == side]
        if alike and min(alike) < place < max(alike):
            return True
        seen.append(place)
    return False


def _middle_of_longest(search: BoundarySearch, gaps: Iterable[tuple[int, int]]) -> int | None:
    """The place nearest to the middle of the longest gap with places inside; of equal gaps the first."""
    logs = [math.log(at) for at in search.at]
    inside = [(start, end) for start, end in gaps if end - start > 1]
    if not inside:
        return None
    start, end = max(inside, key=lambda gap: round(logs[gap[1]] - logs[gap[0]], 9))
    middle = (logs[start] + logs[end]) / 2
    return min(range(start + 1, end), key=lambda place: (round(abs(logs[place] - middle), 9), place))


def _is_enough(search: BoundarySearch, lowest: int | None, highest: int | None) -> bool:
    """Whether the interval is as narrow as requested, and the claim about the boundary is decided."""
    low = None if lowest is None else search.at[lowest]
    high = None if highest is None else search.at[highest]
    if search.region != Region() and not _side(search.region, low, high):
        return False
    if search.ratio is None:
        return True
    return low is not None and high is not None and high <= search.ratio * low


def _side(region: Region, low: float | None, high: float | None) -> PartVerdict | None:
    """Whether all of the interval, or none of it, lies in the region; None if neither is known.

    At the ends of the interval the mean is decided, so that the boundary lies strictly between them.
    """
    if region.high < math.inf:
        if high is not None and high <= region.high:
            return "supported"
        return "refuted" if low is not None and low >= region.high else None
    if region.low > -math.inf:
        if low is not None and low >= region.low:
            return "supported"
        return "refuted" if high is not None and high <= region.low else None
    return None


def _ends(visited: Mapping[int, PartVerdict]) -> tuple[int | None, int | None]:
    """The last place before the boundary, and the first past it."""
    before = [place for place in visited if visited[place] == "refuted"]
    past = [place for place in visited if visited[place] == "supported"]
    return max(before, default=None), min(past, default=None)


def _disorder(visited: Mapping[int, PartVerdict]) -> tuple[int, int] | None:
    """A place decided past the boundary, and a later one decided before it: the nearest such pair."""
    pairs = [
        (past, before)
        for past in visited
        for before in visited
        if visited[past] == "supported" and visited[before] == "refuted" and past < before
    ]
    return min(pairs, key=lambda pair: (pair[1] - pair[0], pair)) if pairs else None


def _values(search: BoundarySearch, visited: Mapping[int, PartVerdict], standing: Standing) -> list[float]:
    return [search.at[place] for place in sorted(visited) if _STANDINGS.get(visited[place]) == standing]


def _inside(at: float, low: float | None, high: float | None) -> bool:
    return (low is None or low < at) and (high is None or at < high)
