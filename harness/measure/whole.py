"""Whole blocks: every seed of an aligned range of one point, measured in one job, whichever were asked for.

So a number is a function of its trial, the size of the block and the device, and of nothing that a run asks
for. Where seeds are measured one after another there are no whole blocks, and nothing here is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.measure.ledger import Entry, Ledger, TrialState
from harness.measure.locks import Lock
from harness.measure.records import Job, JobResult, TrialResult
from harness.questions import Trial

_FULL = ("RESOURCE_EXHAUSTED", "out of memory", "OUT_OF_MEMORY")
"""What JAX says where the device has no memory left."""


class BlockLock:
    """The lock of a whole block in this process, which goes when each of its trials that have it let it go.
    `when_free` is called then."""

    def __init__(self, lock: Lock, when_free: Callable[[], object]) -> None:
        self._lock, self._when_free, self._holders = lock, when_free, 0

    def hold(self) -> BlockLock:
        """Have it for one trial more."""
        self._holders += 1
        return self

    def release(self) -> None:
        """One trial needs it no longer."""
        self._holders -= 1
        if not self._holders:
            self._when_free()
            self._lock.release()


def block_of(trial: Trial, size: int) -> tuple[Trial, ...]:
    """The trials of the aligned block of `size` seeds in which the trial lies, in the order of seeds."""
    if size == 1:
        return (trial,)
    first = trial.seed - trial.seed % size
    return tuple(trial.at(seed) for seed in range(first, first + size))


def limits_together(entries: Sequence[Entry], size: int) -> tuple[float, int | None]:
    """Seconds and bytes that a job may take, for trials that are measured one after another (`size` 1), or
    a whole block of `size`: that has room for all of them at once."""
    if size == 1:
        return sum([entry.time_limit for entry in entries]), entries[0].memory_limit
    bytes_ = [entry.memory_limit for entry in entries if entry.memory_limit is not None]
    unbounded = len(bytes_) < len(entries)
    return size * max(e.time_limit for e in entries), None if unbounded else size * max(bytes_)


def join_running(
    entries: Iterable[Entry],
    ledger: Ledger,
    block: Callable[[Trial], int],
    wanted: Callable[[Sequence[Entry]], frozenset[str]],
) -> set[Entry]:
    """Let those of the entries wait for a job that measures their whole block, and what is wanted of them,
    already; these are returned."""
    joined = set()
    for entry in entries:
        if entry.seeds == 1 or (size := block(entry.trial)) == 1:
            continue
        others = ledger.within(block_of(entry.trial, size), TrialState.RUNNING)
        jobs = (other.job for other in others if other.job is not None)
        stages = wanted([entry])
        if job := next((job for job in jobs if job.stages >= stages), None):
            entry.job, entry.holds = job, 0
            ledger.move(entry, TrialState.RUNNING)
            joined.add(entry)
    return joined


def explained(job: Job, outcome: JobResult) -> JobResult:
    """The outcome, with errors that name the block, and the option to change where memory was short."""
    if not any(result.error for result in outcome.results):
        return outcome
    return replace(outcome, results=tuple(_explained(job, outcome, result) for result in outcome.results))


def _explained(job: Job, outcome: JobResult, result: TrialResult) -> TrialResult:
    error = result.error
    if not error:
        return result
    if job.block > 1 and outcome.broken:
        error = f"the block of seeds {job.seeds[0]} to {job.seeds[-1]} failed as a whole: {error}"
    if job.device not in ("", "cpu") and any(word in error for word in _FULL):
        fewer = f"a --block below {job.block}, or fewer" if job.block > 1 else "fewer"
        error += f" (the device has no memory left: give {fewer} --workers-per-device)"
    return replace(result, error=error)
