"""A pool whose jobs end as soon as they are looked at, in this process: the command's own work is left."""

from __future__ import annotations

from collections.abc import Mapping

from harness.declare import find
from harness.measure.cpu import processor
from harness.measure.records import Job, JobResult, Stage, TrialResult
from harness.measure.running import RunningTrial

ROOM = 50
"""Jobs that it takes ahead, as a worker's pool does of short ones."""


class InstantPool:
    """Stands where `harness.measure.pool.Pool` stands; gives what the experiment's function gives."""

    def __init__(self, size: int, environment: Mapping[str, str]) -> None:
        self.size = size
        self._jobs: list[Job] = []
        self._ran = 0

    @property
    def free(self) -> int:
        return self.size if not self._jobs else 0

    def fits(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        return True

    def room(self, code: tuple[str, ...], modules: tuple[str, ...]) -> int:
        return max(0, ROOM - len(self._jobs))

    def running(self) -> list[RunningTrial]:
        return []

    def start(self, job: Job, *more: Job) -> None:
        self._jobs += [job, *more]

    def returned(self) -> list[Job]:
        return []

    def take_back(self) -> None:
        """There is nothing that has not begun."""

    def watch(self, timeout: float) -> None:
        """There is nothing to wait for."""

    def finished(self) -> list[tuple[Job, JobResult]]:
        jobs, self._jobs = self._jobs, []
        return [(job, self._run(job)) for job in jobs]

    def _run(self, job: Job) -> JobResult:
        function = find(job.first.experiment).function
        stages = (Stage("main", 1e-6), Stage("late", 1e-6))
        results = tuple(
            TrialResult("ok", function(seed=trial.seed, **trial.arguments()), {}, stages, seconds=1e-5)
            for trial in job.trials
        )
        self._ran += len(results)
        return JobResult(results, ordinal=self._ran - len(results), cpu=processor())

    def abandon(self) -> None:
        self._jobs.clear()

    def close(self, *, kill: bool = False) -> None:
        self._jobs.clear()
