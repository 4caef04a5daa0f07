"""Whole blocks: every seed of an aligned range of one point, measured in one job, whichever were asked for.

So a number is a function of its trial, the size of the block and the device, and of nothing that a run asks
for. Where seeds are measured one after another there are no whole blocks, and nothing here is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.measure.identity import Identities
from harness.measure.ledger import Entry
from harness.measure.locks import Lock, acquire
from harness.measure.records import Job, Outcome, TrialResult
from harness.measure.store import StoreError
from harness.questions import Trial

_FULL = ("RESOURCE_EXHAUSTED", "out of memory", "OUT_OF_MEMORY")
"""What JAX says where the device has no memory left."""


def lock_folder(store: Path) -> Path:
    """Where the locks of a store are."""
    return store.with_name(store.name + ".locks")


class Locks:
    """Takes the locks of trials: each trial has its own, and those of a whole block have one together.

    Raises `StoreError` where none can be made.
    """

    def __init__(self, folder: Path, known: Identities) -> None:
        self._folder, self._known = folder, known

    def path(self, trial: Trial) -> Path:
        """The lock's file. It has the trial's fingerprint as its name, or that of its block's first trial."""
        return self._folder / self._known.fingerprint(block_of(trial, self._known.block(trial))[0])

    def take(self, entries: Sequence[Entry]) -> None:
        """Lock trials of one point, as far as nobody else has."""
        if self._known.block(entries[0].trial) == 1:
            for entry in entries:
                entry.lock = self._acquire(entry.trial)
        elif (lock := self._acquire(entries[0].trial)) is not None:
            shared = _SharedLock(lock, len(entries))
            for entry in entries:
                entry.lock = shared

    def _acquire(self, trial: Trial) -> Lock | None:
        try:
            return acquire(self._folder, self.path(trial).name)
        except OSError as error:
            raise StoreError(
                f"{self._folder}: expected a folder that can be written, found: {error.strerror};"
                " free the disk, mend its permissions, or name another store"
            ) from error


class _SharedLock:
    """The lock of a block, which goes when each of its trials has let it go."""

    def __init__(self, lock: Lock, holders: int) -> None:
        self._lock, self._holders = lock, holders

    def release(self) -> None:
        """One trial needs it no longer."""
        self._holders -= 1
        if not self._holders:
            self._lock.release()


def block_of(trial: Trial, size: int) -> tuple[Trial, ...]:
    """The trials of the aligned block of `size` seeds in which the trial lies, in the order of seeds."""
    if size == 1:
        return (trial,)
    first = trial.seed - trial.seed % size
    return tuple(replace(trial, seed=seed) for seed in range(first, first + size))


def limits_together(entries: Sequence[Entry], size: int) -> tuple[float, int | None]:
    """Seconds and bytes that a job may take, for trials that are measured one after another (`size` 1), or
    a whole block of `size`: that has room for all of them at once."""
    if size == 1:
        return sum(entry.time_limit for entry in entries), entries[0].memory_limit
    bytes_ = [entry.memory_limit for entry in entries if entry.memory_limit is not None]
    unbounded = len(bytes_) < len(entries)
    return size * max(e.time_limit for e in entries), None if unbounded else size * max(bytes_)


def explained(job: Job, outcome: Outcome) -> Outcome:
    """The outcome, with errors that name the block, and the option to change where memory was short."""
    return replace(outcome, results=tuple(_explained(job, outcome, result) for result in outcome.results))


def _explained(job: Job, outcome: Outcome, result: TrialResult) -> TrialResult:
    error = result.error
    if not error:
        return result
    if job.block > 1 and outcome.broken:
        error = f"the block of seeds {job.seeds[0]} to {job.seeds[-1]} failed as a whole: {error}"
    if job.device not in ("", "cpu") and any(word in error for word in _FULL):
        fewer = f"a --block below {job.block}, or fewer" if job.block > 1 else "fewer"
        error += f" (the device has no memory left: give {fewer} --workers-per-device)"
    return replace(result, error=error)
