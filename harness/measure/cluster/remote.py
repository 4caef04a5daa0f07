"""What runs in a Dask worker: it answers orders, one at a time, each trial in a worker process of our own.

What it keeps for a run (its *bench*) ends with the run, or when no order has come for a while.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

from distributed import Status, get_worker

from harness.measure import devices
from harness.measure.cluster.orders import Order, Reply, Terms, WorkerInventory, joined, python_version
from harness.measure.environment import worker_environment
from harness.measure.fingerprint import SourceClosure, roots, source_of
from harness.measure.inputs import declared_inputs
from harness.measure.installed import Distributions, foreign
from harness.measure.pool import Pool
from harness.measure.records import Job, JobResult, lost
from harness.measure.settings import settings
from harness.questions import Trial

ENGINE = f"{__name__}:measure"
"""Names this module as `source_of` takes it; its closure must be the same here and in the client."""

TICK = 0.2
"""Seconds between looks at whether anybody still waits for the trial."""

IDLE = 120.0
"""Seconds without an order, after which the worker process ends: the client may have been killed."""

_LOADED = source_of(ENGINE, ()).digests  # what this process runs, even if files change
_OWN_PATH = list(sys.path)


class Bench:
    """A worker process and what is known of the source, for one run."""

    def __init__(self, terms: Terms) -> None:
        self.run_id = terms.run_id
        cache = Path(terms.cache) if terms.cache and terms.host == socket.gethostname() else None
        variables = worker_environment(cache)
        self.pool = Pool(1, devices.on_device(variables, 1))
        self.settings = settings(variables)
        self.seen = Distributions()
        self.sources: dict[tuple[str, tuple[str, ...]], SourceClosure] = {}
        self.over = threading.Event()
        self.busy = threading.Lock()
        self.clock: threading.Timer | None = None

    def source(self, trial: Trial) -> SourceClosure:
        key = (trial.experiment, roots(trial.params))
        if key not in self.sources:
            self.sources[key] = source_of(trial.experiment, trial.params, self.seen)
        return self.sources[key]

    def run_job(self, job: Job) -> JobResult:
        """Run a job; its end may come early, if nobody waits for it any more."""
        with self.busy:
            if self.clock is not None:
                self.clock.cancel()
            try:
                self.pool.start(job)
                while not self.over.is_set() and _wanted():
                    self.pool.watch(TICK)
                    for _, outcome in self.pool.finished():
                        return outcome
                self.pool.close(kill=True)
                return lost(job, "nobody waits for it")
            finally:
                self.clock = threading.Timer(IDLE, self.rest)
                self.clock.daemon = True
                self.clock.start()

    def end(self) -> None:
        """End what is kept: now if it is idle, else with its order."""
        self.over.set()
        self.rest()

    def rest(self) -> None:
        """End the worker process, if it is idle; another is started when there is an order."""
        if self.busy.acquire(blocking=False):
            try:
                self.pool.close(kill=True)
            finally:
                self.busy.release()


_benches: list[Bench] = []  # none or one


def inventory(terms: Terms) -> WorkerInventory:
    """What this Dask worker has."""
    return WorkerInventory(python_version(), _LOADED)


def device(terms: Terms) -> devices.Device:
    """What JAX computes on here."""
    return _device()


def measure_order(order: Order) -> Reply:
    """Measure the order's trials, if what is found here is what the client has."""
    terms, job = order.terms, order.job
    if (python_version(), _LOADED) != (terms.python, terms.engine):
        return Reply(None, inventory(terms))
    bench = _bench(terms)
    source = bench.source(job.first)
    kind = _device().kind if job.device else ""
    inputs = declared_inputs(job.inputs)
    found = WorkerInventory(terms.python, _LOADED, source, kind, bench.settings, inputs.digest)
    here = (source.digest, kind, bench.settings, inputs.digest)
    if here != (job.digest, job.device, job.settings, job.inputs_digest):
        return Reply(None, found)
    readable = frozenset(map(os.path.realpath, source.files)) | inputs.readable()
    outcome = bench.run_job(job if job.readable is None else replace(job, readable=readable))
    edited = (
        not source.is_current() and source_of(job.first.experiment, job.first.params).digest != source.digest
    )
    edited = edited or not inputs.is_current()
    libraries = tuple(foreign(source.owners, outcome.installed))
    return Reply(replace(outcome, edited=edited, installed=(), libraries=libraries))


def release(run_id: str) -> None:
    """End what is kept for a run. Does not wait."""
    for bench in _benches:
        if bench.run_id == run_id:
            bench.end()


def _bench(terms: Terms) -> Bench:
    if not _benches or _benches[0].run_id != terms.run_id or _benches[0].over.is_set():
        for bench in _benches:
            bench.end()
        sys.path[:] = joined(terms.before, _OWN_PATH, terms.after)
        _benches[:] = [Bench(terms)]
    return _benches[0]


def _wanted() -> bool:
    """Whether Dask still has the task that this thread runs, and means to keep this worker."""
    worker = get_worker()
    with contextlib.suppress(AttributeError, ValueError):
        task = worker.state.tasks.get(worker.get_current_task())
        alive = worker.status not in (Status.closing, Status.closed, Status.failed)
        return alive and task is not None and task.state == "executing"
    return False


_device = functools.cache(devices.find_device)
