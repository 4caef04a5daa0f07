"""The boundaries of a map: which points count when time ends the search early.

A *line* is one search: that of an instance, or of its control. All lines are visited in rounds; each round
visits the next point of every line that wants one. So a visit has a *turn*, the pair of its round and its
line. Turns depend on the verdicts alone. Workers measure in this order too, but several at once, so that a
later visit may be judged before an earlier one. Only visits before the *frontier* count, the first turn that
is not judged: however long a campaign took, it shows a beginning of one order, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.judge import PartVerdict, Trail, trace_search
from harness.plan import BoundarySearch, Case, Question

Turn = tuple[int, int]
"""The round and the line of a visit, counted from 0."""


@dataclass
class Line:
    """The search of an instance or of its control, and how far it is."""

    place: int
    search: BoundarySearch
    questions: Sequence[Question]
    trail: Trail

    @property
    def wanted(self) -> Question | None:
        """The point that is visited next; None if the search has ended."""
        return None if self.trail.wanted is None else self.questions[self.trail.wanted]


class MapLines:
    """The lines of a map's cases. `places` are the places of these among all cases, in their order.

    `verdict_on` gives the verdict on a question, None if it is not known.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        places: Sequence[int],
        verdict_on: Callable[[Question], PartVerdict | None],
    ) -> None:
        self._verdict_on = verdict_on
        self._lines: list[Line] = []
        self._of: dict[int, list[int]] = {}
        for place in places:
            case = cases[place]
            for search, questions in ((case.search, case.questions), (case.control_search, case.control)):
                if search is not None:
                    self._of.setdefault(place, []).append(len(self._lines))
                    self._lines.append(Line(place, search, questions, Trail({}, None)))
            self.update(place)
        self._told: set[int] = set()

    def __contains__(self, place: int) -> bool:
        """Whether the case is one of the map's."""
        return place in self._of

    def update(self, place: int) -> None:
        """Continue the lines of a case, as far as verdicts are known."""
        for number in self._of[place]:
            line = self._lines[number]
            line.trail = trace_search(line.search, partial(self._verdict_at, line))

    def _verdict_at(self, line: Line, place: int) -> PartVerdict | None:
        return self._verdict_on(line.questions[place])

    def wanted(self, place: int) -> list[tuple[Question, Turn]]:
        """What the lines of a case want next, and their turns."""
        numbered = [(number, self._lines[number]) for number in self._of[place]]
        return [
            (line.wanted, (len(line.trail.visited), number))
            for number, line in numbered
            if line.wanted is not None
        ]

    @property
    def frontier(self) -> Turn | None:
        """The first turn that is not judged; None if every line has ended."""
        turns = (turn for place in self._of for _, turn in self.wanted(place))
        return min(turns, default=None)

    def newly_settled(self) -> list[int]:
        """The cases that want no more and all of whose visits count, since the last call."""
        frontier = self.frontier
        found = [place for place in self._of if place not in self._told and self._counts(place, frontier)]
        self._told.update(found)
        return found

    def _counts(self, place: int, frontier: Turn | None) -> bool:
        lines = [(number, self._lines[number]) for number in self._of[place]]
        return all(
            line.wanted is None and self._shown(number, frontier) == len(line.trail.visited)
            for number, line in lines
        )

    def _shown(self, number: int, frontier: Turn | None) -> int:
        """The number of visits of a line that count."""
        visits = len(self._lines[number].trail.visited)
        if frontier is None:
            return visits
        return min(visits, frontier[0] + (number < frontier[1]))

    def unfinished(self) -> dict[int, frozenset[Question]]:
        """The cases that are not settled, each with the questions whose verdicts count."""
        frontier, found = self.frontier, {}
        for place, numbers in self._of.items():
            if self._counts(place, frontier):
                continue
            counted: set[Question] = set()
            for number in numbers:
                line = self._lines[number]
                first = list(line.trail.visited)[: self._shown(number, frontier)]
                counted.update(line.questions[each] for each in first)
            found[place] = frozenset(counted)
        return found
