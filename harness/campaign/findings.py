"""What a campaign finds."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.campaign.finding import Finding
from harness.campaign.progress import Progress
from harness.measure import Measurement, Recheck, remarks
from harness.plan import Trial


@dataclass(frozen=True)
class MapTime:
    """How long a map took, in seconds, and how many of its boundaries time cut off.

    `by_run` says that it was the time of the whole run, not the map's own.
    """

    id: str
    seconds: float
    unfinished: int
    by_run: bool


@dataclass
class Result:
    """A finished campaign: a finding for each case, and every measurement that was read or made."""

    findings: list[Finding]
    measurements: dict[Trial, Measurement]
    progress: Progress
    rechecks: tuple[Recheck, ...] = ()
    also: list[Finding] = field(default_factory=list)
    """The findings of the cases that were judged beside those of the claims."""
    maps: tuple[MapTime, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes about measurements, each once.

        They are about measurements that were not stored or changed their worker, and about experiments that
        were not rechecked.
        """
        said = [m.note for m in self.measurements.values() if m.note]
        said += remarks(self.measurements.values())
        return tuple(dict.fromkeys([*said, *(r.note for r in self.rechecks if r.note)]))
