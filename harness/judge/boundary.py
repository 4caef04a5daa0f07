"""Everything that is judged about a boundary: what the visited points say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.outcome import Verdict
from harness.judge.part import PartAssessment, part_values
from harness.judge.search import Ends, Location, ends_among, locate_boundary
from harness.judge.sources import decision_at
from harness.questions import BoundarySearch


@dataclass(frozen=True)
class FoundBoundary:
    """Where a boundary was found, by the visited points. `judged_boundary` makes it.

    `parts` are these points in the order of the axis, `at` its values there.
    """

    search: BoundarySearch
    location: Location
    parts: tuple[PartAssessment, ...]
    at: tuple[float, ...]
    settling: PartAssessment
    cells: int

    @property
    def verdict(self) -> Verdict:
        """Supported or refuted, for a claim about the boundary; located, beyond an end, or inconclusive."""
        return self.location.verdict

    @property
    def chance(self) -> float | None:
        """The probability that fresh seeds give the verdict on a claim about the boundary.

        Any of the points that show it is enough, if they are visited again. None if nothing is claimed,
        because another interval is not another verdict.
        """
        chances = (part.chance for part in self._showing)
        return max((chance for chance in chances if chance is not None), default=None)

    @property
    def reproducibility(self) -> float | None:
        """The part of this probability that the seeds show."""
        shown = (part.reproducibility for part in self._showing)
        return max((chance for chance in shown if chance is not None), default=None)

    @property
    def leaves_open(self) -> float | None:
        """How rare an event the decided points may have missed, in any of them."""
        if self.verdict in ("inconclusive", "error", "not-run", "not-covered"):
            return None
        return max((part.leaves_open for part in self.parts if part.leaves_open is not None), default=None)

    def supports_for_some(self, alike: int) -> bool:
        """Whether one of the points that show the claim shows it at α/k."""
        return any(decision_at(part_values(part), alike) == part.verdict for part in self._showing)

    @property
    def jointly(self) -> Ends:
        """The ends of the interval at α/cells, by the same points.

        With probability at least 1 − α, all boundaries of the claim's instances lie between such ends.
        """
        verdicts = {}
        for place, part in zip(sorted(self.location.visited), self.parts, strict=False):
            verdicts[place] = part.verdict
            if part.verdict in ("supported", "refuted") and not part.question.deterministic:
                verdicts[place] = decision_at(part_values(part), self.cells) or "inconclusive"
        return ends_among(self.search, verdicts)

    @property
    def _showing(self) -> list[PartAssessment]:
        """The points each of which shows the verdict on a claim about the boundary."""
        region = self.search.region
        below = region.high < math.inf
        edge = region.high if below else region.low
        if self.verdict not in ("supported", "refuted"):
            return []
        past = (self.verdict == "supported") == below
        return [
            part
            for part, at in zip(self.parts, self.at, strict=True)
            if part.verdict == ("supported" if past else "refuted") and (at <= edge if past else at >= edge)
        ]


def judged_boundary(search: BoundarySearch, parts: Sequence[PartAssessment], cells: int) -> FoundBoundary:
    """The boundary that a search has found. `parts` has every point of its axis, visited or not."""
    location = locate_boundary(
        search, lambda place: None if parts[place].verdict == "not-run" else parts[place].verdict
    )
    visited = sorted(location.visited)
    shown = visited if visited else [location.settling]
    return FoundBoundary(
        search,
        location,
        tuple(parts[place] for place in shown),
        tuple(search.at[place] for place in shown),
        parts[location.settling],
        cells,
    )
