"""The order in which the boundaries of a map are visited, which depends on the suite and the selection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.plan.questions import Case
from harness.suite.records import Point, Suite


@dataclass(frozen=True)
class MapOrder:
    """The boundaries of a map. `map_orders` makes it.

    `places` are those of its cases among all cases of the run, in the order in which they are visited: first
    one point of each, then a second of each, and so on. `seconds` is the time that this may take.
    """

    id: str
    """`suite/map`."""
    places: tuple[int, ...]
    seconds: float


def map_orders(cases: Sequence[Case], suites: Iterable[Suite]) -> tuple[MapOrder, ...]:
    """The maps with selected claims, as their suites state them.

    The boundaries of several claims at one point follow each other, because they read the same trials. Points
    come in the order of the claims' instances.
    """
    found = []
    for suite in suites:
        for each in suite.maps.values():
            rank = {claim: place for place, claim in enumerate(each.claims)}
            mine = [
                (place, case.instance)
                for place, case in enumerate(cases)
                if case.instance.suite == suite.name and case.instance.claim.id in rank
            ]
            first: dict[Point, int] = {}
            for _, instance in mine:
                first.setdefault(instance.point, len(first))
            mine.sort(key=lambda pair: (first[pair[1].point], rank[pair[1].claim.id]))
            if mine:
                order = tuple(place for place, _ in mine)
                found.append(MapOrder(f"{suite.name}/{each.id}", order, each.seconds))
    return tuple(found)
