"""Who runs trials: what a laboratory asks of a pool of processes, or of a cluster."""

from __future__ import annotations

import os
from typing import Protocol

from harness.measure.records import Job, JobResult
from harness.measure.running import RunningTrial


class Workers(Protocol):
    """Who runs trials: a `Pool` of processes on this machine, or a `Cluster`."""

    @property
    def size(self) -> int:
        """How many workers there are; of a cluster, how many there have been at once."""

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""

    def fits(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether a worker that has run this code, and no other, takes more jobs."""

    def room(self, code: tuple[str, ...], modules: tuple[str, ...]) -> int:
        """How many jobs of this code `start` takes together now."""

    def running(self) -> list[RunningTrial]:
        """What the workers are at, as far as that is known here."""

    def start(self, job: Job, *more: Job) -> None:
        """Have jobs of one code run, in their order. Needs `room`."""

    def returned(self) -> list[Job]:
        """Jobs that were started and have not begun, in their order: nobody runs them any more."""

    def take_back(self) -> None:
        """Take back all jobs that have not begun, as far as that can be told; `returned` gives them."""

    def watch(self, timeout: float) -> None:
        """Wait until something may have happened; at most `timeout` seconds."""

    def finished(self) -> list[tuple[Job, JobResult]]:
        """Jobs that have ended since the last call. Never waits for a trial."""

    def abandon(self) -> None:
        """End what runs, at once."""

    def close(self, *, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for what they do."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
