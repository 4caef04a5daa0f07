"""The room's door: trials go in, measurements come out, each trial measured once.

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
import itertools
import math
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from harness.measure.digests import beside_store, keep_digests, recall_digests
from harness.measure.environment import device_kind, environment
from harness.measure.fingerprint import source_of
from harness.measure.holders import PATIENCE, Wait
from harness.measure.identity import Identities
from harness.measure.interrupts import uninterrupted
from harness.measure.locks import LOCK, Lock, Machine, acquire
from harness.measure.objections import objection
from harness.measure.passes import Passes
from harness.measure.pool import Pool
from harness.measure.records import Job, Measurement, Outcome
from harness.measure.settings import settings
from harness.measure.store import Store, StoreError
from harness.measure.upkeep import clean
from harness.measure.workers import Workers, cores
from harness.questions import Trial

if TYPE_CHECKING:
    from harness.measure.cluster.client import Cluster

POLL = 0.2
"""Seconds between looks at trials that another process measures."""

AHEAD = 64
"""How far in the queue to look for a trial whose code an idle worker has run already, and how often the first
in the queue may be passed over for one. A new worker costs 0.1 s, with JAX 2 s."""


@dataclass(frozen=True)
class _Request:
    trial: Trial
    time_limit: float
    memory_limit: int | None
    code: tuple[str, ...]
    modules: tuple[str, ...]


class Laboratory:
    """Measures trials in worker processes and keeps what they give; a context manager.

    `store=None` keeps nothing. `workers` defaults to the cores that this process may use. `cluster` names
    Dask workers that measure instead, `local:4` or `tcp://host:port`. Processes that use one store share its
    work. For one thread at a time. Raises `StoreError` where the store cannot be used, and `ClusterError`,
    also from `collect`, where the cluster cannot.
    """

    def __init__(self, store: Path | None, *, workers: int | None = None, cluster: str = "") -> None:
        self._store = None if store is None else Store(store)
        self.passes = Passes(self._store)
        """Which experiments passed a recheck."""
        self._locks = None if store is None else store.with_name(store.name + ".locks")
        cache = None if store is None else store.with_name(store.name + ".jax").absolute()
        if store is not None:
            with contextlib.suppress(OSError):  # said when a trial's lock is to be made
                clean(store, None)  # the locks of trials that killed runs were at
        if store is not None:
            recall_digests(beside_store(store))
        variables = environment(cache)
        self._cluster: Cluster | None = None
        self._pool: Workers
        if cluster:
            from harness.measure.cluster import connect

            self._pool = self._cluster = connect(cluster, cache)
        else:
            self._pool = Pool(workers or cores(), variables)
        self._known = Identities(lambda: self.device, settings(variables))
        self._machine = Machine()
        self._queue: deque[_Request] = deque()
        self._timings: deque[_Request] = deque()  # trials that run alone, when no other is left to run
        self._timing = False
        self._elsewhere: deque[_Request] = deque()  # another process holds their locks
        self._repeats: deque[_Request] = deque()  # measured once more, in workers that have run nothing
        self._look_again = 0.0
        self._wait: Wait | None = None  # for what somebody else has locked; nothing runs meanwhile
        self._passed_over = 0  # how often the first in the queue was
        self._running: dict[Trial, Lock | None] = {}
        self._ended: deque[tuple[Job, Outcome]] = deque()
        self._finished: list[Measurement] = []
        self._asked: dict[Trial, Measurement | None] = {}  # None: not yet measured

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(kill=error is not None)

    @cached_property
    def device(self) -> str:
        """The kind of device that JAX computes on, here or on the cluster. Raises `DeviceError`."""
        return self._cluster.device() if self._cluster else device_kind()

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
        waiting = len(self._queue) + len(self._timings) + len(self._elsewhere) + len(self._repeats)
        return waiting + len(self._running) + len(self._finished)

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
        """Those of the trials that the store has; timings are never kept."""
        if self._store is None:
            return {}
        prints = {trial: self.fingerprint(trial) for trial in trials if not self._is_timed(trial)}
        kept = self._store.recall(prints.values())
        for trial, text in prints.items():
            if text in kept and not self._is_of(kept[text], trial):
                del kept[text]
                self._store.damaged.add(text)
        return {t: replace(kept[text], trial=t) for t, text in prints.items() if text in kept}

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
            if trial not in self._asked:
                self._asked[trial] = None
                timed = self._is_timed(trial)
                if timed and self._cluster:
                    raise self._cluster.refuses_timing(trial.run)
                queue = self._timings if timed else self._queue
                memory_limit = None if timed else memory_limit
                queue.append(_Request(trial, time_limit, memory_limit, *self._known.code(trial)))
                return
            known = self._asked[trial]
            if known is not None and all(known is not other for other in self._finished):
                self._finished.append(known)

    def repeat(self, trial: Trial, time_limit: float, memory_limit: int | None = None) -> None:
        """Queue a trial to be measured once more, in a worker that has run nothing; limits as for `request`.

        `collect` returns what it gives, and nothing of it is kept. Not while the trial itself is pending.
        """
        self.fingerprint(trial)
        with uninterrupted():
            self._repeats.append(_Request(trial, time_limit, memory_limit, *self._known.code(trial)))

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
            if self._finished or not self.pending or left <= 0:
                break
            self._pool.watch(min(left, POLL) if self._elsewhere else left)
        finished, self._finished = self._finished, []
        return finished

    def abandon(self) -> None:
        """End the trials that run, and drop those that wait: nothing of them is measured or kept.

        What has ended by now `collect` still returns; a trial that was dropped may be requested again.
        """
        with uninterrupted():
            self._gather()
            waiting = [request.trial for request in (*self._queue, *self._timings, *self._elsewhere)]
            for queue in (self._queue, self._timings, self._elsewhere, self._repeats):
                queue.clear()
            self._pool.abandon()
            for trial in (*waiting, *self._running):
                if self._asked.get(trial) is None:  # one that is repeated was measured
                    self._asked.pop(trial, None)
            for trial in list(self._running):
                self._free(trial)

    def withdraw(self, trials: Collection[Trial]) -> None:
        """Drop those of the trials that wait: `collect` does not return them; they may be requested again."""
        with uninterrupted():
            for queue in (self._queue, self._timings, self._elsewhere):
                dropped = [request for request in queue if request.trial in trials]
                for request in dropped:
                    queue.remove(request)
                    self._asked.pop(request.trial, None)

    def seconds_per_trial(self, run: str) -> float | None:
        """How long a trial of the experiment took on average, as far as the store knows."""
        return None if self._store is None else self._store.seconds_per_trial(run)

    def close(self, *, kill: bool = False) -> None:
        """Let the trials that run end and keep them (`kill`: end them at once); drop those that wait."""
        self._queue.clear()
        self._timings.clear()
        self._elsewhere.clear()
        self._repeats.clear()
        try:
            while self._running and not kill:
                self._pool.watch(math.inf)
                with uninterrupted():
                    self._gather()
        finally:
            with uninterrupted():
                self._pool.close(kill=bool(self._running))
                for trial in list(self._running):
                    self._free(trial)
                self._machine.close()
                if self._store is not None:
                    keep_digests(beside_store(self._store.path))
                    self._store.close()

    def _dispatch(self) -> None:
        """Start what can be started; what the store has by now need not be."""
        if self._elsewhere and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + POLL
            known = self.recall(request.trial for request in self._elsewhere)
            left = [request for request in self._elsewhere if request.trial not in known]
            self._elsewhere = deque() if self._pool.free else deque(left)
            self._queue.extendleft(reversed(left) if self._pool.free else ())
            for measurement in known.values():
                self._finish(measurement)
        while self._queue and self._pool.free and not self._timing and self._machine.share():
            self._prefer_what_fits()
            trial = self._queue[0].trial
            lock = self._lock(trial)
            if self._locks and lock is None:
                self._elsewhere.append(self._queue.popleft())
                continue
            self._running[trial] = lock
            try:
                stored = self.recall([trial]).get(trial)
                if stored is None:
                    self._pool.start(self._job(self._queue[0]))
            except BaseException:
                self._free(trial)
                raise
            self._queue.popleft()
            if stored is not None:
                self._finish(stored)
        while self._repeats and self._pool.free and not self._timing and self._machine.share():
            request = self._repeats[0]
            self._running[request.trial] = None
            try:
                self._pool.start(replace(self._job(request), fresh=True))
            except BaseException:
                self._free(request.trial)
                raise
            self._repeats.popleft()
        if self._timings and not (self._queue or self._elsewhere or self._running) and self._machine.seize():
            trial = self._timings[0].trial
            self._running[trial], self._timing = None, True
            try:
                self._pool.start(self._job(self._timings[0]))
            except BaseException:
                self._free(trial)
                raise
            self._timings.popleft()
        self._note_wait()

    def _note_wait(self) -> None:
        """Remember since when somebody else's lock has been all that is waited for."""
        obstacle = self._machine.obstacle if self._queue or self._timings or self._repeats else None
        cure = f"wait for it, end it, or name another file in {LOCK}"
        if self._elsewhere and self._locks and not obstacle:
            obstacle = self._locks / self.fingerprint(self._elsewhere[0].trial)
            cure = "it measures trials that are wanted here: wait for it, or end it"
        if self._running or obstacle is None:
            self._wait = None
        else:
            if self._wait is None or self._wait.files != [obstacle]:
                self._wait = Wait(str(obstacle), [obstacle], cure).continues(self._wait)

    def _prefer_what_fits(self) -> None:
        """Bring to the front of the queue what an idle worker can run that has run its code before."""
        for place, request in enumerate(itertools.islice(self._queue, AHEAD)):
            if self._pool.fits(request.code, request.modules):
                if place and self._passed_over >= AHEAD:
                    break
                self._passed_over = self._passed_over + 1 if place else 0
                del self._queue[place]
                self._queue.appendleft(request)
                return
        self._passed_over = 0

    def _job(self, request: _Request) -> Job:
        source = self._known.source(request.trial)
        timed = self._is_timed(request.trial)
        return Job(
            request.trial,
            frozenset(source.modules),
            request.time_limit,
            request.memory_limit,
            timed=timed,
            digest=source.digest,
            device=self.device if source.uses_jax else "",
            code=request.code,
            modules=request.modules,
            readable=None if timed else self._known.readable(request.trial),
            inputs=self._known.declared(request.trial),
            inputs_digest=self._known.inputs(request.trial).digest,
            settings=self._known.settings,
        )

    def _lock(self, trial: Trial) -> Lock | None:
        try:
            return acquire(self._locks, self.fingerprint(trial)) if self._locks else None
        except OSError as error:
            raise StoreError(
                f"{self._locks}: expected a folder that can be written, found: {error.strerror};"
                " free the disk, mend its permissions, or name another store"
            ) from error

    def _is_timed(self, trial: Trial) -> bool:
        return self._known.declaration(trial).timed

    def _gather(self) -> None:
        """Keep what has been measured."""
        self._ended.extend(self._pool.finished())
        while self._ended:
            job, outcome = self._ended.popleft()
            measurement = self._measurement(job.trial, outcome)
            if job.fresh:
                self._finished.append(measurement)
                self._free(job.trial)
                continue
            try:
                keep = measurement.status == "ok" and not measurement.note and not self._is_timed(job.trial)
                if self._store is not None and keep:
                    self._store.keep(measurement)
                    measurement = replace(measurement, stored=True, note=self._repaired(measurement))
            except StoreError as error:
                measurement = replace(measurement, note=f"not stored: {error}")
                raise
            finally:
                self._finish(measurement)

    def _repaired(self, measurement: Measurement) -> str:
        """What is to be said of a measurement that took the place of a damaged one; '' of others."""
        if self._store is None or measurement.fingerprint not in self._store.damaged:
            return ""
        return f"store {self._store.path}: trials whose rows have a wrong checksum were measured again"

    def _finish(self, measurement: Measurement) -> None:
        """Hand a measurement over, and let others have the trial's lock (only now that it is stored)."""
        self._asked[measurement.trial] = measurement
        self._finished.append(measurement)
        self._free(measurement.trial)

    def _free(self, trial: Trial) -> None:
        lock = self._running.pop(trial, None)
        if lock is not None:
            lock.release()
        if not self._running:
            self._timing = False
            self._machine.leave()

    def _measurement(self, trial: Trial, outcome: Outcome) -> Measurement:
        source = self._known.source(trial)
        device = self._known.device(trial)
        note = ""
        edited = outcome.edited or not source.is_current()
        if outcome.status == "ok" and not self._is_timed(trial):
            if edited and not outcome.edited:  # perhaps only its comments
                edited = source_of(trial.run, trial.params).digest != source.digest
            edited = edited or not self._known.inputs(trial).is_current()
            expected = self.device if source.uses_jax else ""
            note = objection(trial, outcome, self._known.libraries(trial, outcome), expected, edited=edited)
        return Measurement(
            trial=trial,
            fingerprint=self.fingerprint(trial),
            status=outcome.status,
            values=outcome.values,
            missing=outcome.missing,
            stages=outcome.stages,
            error=outcome.error,
            seconds=outcome.seconds,
            device=device,
            note=note,
            raised=outcome.raised,
            trace=outcome.trace,
            traces=outcome.traces,
            program=self.program(trial),
            ordinal=outcome.ordinal,
            cpu=outcome.cpu,
            changed=bool(outcome.traces.changed or outcome.traces.reseeded),
            edited=edited,
            stopped=outcome.stopped,
        )
