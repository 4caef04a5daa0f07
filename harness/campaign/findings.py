"""What a campaign finds."""

from __future__ import annotations

from dataclasses import dataclass

from harness.campaign.progress import Progress
from harness.judge import Assessment
from harness.measure import Measurement, Recheck, remarks
from harness.plan import Case, Trial


@dataclass(frozen=True)
class Finding:
    """One instance, and what was found about it."""

    case: Case
    assessment: Assessment


@dataclass
class Result:
    """A finished campaign: a finding for each case, and every measurement that was read or made."""

    findings: list[Finding]
    measurements: dict[Trial, Measurement]
    progress: Progress
    rechecks: tuple[Recheck, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of measurements that were not kept or that changed their worker, and of
        experiments that were not rechecked, each once."""
        said = [m.note for m in self.measurements.values() if m.note]
        said += remarks(self.measurements.values())
        return tuple(dict.fromkeys([*said, *(r.note for r in self.rechecks if r.note)]))
