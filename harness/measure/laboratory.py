"""The room's door: trials go in, measurements come out, each trial measured once.

As the campaign uses it:

    with Laboratory(Path(".harness/store.sqlite")) as laboratory:
        known = laboratory.recall(trials)
        for trial in trials:
            if trial not in known:
                laboratory.request(trial, time_limit=600)
        while laboratory.pending:
            for measurement in laboratory.collect(timeout=1.0): ...
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.measure.devices import PER_DEVICE
from harness.measure.digests import beside_store, keep_digests, recall_digests
from harness.measure.holders import PATIENCE, Wait
from harness.measure.interrupts import uninterrupted
from harness.measure.jobs import job_of
from harness.measure.ledger import ACTIVE, WAITING, Entry, Ledger, State
from harness.measure.locks import LOCK, Machine
from harness.measure.measured import measurement_of
from harness.measure.passes import Passes
from harness.measure.records import Job, Measurement, Outcome, TrialResult
from harness.measure.site import Site
from harness.measure.store import Store, StoreError
from harness.measure.upkeep import clean
from harness.measure.whole import Locks, block_of, explained, lock_folder
from harness.questions import Trial

POLL = 0.2
"""Seconds between looks at trials that another process measures."""

AHEAD = 64
"""How far in the queue to look for a trial whose code an idle worker has run already, and how often the first
in the queue may be passed over for one. A new worker costs 0.1 s, with JAX 2 s."""


class Laboratory:
    """Measures trials in worker processes and keeps what they give; a context manager.

    `store=None` keeps nothing. `workers` defaults to the cores that this process may use. `cluster` names
    Dask workers that measure instead, `local:4` or `tcp://host:port`. Processes that use one store share its
    work. `block` is how many seeds of a point are computed abreast (0: as the device wants, 1: none);
    `per_device` workers share an accelerator. For one thread at a time.

    Raises `StoreError` where the store cannot be used, and `ClusterError`,
    also from `collect`, where the cluster cannot.
    """

    def __init__(
        self,
        store: Path | None,
        *,
        workers: int | None = None,
        cluster: str = "",
        block: int = 0,
        per_device: int = PER_DEVICE,
    ) -> None:
        self._store = None if store is None else Store(store)
        self.passes = Passes(self._store)
        cache = None if store is None else store.with_name(store.name + ".jax").absolute()
        if store is not None:
            with contextlib.suppress(OSError):  # said when a trial's lock is to be made
                clean(store, None)  # the locks of trials that killed runs were at
        if store is not None:
            recall_digests(beside_store(store))
        self.site = Site(cache, workers=workers, cluster=cluster, per_device=per_device)
        self._pool, self._cluster = self.site.workers, self.site.cluster
        self._known = self.site.identities(block)
        self._locks = None if store is None else Locks(lock_folder(store), self._known)
        self._beside: dict[Trial, Measurement] = {}  # measured in blocks, and not asked for so far
        self._machine = Machine()
        self._ledger = Ledger()
        self._look_again = 0.0
        self._wait: Wait | None = None  # for what somebody else has locked; nothing runs meanwhile
        self._passed_over = 0  # how often the first in the queue was

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(kill=error is not None)

    @property
    def device(self) -> str:
        """The kind of device that JAX computes on, here or on the cluster. Raises `DeviceError`."""
        return self.site.device.kind

    @property
    def workers(self) -> int:
        """How many workers there are."""
        return self._pool.size

    @property
    def cluster(self) -> str:
        """What kind of cluster measures, "local:4" or "tcp"; '' where this machine does."""
        return self._cluster.kind if self._cluster else ""

    @property
    def pending(self) -> int:
        """How many requested trials `collect` has not yet returned."""
        return self._ledger.pending

    @property
    def waiting(self) -> str:
        """What has kept trials from being started for a while, who does, and how to go on; '' for nothing."""
        return self._wait.text() if self._wait and self._wait.seconds >= PATIENCE else ""

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on. Raises `UnknownExperimentError`."""
        return self._known.fingerprint(trial)

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        return self._known.program(trial)

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """Those of the trials that the store has, and those that were measured beside others in a block;
        timings are never kept."""
        trials = list(trials)
        beside = {trial: self._beside[trial] for trial in trials if trial in self._beside}
        return beside | self._recall([trial for trial in trials if trial not in beside])

    def _recall(self, trials: Sequence[Trial]) -> dict[Trial, Measurement]:
        if self._store is None:
            return {}
        prints = {trial: self.fingerprint(trial) for trial in trials if not self._is_timed(trial)}
        kept = self._store.recall(prints.values())
        for trial, text in prints.items():
            if text in kept and not self._is_of(kept[text], trial):
                del kept[text]
                self._store.damaged.add(text)
        block = self._known.block
        return {t: replace(kept[text], trial=t, block=block(t)) for t, text in prints.items() if text in kept}

    def _is_of(self, measurement: Measurement, trial: Trial) -> bool:
        """Whether a row is about this trial, and has what its experiment declares: anybody can write rows."""
        declared = self._known.declaration(trial).quantities
        found = [*measurement.values, *measurement.missing]
        return measurement.trial.key == trial.key and sorted(found) == sorted(declared)

    def request(self, trial: Trial, time_limit: float, memory_limit: int | None = None) -> None:
        """Queue a trial: first come, first measured. `time_limit` is in seconds, of the trial alone;
        `memory_limit` in bytes that its worker may hold, which is not watched during timings.

        A trial that was requested before is not measured again; one that `collect` has returned already is
        returned once more.
        """
        self.fingerprint(trial)  # so that what is wrong with its name is said here
        with uninterrupted():
            entry = self._ledger.get(trial)
            if entry is None:
                timed = self._is_timed(trial)
                if timed and self._cluster:
                    raise self._cluster.refuses_timing(trial.run)
                memory_limit = None if timed else memory_limit
                entry = Entry(trial, time_limit, memory_limit, *self._known.code(trial), timed=timed)
                self._ledger.move(entry, State.TIMING if timed else State.QUEUED)
            elif entry.state is State.KNOWN:
                entry.news = entry.measurement
                self._ledger.move(entry, State.FINISHED)

    def repeat(self, trial: Trial, time_limit: float, memory_limit: int | None = None) -> None:
        """Queue a trial to be measured once more, in a worker that has run nothing; limits as for `request`.

        `collect` returns what it gives, and nothing of it is kept. Not while the trial itself is pending.
        """
        self.fingerprint(trial)
        with uninterrupted():
            entry = self._ledger.get(trial)
            if entry is None:
                entry = Entry(trial, time_limit, memory_limit, *self._known.code(trial))
            entry.time_limit, entry.memory_limit = time_limit, memory_limit
            self._ledger.move(entry, State.REPEAT)

    def collect(self, timeout: float) -> list[Measurement]:
        """The measurements that ended since the last call; waits up to `timeout` seconds for the first.

        Trials are started, stored and ended for their time limit only in here. A `KeyboardInterrupt`
        leaves everything as it was: call again, or close. Raises `StoreError`.
        """
        deadline = time.monotonic() + timeout
        while True:
            with uninterrupted():
                self._gather()
                self._dispatch()
            left = deadline - time.monotonic()
            if self._ledger.count(State.FINISHED) or not self.pending or left <= 0:
                break
            self._pool.watch(min(left, POLL) if self._ledger.count(State.ELSEWHERE) else left)
        found = []
        with uninterrupted():
            for entry in self._ledger.of(State.FINISHED):
                if entry.news is not None:
                    found.append(entry.news)
                self._set_aside(entry)
        return found

    def abandon(self) -> None:
        """End the trials that run, and drop those that wait: nothing of them is measured or kept.

        What has ended by now `collect` still returns; a trial that was dropped may be requested again.
        """
        with uninterrupted():
            self._gather()
            self._pool.abandon()
            self._drop_waiting()
            for entry in self._ledger.of(*ACTIVE):
                self._set_aside(entry)

    def withdraw(self, trials: Collection[Trial]) -> None:
        """Drop those of the trials that wait: `collect` does not return them; they may be requested again."""
        with uninterrupted():
            for trial in trials:
                entry = self._ledger.get(trial)
                if entry is not None and entry.state in WAITING:
                    self._ledger.move(entry, None)

    def seconds_per_trial(self, run: str) -> float | None:
        """How long a trial of the experiment took on average, as far as the store knows."""
        return None if self._store is None else self._store.seconds_per_trial(run)

    def close(self, *, kill: bool = False) -> None:
        """Let the trials that run end and keep them (`kill`: end them at once); drop those that wait."""
        self._drop_waiting()
        try:
            while self._ledger.count(*ACTIVE) and not kill:
                self._pool.watch(math.inf)
                with uninterrupted():
                    self._gather()
        finally:
            with uninterrupted():
                self._pool.close(kill=bool(self._ledger.count(*ACTIVE)))
                for entry in self._ledger.of(*ACTIVE):
                    self._set_aside(entry)
                self._machine.close()
                if self._store is not None:
                    keep_digests(beside_store(self._store.path))
                    self._store.close()

    def _drop_waiting(self) -> None:
        for entry in self._ledger.of(*WAITING):
            self._ledger.move(entry, None)
        for entry in self._ledger.of(State.REPEAT):
            self._set_aside(entry)

    def _set_aside(self, entry: Entry) -> None:
        """Leave of a trial only what it gave when it was measured; nothing if it was not."""
        entry.news = None
        self._ledger.move(entry, None if entry.measurement is None else State.KNOWN)
        self._free(entry)

    def _dispatch(self) -> None:
        """Start what can be started; what the store has by now need not be."""
        ledger = self._ledger
        if ledger.count(State.ELSEWHERE) and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + POLL
            self._look_elsewhere()
        while ledger.count(State.QUEUED) and self._can_start():
            self._start_block(self._together(self._next()))
        while ledger.count(State.REPEAT) and self._can_start():
            self._start(self._in_block(ledger.first(State.REPEAT), State.REPEAT), State.REPEATING)
        left = ledger.count(State.QUEUED, State.ELSEWHERE, *ACTIVE)
        if ledger.count(State.TIMING) and not left and self._machine.seize():
            self._start([ledger.first(State.TIMING)], State.RUNNING)
        self._note_wait()

    def _can_start(self) -> bool:
        """Whether another job, that is no timing, can begin now."""
        timing = any(entry.timed for entry in self._ledger.of(State.RUNNING))
        return self._pool.free > 0 and not timing and self._machine.share()

    def _look_elsewhere(self) -> None:
        """Take what other processes have measured, and what they may have left."""
        waiting = self._ledger.of(State.ELSEWHERE)
        known = self.recall(entry.trial for entry in waiting)
        if self._pool.free:
            for entry in reversed([entry for entry in waiting if entry.trial not in known]):
                self._ledger.move(entry, State.QUEUED, first=True)
        for entry in waiting:
            if entry.trial in known:
                self._finish(entry, known[entry.trial])

    def _next(self) -> Entry:
        """The first in the queue, or one not far behind that an idle worker can run which has run its code
        before."""
        first = self._ledger.first(State.QUEUED)
        for entry in self._ledger.ahead(State.QUEUED, AHEAD):
            if self._pool.fits(entry.code, entry.modules):
                if entry is not first and self._passed_over >= AHEAD:
                    break
                self._passed_over = 0 if entry is first else self._passed_over + 1
                return entry
        self._passed_over = 0
        return first

    def _together(self, entry: Entry) -> list[Entry]:
        """What is measured in one job with a queued trial: what else is queued of its block.

        Where the seeds of a block run one after another, each as if it ran alone, that is all that is
        measured. Where they run abreast (`whole`) the job has the block's other seeds, too.
        """
        if self._known.block(entry.trial) > 1:
            return self._in_block(entry, State.QUEUED)
        size = self._known.declaration(entry.trial).block
        return [entry] if size <= 1 or entry.alone else self._ledger.block(entry, size)

    def _in_block(self, entry: Entry, state: State) -> list[Entry]:
        """Those of the whole block of an entry that are in a state."""
        return self._ledger.within(block_of(entry.trial, self._known.block(entry.trial)), state)

    def _start_block(self, entries: Sequence[Entry]) -> None:
        """Start a job of queued trials, without those that the store has and those that others measure."""
        if self._in_block(entries[0], State.RUNNING):  # it measures them, too
            for entry in entries:
                self._ledger.move(entry, State.RUNNING)
            return
        try:
            if self._locks:
                self._locks.take(entries)
            mine = [entry for entry in entries if entry.lock or not self._locks]
            stored = self.recall(entry.trial for entry in mine)
            if left := [entry for entry in mine if entry.trial not in stored]:
                self._start(left, State.RUNNING)
        except BaseException:
            for entry in entries:
                self._free(entry)
            raise
        for entry in entries:
            if entry.trial in stored:
                self._finish(entry, stored[entry.trial])
            elif entry.state is State.QUEUED:
                self._ledger.move(entry, State.ELSEWHERE)

    def _start(self, entries: Sequence[Entry], state: State) -> None:
        try:
            self._pool.start(replace(job_of(entries, self._known), fresh=state is State.REPEATING))
        except BaseException:
            self._leave_machine()
            raise
        for entry in entries:
            self._ledger.move(entry, state)

    def _note_wait(self) -> None:
        """Remember since when somebody else's lock has been all that is waited for."""
        count = self._ledger.count
        waits = count(State.QUEUED, State.TIMING, State.REPEAT)
        obstacle = self._machine.obstacle if waits else None
        cure = f"wait for it, end it, or name another file in {LOCK}"
        if count(State.ELSEWHERE) and self._locks and not obstacle:
            obstacle = self._locks.path(self._ledger.first(State.ELSEWHERE).trial)
            cure = "it measures trials that are wanted here: wait for it, or end it"
        if count(*ACTIVE) or obstacle is None:
            self._wait = None
        else:
            if self._wait is None or self._wait.files != [obstacle]:
                self._wait = Wait(str(obstacle), [obstacle], cure).continues(self._wait)

    def _is_timed(self, trial: Trial) -> bool:
        return self._known.declaration(trial).timed

    def _gather(self) -> None:
        """Keep what has been measured; the trials of a block that failed as a whole are queued one by one."""
        others: list[tuple[Trial, Job, TrialResult, Outcome]] = []
        for job, found in self._pool.finished():
            outcome = explained(job, found)
            state = State.REPEATING if job.fresh else State.RUNNING
            entries = self._ledger.within(job.trials, state)
            if outcome.broken and len(entries) > 1 and job.block == 1:
                for entry in reversed(entries):
                    entry.alone = True
                    self._ledger.move(entry, State.QUEUED, first=True)
                    self._free(entry)
                continue
            results = dict(zip(job.trials, outcome.results, strict=True))
            for entry in entries:
                entry.ended = job, results.pop(entry.trial), outcome
                self._ledger.move(entry, State.ENDED)
            others += [(t, job, result, outcome) for t, result in results.items() if not job.fresh]
        for each in others:
            self._keep_beside(*each)
        for entry in self._ledger.of(State.ENDED):
            self._keep(entry)

    def _keep_beside(self, trial: Trial, job: Job, result: TrialResult, outcome: Outcome) -> None:
        """Keep what a block gave for a trial that nobody has asked for."""
        place = job.trials.index(trial)
        self._beside[trial] = measurement_of(trial, self._known, result, outcome, place)
        self._beside[trial] = self._stored(self._beside[trial], job)

    def _stored(self, measurement: Measurement, job: Job) -> Measurement:
        """The measurement, now in the store if it is good and no repetition. Raises `StoreError`."""
        good = measurement.status == "ok" and not measurement.note and not job.timed and not job.fresh
        if self._store is None or not good:
            return measurement
        self._store.keep(measurement)
        return replace(measurement, stored=True, note=self._repaired(measurement))

    def _keep(self, entry: Entry) -> None:
        """Make a measurement of what a trial gave, and keep it, unless it was repeated."""
        assert entry.ended is not None
        job, result, outcome = entry.ended
        place = job.trials.index(entry.trial)
        measurement = measurement_of(entry.trial, self._known, result, outcome, place)
        try:
            measurement = self._stored(measurement, job)
        except StoreError as error:
            measurement = replace(measurement, note=f"not stored: {error}")
            raise
        finally:
            self._finish(entry, measurement, repeated=job.fresh)

    def _repaired(self, measurement: Measurement) -> str:
        """What is to be said of a measurement that took the place of a damaged one; '' of others."""
        if self._store is None or measurement.fingerprint not in self._store.damaged:
            return ""
        return f"store {self._store.path}: trials whose rows have a wrong checksum were measured again"

    def _finish(self, entry: Entry, measurement: Measurement, *, repeated: bool = False) -> None:
        """Hand a measurement over, and let others have the trial's lock (only now that it is stored)."""
        if not repeated:
            entry.measurement = measurement
        entry.news, entry.ended = measurement, None
        self._ledger.move(entry, State.FINISHED)
        self._free(entry)

    def _free(self, entry: Entry) -> None:
        entry.release()
        self._leave_machine()

    def _leave_machine(self) -> None:
        """Let others have the machine to themselves, if nothing runs."""
        if not self._ledger.count(*ACTIVE):
            self._machine.leave()
