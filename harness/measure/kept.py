"""What a laboratory knows of its trials, stage by stage: in its store, and in the memory of this process."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.measure.identity import Identities
from harness.measure.ledger import Entry, HeldLock, TrialState
from harness.measure.locks import Lock, acquire, lock_of
from harness.measure.measured import added, measurement_of, together, with_failed
from harness.measure.records import Job, JobResult, Measurement, altered
from harness.measure.stages import is_whole, known_stages, only, rows, union
from harness.measure.store import Store, StoreError
from harness.measure.whole import BlockLock, block_of
from harness.questions import Trial


class KeptTrials:
    """Looks trials up, and keeps what is measured of them. Without a store nothing outlives the process."""

    def __init__(self, store: Store | None, identities: Identities) -> None:
        self._store = store
        self._known = identities
        self._beside: dict[Trial, Entry] = {}  # measured in whole blocks, though nobody had asked
        self._block_locks: dict[str, BlockLock] = {}
        self.locks = None if store is None else store.path.with_name(store.path.name + ".locks")

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """Those of the trials of which the store has stages, with these, and those that were measured beside
        others in a whole block, in this process. Raises `StoreError`."""
        trials = list(trials)
        prints = {t: self._known.fingerprint(t) for t in trials if not self._known.declaration(t).timed}
        found = self._recall(prints)
        for trial in trials if self._beside else ():
            beside = self._beside.get(trial)
            if beside is not None and (beside.known or beside.failed):  # else its stages failed together
                here = together(beside.known, beside.failed)
                declared = self._known.declaration(trial)
                if known_stages(declared, here) >= known_stages(declared, found.get(trial)):
                    found[trial] = here
        return found

    def recall_before(self, entries: Sequence[Entry]) -> dict[Trial, Measurement]:
        """As `recall`, of trials that are about to be measured, none of them a timing."""
        if self._beside:
            return self.recall(entry.trial for entry in entries)
        return self._recall({entry.trial: self.print_of(entry) for entry in entries})

    def print_of(self, entry: Entry) -> str:
        """The fingerprint of an entry's trial."""
        if not entry.fingerprint:
            entry.fingerprint = self._known.fingerprint(entry.trial)
        return entry.fingerprint

    def _recall(self, prints: Mapping[Trial, str]) -> dict[Trial, Measurement]:
        """What the store has of trials, by their fingerprints."""
        kept = self._store.recall(prints.values()) if self._store is not None and prints else {}
        if self._store is None or not kept:
            return {}
        found = {}
        for trial, text in prints.items():
            if text in kept and (measurement := self._checked(kept[text], trial, self._store)):
                found[trial] = altered(measurement, trial=trial, block=self._known.block(trial))
        return found

    def _checked(self, measurement: Measurement, trial: Trial, store: Store) -> Measurement | None:
        """What rows have about this trial, of stages that its experiment declares: anybody can write rows."""
        declared = self._known.declaration(trial)
        if measurement.trial.key == trial.key and is_whole(declared, measurement):
            return measurement
        store.damaged.add(measurement.fingerprint)
        stages = known_stages(declared, measurement)
        if measurement.trial.key != trial.key or not stages or not declared.takes_stages:
            return None
        return only(declared, measurement, stages)

    def lock(self, trial: Trial, fingerprint: str = "") -> HeldLock | None:
        """The trial's lock, which trials of a whole block have together; None where somebody else holds it,
        or nothing is kept. `fingerprint` is the trial's, where it is known. Raises `StoreError`."""
        if self.locks is None:
            return None
        if self._known.block(trial) == 1:
            return self._acquire(self.locks, fingerprint or self._known.fingerprint(trial))
        name = self._lock_name(trial)
        if name not in self._block_locks:
            if (lock := self._acquire(self.locks, name)) is None:
                return None
            self._block_locks[name] = BlockLock(lock, lambda: self._block_locks.pop(name))
        return self._block_locks[name].hold()

    def _lock_name(self, trial: Trial) -> str:
        """What is locked for the trial: its fingerprint, or that of its block's first."""
        return self._known.fingerprint(block_of(trial, self._known.block(trial))[0])

    @staticmethod
    def _acquire(locks: Path, name: str) -> Lock | None:
        try:
            return acquire(locks, name)
        except OSError as error:
            raise StoreError(
                f"{locks}: expected a folder that can be written, found: {error.strerror};"
                " free the disk, mend its permissions, or name another store"
            ) from error

    def lock_at(self, trial: Trial) -> tuple[Path, int] | None:
        """Where the trial's lock is: its file, and the byte of it; None if nothing is kept."""
        return None if self.locks is None else lock_of(self.locks, self._lock_name(trial))

    def learn(self, entry: Entry, found: Measurement | None) -> None:
        """Take what was recalled of a trial."""
        if found is not None and found.status == "error":
            beside = self._beside[entry.trial]
            entry.failed, found = entry.failed or beside.failed, beside.known
        if found is None:
            return
        declared = self._known.declaration(entry.trial)
        here, there = known_stages(declared, entry.known), known_stages(declared, found)
        if entry.known is None or there > here:
            entry.known = found
        elif not there <= here:
            entry.known = union((found, entry.known))

    def lacking(self, entry: Entry) -> frozenset[str]:
        """The stages that are wanted of a trial and not known, nor that they fail."""
        if entry.known is None and entry.failed is None:
            return entry.stages
        declared = self._known.declaration(entry.trial)
        lacking = entry.stages - known_stages(declared, entry.known)
        if lacking and entry.failed is not None:
            errors = entry.failed.errors
            lacking = frozenset(
                s for s in lacking if not all(n in errors for n in declared.stages.get(s, ()))
            )
        return lacking

    def answers(self, entry: Entry, stages: frozenset[str]) -> bool:
        """Whether the trial's measurement says what the stages give."""
        measurement, declared = entry.measurement, self._known.declaration(entry.trial).stages
        return measurement is not None and all(
            measurement.has(name) for stage in stages for name in declared.get(stage, ())
        )

    def wanted(self, entries: Sequence[Entry]) -> frozenset[str]:
        """The stages that a job is to measure: what any of its trials lacks, or one of those that failed
        together."""
        first = entries[0]
        if first.state is TrialState.REPEAT:
            return frozenset().union(*(entry.stages for entry in entries))
        if first.left:
            return frozenset(first.left[:1])
        return self.lacking(first) if len(entries) == 1 else frozenset().union(*map(self.lacking, entries))

    @contextlib.contextmanager
    def at_once(self, entries: Sequence[Entry]) -> Iterator[None]:
        """Write what is absorbed of the entries in the block at its end, in one transaction. Raises
        `StoreError`: then nothing of it is stored."""
        if self._store is None:
            yield
            return
        try:
            with self._store.at_once():
                yield
        except StoreError as error:
            for entry in entries:
                for name in ("known", "measurement", "news"):
                    found = getattr(entry, name)
                    if found is not None and found.stored and not found.reused:
                        setattr(entry, name, replace(found, stored=False, note=f"not stored: {error}"))
            raise

    def absorb(self, entry: Entry) -> None:
        """Make a measurement of what a trial's job gave, and keep it, unless it was repeated. In `at_once`.

        Where several stages failed together, `entry.left` are those to be measured one by one: which are
        asked for together must not decide what is known of each.
        """
        assert entry.ended is not None
        (job, result, outcome), entry.ended = entry.ended, None
        place = job.trials.index(entry.trial) if len(job.trials) > 1 else 0
        text = self.print_of(entry)
        keeps = self._store is not None and not job.fresh and not entry.timed
        measurement = measurement_of(entry.trial, text, self._known, result, outcome, place, keeps=keeps)
        declared = self._known.declaration(entry.trial)
        if job.fresh:
            entry.news = measurement
            return
        if measurement.status == "error" and len(job.stages) > 1 and not outcome.stopped:
            entry.left = tuple(stage for stage in declared.stages if stage in job.stages & entry.stages)
            return
        if measurement.status == "error":
            entry.failed = with_failed(declared, entry.failed, measurement, job.stages)
        elif measurement.stored:
            measurement = self._keep(entry, measurement)
        if measurement.status == "ok":
            entry.known = added(declared, entry.known, measurement)
        lacking = self.lacking(entry)
        if entry.left:
            entry.left = tuple(s for s in entry.left if s in lacking and s not in job.stages)
        if not entry.left:
            entry.news = entry.measurement = together(entry.known, entry.failed)

    def others(self, job: Job, outcome: JobResult, asked: Sequence[Entry]) -> list[Entry]:
        """Entries, of no ledger, for the trials of a whole block that nobody has asked for, to be absorbed.
        `recall` gives what they gave."""
        if job.block == 1 or job.fresh:
            return []
        there = {entry.trial for entry in asked}
        others = {
            trial: Entry(trial, 0.0, None, job.code, job.modules, stages=job.stages)
            for trial in job.trials
            if trial not in there
        }
        found = self.recall(others)
        for trial, result in zip(job.trials, outcome.results, strict=True):
            if trial in others:
                self.learn(others[trial], found.get(trial))
                others[trial].ended = job, result, outcome
        self._beside |= others
        return list(others.values())

    def _keep(self, entry: Entry, measurement: Measurement) -> Measurement:
        """Write the stages that were not known."""
        assert self._store is not None
        declared = self._known.declaration(entry.trial)
        new = known_stages(declared, measurement) - known_stages(declared, entry.known)
        self._store.keep_rows((s, row) for s, row in rows(declared, measurement).items() if s in new)
        if measurement.fingerprint not in self._store.damaged:
            return measurement
        note = f"store {self._store.path}: trials whose rows have a wrong checksum were measured again"
        return altered(measurement, note=note)

    def seconds(self, experiment: str, stages: Iterable[str] | None) -> float | None:
        """How long a trial of the experiment took on average, as far as the store knows; or these stages of
        it."""
        if self._store is None or stages is None:
            return None if self._store is None else self._store.seconds_per_trial(experiment)
        each = self._store.seconds_by_stage(experiment)
        found = [each[stage] for stage in stages if stage in each]
        return math.fsum(found) if found else each.get("")
