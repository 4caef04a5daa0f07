"""Divides the cases of a run among machines, so that no trial is measured on two of them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.plan.questions import Case


def shard(cases: Sequence[Case], number: int, of: int) -> list[int]:
    """The places in `cases` of those that shard `number` (from 1) has. They depend on the cases alone.

    Cases that read trials at one point stay together. These groups are dealt out by the number of trials that
    they may need, the largest first, each to the shard that has least (Graham, SIAM J. Appl. Math. 17, 1969).
    Raises `ValueError` for a number outside 1 … of.
    """
    if not 1 <= number <= of:
        raise ValueError(f"expected a shard between 1 and {of}, found {number}")
    loads: list[float] = [0.0] * of
    chosen: list[int] = []
    for weight, places in sorted(_groups(cases), key=lambda group: (-group[0], group[1])):
        least = loads.index(min(loads))
        loads[least] += weight
        if least == number - 1:
            chosen += places
    return sorted(chosen)


def _groups(cases: Sequence[Case]) -> list[tuple[float, list[int]]]:
    """Cases that share points, directly or through others, with the number of trials at all their points."""
    leader: dict[str, int] = {}  # point → a case that reads it
    above = list(range(len(cases)))
    budgets: dict[str, float] = {}

    def root(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for place, case in enumerate(cases):
        share = case.share_of_points
        for question in (*case.questions, *case.control):
            for reading in question.effect.readings:
                point = reading.trial(0).key
                budgets[point] = max(budgets.get(point, 0.0), question.budget * share)
                above[root(place)] = root(leader.setdefault(point, place))
    members: dict[int, list[int]] = {}
    for place in range(len(cases)):
        members.setdefault(root(place), []).append(place)
    weights = dict.fromkeys(members, 0.0)
    for point, place in leader.items():
        weights[root(place)] += budgets[point]
    return [(weights[top], places) for top, places in members.items()]
