"""How far a campaign is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.campaign.finding import Finding
from harness.measure import Measurement, RunningTrial, remarks


@dataclass(frozen=True)
class Progress:
    """How far a campaign is: trials of this run, and claims."""

    measured: int
    reused: int
    failed: int
    pending: int
    decided: int
    total: int
    elapsed: float
    remaining: float | None
    """Seconds until the requested trials are done. Later looks may request more."""
    waiting: str = ""
    """What keeps trials from starting, which program does, and how to continue; '' if nothing does."""
    notes: tuple[str, ...] = ()
    """What to say at once: the first time that a trial could not be stored, or lost its worker."""
    rechecking: int = 0
    """The number of trials that are measured a second time when all others are done."""
    news: tuple[Finding, ...] = ()
    """Instances that measurements have decided since the last progress. A recheck that fails may still make
    them errors."""
    running: tuple[RunningTrial, ...] = ()
    """What the workers are doing, as far as that is known."""


class Tally:
    """Sums over a campaign's measurements."""

    def __init__(self) -> None:
        self.measured = self.reused = self.failed = 0
        self._seconds = 0.0
        self._notes: dict[str, None] = {}
        self._remarked: set[str] = set()  # experiments whose trials changed their worker

    def count(self, measurement: Measurement, before: Measurement | None = None) -> None:
        """Add a measurement. `before` is what was known of its trial, if that has been counted."""
        if before is not None:
            self._count(before, -1)
        self._count(measurement, 1)
        if measurement.note:
            self._note([measurement.note])
        if not measurement.traces.left_nothing and measurement.trial.experiment not in self._remarked:
            said = remarks([measurement])
            self._remarked.add(measurement.trial.experiment)
            self._note(said)

    def _count(self, measurement: Measurement, by: int) -> None:
        if measurement.reused:
            self.reused += by
        else:
            self.measured += by
            self.failed += by * (measurement.status == "error")
            self._seconds += by * measurement.seconds

    def _note(self, notes: Iterable[str]) -> None:
        self._notes.update(dict.fromkeys(notes))

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, each once."""
        return tuple(self._notes)

    def remaining(self, pending: int, workers: int) -> float | None:
        """Seconds that pending trials will take, at the mean of the measured ones; None if there are none."""
        return pending * self._seconds / self.measured / workers if self.measured else None
