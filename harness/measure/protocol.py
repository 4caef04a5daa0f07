"""What a campaign needs of a laboratory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from harness.measure.passes import Passes
from harness.measure.queue import USUAL, Rank
from harness.measure.records import Measurement
from harness.measure.running import RunningTrial
from harness.questions import Trial


class Measurer(Protocol):
    """Takes trials and gives measurements, each trial once and in any order: a `Laboratory`, or what a test
    puts in its place."""

    @property
    def workers(self) -> int:
        """How many trials run at once."""

    @property
    def pending(self) -> int:
        """How many requested trials `collect` has not yet returned."""

    @property
    def waiting(self) -> str:
        """What has kept trials from being started for a while; '' if nothing does."""

    @property
    def running(self) -> Sequence[RunningTrial]:
        """What the workers are at, as far as that is known here."""

    @property
    def passes(self) -> Passes:
        """Which experiments passed a recheck."""

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial."""

    def stages_of(self, trial: Trial, quantities: Iterable[str]) -> frozenset[str]:
        """The stages of the trial that give these quantities."""

    def seconds_per_trial(self, run: str, stages: Iterable[str] | None = None) -> float | None:
        """How long a trial of the experiment took on average, or these stages of it; None: nobody knows."""

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """Those of the trials that were measured before and kept, with the stages that were."""

    def request(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
        rank: Rank = USUAL,
    ) -> None:
        """Have stages of a trial measured (None: all); what was measured before is returned once more."""

    def repeat(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
    ) -> None:
        """Have it measured again, where no trial ran before it; nothing of it is kept."""

    def collect(self, timeout: float) -> list[Measurement]:
        """The measurements that ended since the last call; waits up to `timeout` seconds for the first."""

    def withdraw(self, trials: Collection[Trial]) -> None:
        """Drop those of the trials that have not begun."""

    def abandon(self) -> None:
        """Drop all trials that have not ended."""
