"""What waits for a worker: the trials of a point together, points in the order of their ranks."""

from __future__ import annotations

import bisect
import itertools
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Rank = tuple[float, ...]
"""Whose trials run first: those of the smaller rank. The order changes no number."""

FIRST: Rank = ()
"""Before all others."""

USUAL: Rank = (0.0,)
"""The rank of jobs that come without one."""

T = TypeVar("T")


class Queue(Generic[T]):
    """Items by their names, those of one point in the order in which they came.

    A point has the smallest rank of those with which its items came; of points of one rank, the earlier is
    first.
    """

    def __init__(self) -> None:
        self._at: dict[Hashable, OrderedDict[Hashable, T]] = {}
        self._places: dict[Hashable, tuple[Rank, int]] = {}
        self._order: list[tuple[Rank, int, Hashable]] = []
        self._came = itertools.count()

    def add(self, point: Hashable, name: Hashable, item: T, rank: Rank, *, first: bool = False) -> None:
        """Put an item last at its point; or first of all."""
        rank = FIRST if first else rank
        items = self._at.setdefault(point, OrderedDict())
        items[name] = item
        if first:
            items.move_to_end(name, last=False)
        if point not in self._places or rank < self._places[point][0]:
            self._displace(point)
            self._places[point] = (rank, next(self._came))
            bisect.insort(self._order, (*self._places[point], point))

    def remove(self, point: Hashable, name: Hashable) -> None:
        """Take an item out."""
        items = self._at[point]
        del items[name]
        if not items:
            del self._at[point]
            self._displace(point)

    def ahead(self, most: int) -> Iterator[T]:
        """The first item of each of the first points."""
        for _, _, point in itertools.islice(self._order, most):
            yield next(iter(self._at[point].values()))

    def first_at(self, point: Hashable) -> T | None:
        """The first item at a point, if there is one."""
        return next(iter(self._at[point].values())) if point in self._at else None

    def _displace(self, point: Hashable) -> None:
        place = self._places.pop(point, None)
        if place is not None:
            del self._order[bisect.bisect_left(self._order, place, key=lambda entry: entry[:2])]
