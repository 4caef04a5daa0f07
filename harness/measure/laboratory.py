"""The room's door: trials go in, measurements come out, each trial measured once.

with Laboratory(Path(".harness/store.sqlite")) as laboratory:
    for trial in set(trials) - laboratory.recall(trials).keys():
        laboratory.request(trial, time_limit=600)
    while laboratory.pending:
        for measurement in laboratory.collect(timeout=1.0): ...
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.measure.choice import Choice
from harness.measure.devices import PER_DEVICE
from harness.measure.digests import beside_store, keep_digests, recall_digests
from harness.measure.holders import PATIENCE, Wait
from harness.measure.interrupts import uninterrupted
from harness.measure.jobs import job_of
from harness.measure.kept import KeptTrials
from harness.measure.ledger import ACTIVE, WAITING, Entry, Ledger, TrialState
from harness.measure.locks import Machine
from harness.measure.measured import together
from harness.measure.memory import fits
from harness.measure.obstacles import obstacle_of
from harness.measure.passes import Passes
from harness.measure.queue import USUAL, Rank
from harness.measure.records import Measurement
from harness.measure.running import RunningTrial
from harness.measure.site import Site
from harness.measure.store import Store
from harness.measure.upkeep import clean
from harness.measure.whole import explained, join_running
from harness.questions import Trial

POLL = 0.2
"""Seconds between looks at trials that another process measures."""


class Laboratory:
    """Measures trials in worker processes and keeps what they give; a context manager.

    `store=None` keeps nothing. `workers` defaults to the cores that this process may use. `cluster` names
    Dask workers that measure instead, `local:4` or `tcp://host:port`. Processes that use one store share its
    work. `block` is how many seeds of a point are computed abreast (0: as the device wants, 1: none);
    `per_device` workers share an accelerator. For one thread at a time.

    Raises `StoreError` if the store cannot be used, and `ClusterError`, also from `collect`, where the
    cluster cannot.
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
        if store is not None:
            with contextlib.suppress(OSError):  # said when a trial's lock is to be made
                clean(store, None)  # the locks of trials that killed runs were at
            recall_digests(beside_store(store))
        self.site = site = Site(store, workers=workers, cluster=cluster, per_device=per_device)
        self._pool, self._cluster, self._known = site.workers, site.cluster, site.identities(block)
        self._machine, self._ledger, self._kept = Machine(), Ledger(), KeptTrials(self._store, self._known)
        self._choice = Choice(self._ledger, self._pool.fits, self._known.block, self._known.in_turn)
        self._look_again = 0.0
        self._wait: Wait | None = None  # for what somebody else has locked; nothing runs meanwhile

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
        """What has kept trials from being started lately, whose lock it is, and how to continue; or ''."""
        return self._wait.text() if self._wait and self._wait.seconds >= PATIENCE else ""

    @property
    def running(self) -> Sequence[RunningTrial]:
        """What the workers are at, as far as that is known here."""
        return self._pool.running()

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on. Raises `UnknownExperimentError`."""
        return self._known.fingerprint(trial)

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        return self._known.program(trial)

    def stages_of(self, trial: Trial, quantities: Iterable[str]) -> frozenset[str]:
        """The stages of the trial that give these quantities. Raises `UnknownExperimentError`."""
        return frozenset(map(self._known.declaration(trial).stage_of, quantities))

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """Those of the trials that the store has, with the stages that it has; timings are never kept."""
        return self._kept.recall(trials)

    def request(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
        rank: Rank = USUAL,
    ) -> None:
        """Queue a trial. `time_limit` is in seconds, of the trial alone; `memory_limit` in bytes that its
        worker may hold, which is not watched during timings. `stages` are those of `stages_of` (None: all).

        Trials at one point are measured together, points of smaller `rank` first; of one rank, those that
        came first. A stage that was requested before is not measured again; a trial that `collect` has
        returned already is returned once more.
        """
        self._known.program(trial)  # so that what is wrong with its name is said here
        point, timed = self._known.at(trial), self._known.declaration(trial).timed
        with uninterrupted():
            entry = self._ledger.get(trial)
            wanted = frozenset(point.declaration.stages) if stages is None else stages
            if entry is None:
                if timed and self._cluster:
                    raise self._cluster.refuses_timing(trial.experiment)
                memory_limit = None if timed else memory_limit
                entry = Entry(trial, time_limit, memory_limit, *point.code, timed=timed,
                              stages=wanted, rank=rank, seeds=point.seeds_of_job)  # fmt: skip
                self._ledger.move(entry, TrialState.TIMING if timed else TrialState.QUEUED)
            elif entry.state in WAITING:
                entry.stages |= wanted
            elif entry.state is TrialState.KNOWN and self._kept.answers(entry, wanted):
                entry.news = entry.measurement
                self._ledger.move(entry, TrialState.FINISHED)
            else:
                entry.later |= wanted
                if entry.state is TrialState.KNOWN:
                    self._go_on(entry)

    def _go_on(self, entry: Entry) -> None:
        """Queue a known trial for the stages that were wanted late."""
        entry.stages, entry.later, entry.left = entry.later, frozenset(), ()
        self._ledger.move(entry, TrialState.QUEUED)

    def repeat(
        self,
        trial: Trial,
        time_limit: float,
        memory_limit: int | None = None,
        *,
        stages: frozenset[str] | None = None,
    ) -> None:
        """Queue a trial to be measured once more, in a worker that has run nothing; as for `request`.

        `collect` returns what it gives, and nothing of it is kept. Not while the trial itself is pending.
        """
        self.fingerprint(trial)
        with uninterrupted():
            entry = self._ledger.get(trial)
            if entry is None:
                entry = Entry(trial, time_limit, memory_limit, *self._known.code(trial))
            entry.time_limit, entry.memory_limit = time_limit, memory_limit
            entry.stages = frozenset(self._known.declaration(trial).stages) if stages is None else stages
            self._ledger.move(entry, TrialState.REPEAT)

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
            if self._ledger.count(TrialState.FINISHED) or not self.pending or left <= 0:
                break
            self._pool.watch(min(left, POLL) if self._ledger.count(TrialState.ELSEWHERE) else left)
        found = []
        with uninterrupted():
            for entry in self._ledger.of(TrialState.FINISHED):
                if entry.news is not None:
                    found.append(entry.news)
                self._set_aside(entry)
                late = entry.later if entry.state is TrialState.KNOWN else None
                if late and not self._kept.answers(entry, late):
                    self._go_on(entry)
            self._leave_machine()
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
            self._leave_machine()

    def withdraw(self, trials: Collection[Trial]) -> None:
        """Drop those of the trials that have not begun: `collect` does not return them; they may be requested
        again."""
        with uninterrupted():
            entries = [entry for trial in trials if (entry := self._ledger.get(trial)) is not None]
            if any(entry.state is TrialState.RUNNING for entry in entries):
                self._take_back()
            for entry in entries:
                if entry.state in WAITING:
                    self._ledger.move(entry, None)

    def seconds_per_trial(self, experiment: str, stages: Iterable[str] | None = None) -> float | None:
        """How long a trial of the experiment took on average, or these stages of it; None: nobody knows."""
        return self._kept.seconds(experiment, stages)

    def close(self, *, kill: bool = False) -> None:
        """Let the trials that run end and keep them (`kill`: end them at once); drop those that wait."""
        with uninterrupted():
            self._take_back()
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
        for entry in self._ledger.of(TrialState.REPEAT):
            self._set_aside(entry)

    def _set_aside(self, entry: Entry) -> None:
        """Leave of a trial only what it gave when it was measured; nothing if it was not."""
        entry.news = entry.job = None
        self._ledger.move(entry, None if entry.measurement is None else TrialState.KNOWN)
        entry.release()

    def _dispatch(self) -> None:
        """Start what can be started; what the store has by now need not be."""
        ledger = self._ledger
        if ledger.count(TrialState.ELSEWHERE) and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + POLL
            self._look_elsewhere()
        while ledger.count(TrialState.QUEUED):
            first = self._choice.next()
            # The last ones are shared out, so that no worker idles while another has more to do.
            share = -(-ledger.queued_jobs // self._pool.size)
            room = min(share, self._pool.room(first.code, first.modules))
            if not room or not self._can_start() or not self._has_room(first):
                break
            self._start_blocks(self._choice.take(first, room))
        while ledger.count(TrialState.REPEAT) and self._pool.free and self._can_start():
            again = ledger.first(TrialState.REPEAT)
            if not self._has_room(again):
                break
            self._start([self._choice.with_block(again)], TrialState.REPEATING)
        left = ledger.count(TrialState.QUEUED, TrialState.ELSEWHERE, *ACTIVE)
        if ledger.count(TrialState.TIMING) and not left and self._machine.seize():
            self._start([[ledger.first(TrialState.TIMING)]], TrialState.RUNNING)
        self._note_wait()

    def _can_start(self) -> bool:
        """Whether another job, that is no timing, can begin now."""
        running = self._ledger.count(TrialState.RUNNING)
        timing = running and self._ledger.first(TrialState.RUNNING).timed  # which runs alone
        return not timing and self._machine.share()

    def _has_room(self, entry: Entry) -> bool:
        """Whether this machine has the memory for the trial beside those that run; else it waits, and those
        behind it, so that it is not passed over for ever. Of a cluster's machines nothing is known."""
        running = (each.holds for each in self._ledger.of(*ACTIVE))
        return bool(self._cluster) or fits(running, self._known.bytes_held(entry.trial))

    def _look_elsewhere(self) -> None:
        """Take what other processes have measured, and what they may have left."""
        waiting = self._ledger.of(TrialState.ELSEWHERE)
        found = self.recall(entry.trial for entry in waiting)
        for entry in waiting:
            self._kept.learn(entry, found.get(entry.trial))
        if self._pool.free:
            for entry in reversed([entry for entry in waiting if self._kept.lacking(entry)]):
                self._ledger.move(entry, TrialState.QUEUED, first=True)
        for entry in waiting:
            if not self._kept.lacking(entry):
                self._finish(entry)
        self._leave_machine()

    def _start_blocks(self, blocks: Sequence[Sequence[Entry]]) -> None:
        """Start a job for each block, without trials that the store has and those that others measure."""
        entries = [entry for block in blocks for entry in block]
        try:
            for entry in entries:
                entry.lock = self._kept.lock(entry.trial, self._kept.print_of(entry))
            mine = [entry for entry in entries if entry.lock or not self._kept.locks]
            found = self._kept.recall_before(mine)
            for entry in mine if found else ():
                self._kept.learn(entry, found.get(entry.trial))
            lacking = {entry for entry in mine if self._kept.lacking(entry)}
            lacking -= join_running(lacking, self._ledger, self._known.block, self._kept.wanted)
            left = [[entry for entry in block if entry in lacking] for block in blocks]
            if lacking:
                self._start([block for block in left if block], TrialState.RUNNING)
        except BaseException:
            self._queue_again(entries)
            raise
        for entry in entries:
            if entry.state is TrialState.TAKEN and not self._kept.lacking(entry):
                self._finish(entry)
            elif entry.state is TrialState.TAKEN:
                self._ledger.move(entry, TrialState.ELSEWHERE)
        self._leave_machine()

    def _start(self, blocks: Sequence[Sequence[Entry]], state: TrialState) -> None:
        """Start a job for each block, all in one worker."""
        fresh = state is TrialState.REPEATING
        try:
            jobs = [job_of(block, self._known, self._kept, fresh=fresh) for block in blocks]
            self._pool.start(*jobs)
        except BaseException:
            self._leave_machine()
            raise
        self._choice.begun(blocks[-1][0])
        for block, job in zip(blocks, jobs, strict=True):
            for entry in block:
                entry.job = job
                entry.holds = self._known.bytes_held(entry.trial) if entry is block[0] else 0
                self._ledger.move(entry, state)

    def _take_back(self) -> None:
        """Queue again what workers were given and have not begun."""
        self._pool.take_back()
        self._queue_returned()

    def _queue_returned(self) -> None:
        entries = [entry for job in self._pool.returned() for entry in self._ledger.at_work(job)]
        self._queue_again([entry for entry in entries if entry.state is TrialState.RUNNING])

    def _queue_again(self, entries: Sequence[Entry]) -> None:
        """Put entries before those that are queued, in their order."""
        for entry in reversed(entries):
            self._ledger.move(entry, TrialState.QUEUED, first=True)
            entry.release()
        self._leave_machine()

    def _note_wait(self) -> None:
        """Remember since when somebody else's lock has been all that is waited for."""
        ledger = self._ledger
        obstacle = None if ledger.count(*ACTIVE) else obstacle_of(ledger, self._machine, self._kept)
        if obstacle is None:
            self._wait = None
        elif self._wait is None or self._wait.place != obstacle.place:
            self._wait = obstacle.continues(self._wait)

    def _gather(self) -> None:
        """Keep what has been measured; the trials of a block that failed as a whole are queued one by one,
        and those that a worker gave back are queued again."""
        others: list[Entry] = []
        for job, found in self._pool.finished():
            outcome, entries = explained(job, found), self._ledger.at_work(job)
            if outcome.broken and len(entries) > 1 and job.block == 1:
                for entry in entries:
                    entry.alone = True
                self._queue_again(entries)
                continue
            others += self._kept.others(job, outcome, entries)
            results = dict(zip(job.trials, outcome.results, strict=True))
            for entry in entries:
                entry.ended = job, results[entry.trial], outcome
                self._ledger.move(entry, TrialState.ENDED)
                self._choice.ended(entry)
        self._queue_returned()
        if (entries := self._ledger.of(TrialState.ENDED)) or others:
            self._keep(entries, others)

    def _keep(self, entries: Sequence[Entry], others: Sequence[Entry]) -> None:
        """Keep what trials gave, and others beside them, in one transaction; they are finished, but for those
        whose stages are to be measured one by one."""
        self._known.look_again()
        try:
            with self._kept.at_once([*entries, *others]):
                for entry in (*entries, *others):
                    self._kept.absorb(entry)
        finally:
            for entry in entries:
                entry.alone = entry.alone or bool(entry.left)
            self._queue_again([entry for entry in entries if entry.left])
            for entry in entries:
                if not entry.left:
                    self._finish(entry)
            self._leave_machine()

    def _finish(self, entry: Entry) -> None:
        """Hand over what is known of a trial, and let others have its lock (only now that it is stored)."""
        if entry.news is None:
            entry.news = entry.measurement = together(entry.known, entry.failed)
        self._ledger.move(entry, TrialState.FINISHED)
        entry.release()

    def _leave_machine(self) -> None:
        """Let others have the machine to themselves, if nothing runs."""
        if not self._ledger.count(*ACTIVE):
            self._machine.leave()
