"""The order in which points are measured, chosen so that claims of every kind are decided soon.

Points of one *kind* are those at which the same stages of the same experiment are wanted. The cheapest point
of each kind comes first, cheap kinds before dear ones, then the second cheapest of each, and so on. A point
whose claims want a further look goes back by one place for each look. The order changes no number and no
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.campaign.enquiries import Enquiry, Reads
from harness.declare import find
from harness.measure import Measurer
from harness.plan import Trial

UNKNOWN = 1.0
"""The seconds assumed for a trial about which nothing is known."""

PointRank = tuple[float, float]


class MeasuringOrder:
    """Ranks the points that enquiries read."""

    def __init__(self, enquiries: Iterable[Enquiry], laboratory: Measurer) -> None:
        self._laboratory = laboratory
        reads: dict[Reads, tuple[Trial, set[str]]] = {}
        for enquiry in enquiries:
            for point, quantities in enquiry.reads.items():
                trial = enquiry.trial_at(point)
                reads.setdefault(point, (trial, set()))[1].update(quantities)
        kinds: dict[tuple[str, frozenset[str]], list[tuple[float, str, Reads]]] = {}
        for point, (trial, read) in reads.items():
            wanted = laboratory.stages_of(trial, read)
            cost = self._seconds(trial, wanted)
            kinds.setdefault((trial.experiment, wanted), []).append((cost, trial.key, point))
        self._ranks: dict[Reads, PointRank] = {}
        for found in kinds.values():
            for place, (cost, _, point) in enumerate(sorted(found)):
                self._ranks[point] = (float(place), cost)

    def _seconds(self, trial: Trial, stages: frozenset[str]) -> float:
        """About how long these stages take, as the experiment declares or the store knows."""
        cost = find(trial.experiment).cost
        if cost is not None:
            return cost(dict(trial.params), stages)
        known = self._laboratory.seconds_per_trial(trial.experiment, stages)
        return UNKNOWN if known is None else known

    def rank(self, point: Reads, looks: int) -> PointRank:
        """The rank of a point after `looks` looks."""
        place, cost = self._ranks[point]
        return (place + looks, cost)
