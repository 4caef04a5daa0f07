"""The client's side of a cluster: gives orders to Dask workers and gathers replies."""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, Security, SpecCluster

from harness.measure.clock import AwakeClock
from harness.measure.cluster import remote
from harness.measure.cluster.errors import ClusterError
from harness.measure.cluster.orders import (
    Order,
    Reply,
    Terms,
    WorkerInventory,
    additions,
    differences,
    differing_distributions,
    python_version,
)
from harness.measure.devices import Device
from harness.measure.fingerprint import source_of
from harness.measure.records import Job, JobResult, lost
from harness.measure.running import RunningTrial
from harness.measure.settings import differing_settings

TRIES = 3
"""How many Dask workers a trial may lose before it is given up."""

CONNECT = 10.0
"""Seconds in which a scheduler must answer."""

PATIENCE = 60.0
"""Seconds to wait while there is no worker."""

ANSWER = 30.0
"""Seconds that the scheduler or a worker may take for a short answer."""

REFRESH = 1.0
"""Seconds between looks at which workers there are."""

TICK = 0.5


@dataclass
class _Task:
    """An order at a Dask worker, for the `tries`-th time."""

    job: Job
    tries: int
    address: str = ""
    future: Future[Reply] | None = None


class Cluster:
    """Dask workers, an order each at a time; made by `connect`. For one thread.

    Every method raises `ClusterError` where the scheduler is gone, no worker is left, or a worker has other
    code; outcomes that had come by then are returned first.
    """

    def __init__(self, kind: str, where: str | SpecCluster, cache: Path | None, *, workers: int = 1) -> None:
        self.kind = kind
        self.size = 0
        self._started = where if isinstance(where, SpecCluster) else None
        before, after = additions(sys.path)
        self.terms = Terms(
            run_id=uuid.uuid4().hex,
            host=socket.gethostname(),
            python=python_version(),
            before=before,
            after=after,
            engine=source_of(remote.ENGINE, ()).digests,
            cache=None if cache is None else str(cache),
        )
        self._workers: set[str] = set()
        self._codes: dict[str, tuple[str, ...]] = {}  # that each worker ran last
        self._tasks: dict[str, _Task] = {}
        self._again: deque[_Task] = deque()  # their worker died, and none was free
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._heard: deque[str] = deque()
        self._orders = 0
        self._failure: ClusterError | None = None
        self._clock = AwakeClock()
        self._last_look = self._last_worker = 0.0
        _quiet()
        if kind == "tls" and not Security().get_connection_args("client").get("ssl_context"):
            raise ClusterError(
                "--cluster: expected certificates for tls://, found none; name them in Dask's settings"
                " distributed.comm.tls.ca-file and distributed.comm.tls.client (docs/cluster.md)"
            )
        try:
            self.client = Client(where, timeout=CONNECT, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ClusterError(
                f"--cluster: expected a Dask scheduler at {where}, found none within {CONNECT:g} s"
                f" ({error}); start one there: dask scheduler"
            ) from None
        try:
            self._wait_for(workers)
            for address, found in self.ask(remote.inventory).items():
                self.compare(address, found)
        except BaseException:
            self.close(kill=True)
            raise

    @property
    def free(self) -> int:
        """How many more jobs can be started now."""
        return max(0, len(self._idle()) - len(self._again))

    def fits(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether an idle worker ran this code last. What it is worth there, its own pool knows."""
        return any(self._codes.get(address) == code for address in self._idle())

    def room(self, code: tuple[str, ...], modules: tuple[str, ...]) -> int:
        """How many jobs `start` takes together: orders go over a network, each when its worker is idle."""
        return min(1, self.free)

    def returned(self) -> list[Job]:
        """Jobs that were given back: a cluster has none, for each begins at once."""
        return []

    def take_back(self) -> None:
        """Take back what has not begun: nothing."""

    def running(self) -> list[RunningTrial]:
        """What the workers are at: that is not known here."""
        return []

    def start(self, job: Job, *more: Job) -> None:
        """Give the job to an idle worker, if possible to one that ran this code last."""
        assert not more
        idle = self._idle()
        self._give(_Task(job, 1), next((a for a in idle if self._codes.get(a) == job.code), idle[0]))

    def watch(self, timeout: float) -> None:
        """Wait until a reply comes or a worker may have died; at most `timeout` seconds."""
        if not self._heard and timeout > 0:
            self._clock.waiting(min(timeout, TICK))
            with contextlib.suppress(queue.Empty):
                self._heard.append(self._done.get(timeout=min(timeout, TICK)))

    def finished(self) -> list[tuple[Job, JobResult]]:
        """Jobs that have ended since the last call."""
        ended: list[tuple[Job, JobResult]] = []
        while self._failure is None:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._heard.append(self._done.get_nowait())
            if not self._heard:
                break
            task = self._tasks.pop(self._heard.popleft(), None)
            if task is not None:
                ended += self._noting(self._settle, task)
        if self._failure is None and time.monotonic() >= self._last_look + REFRESH:
            ended += self._noting(self._look)
        while self._failure is None and self._again and self._idle():
            self._give(self._again.popleft(), self._idle()[0])
        if self._failure is not None and not ended:
            raise self._failure
        return ended

    def device(self) -> Device:
        """What JAX computes on, of the same kind on all workers, with the memory of the smallest."""
        found_on: dict[str, Device] = self.ask(remote.device)
        by_kind = {device.kind: address for address, device in sorted(found_on.items())}
        if len(by_kind) > 1:
            found = ", ".join(f"{kind} on {address}" for kind, address in sorted(by_kind.items()))
            raise ClusterError(
                f"--cluster: expected workers with one kind of device, found {found};"
                " give the scheduler workers of one kind"
            )
        return min(found_on.values(), key=lambda device: device.memory)

    def refuses_timing(self, experiment: str) -> ClusterError:
        """What is to be raised for a timing: it needs a machine to itself, and this one is another."""
        return ClusterError(
            f"{experiment}: timings are not taken on a cluster, whose machines do other work meanwhile;"
            " run these claims without --cluster, and leave them out here with -k"
        )

    def abandon(self) -> None:
        """End what runs: a worker whose order is cancelled ends its trial."""
        futures = [task.future for task in self._tasks.values() if task.future is not None]
        self._tasks.clear()
        self._again.clear()
        with contextlib.suppress(Exception):  # the scheduler may be gone, and its workers with it
            self.client.cancel(futures, force=True)

    def close(self, *, kill: bool = False) -> None:
        """Leave the cluster, or end it if `local:N` started it. Nothing goes on that nobody waits for."""
        self.abandon()
        with contextlib.suppress(Exception):
            if self.client.status == "running" and self._started is None:
                how: dict[str, Any] = {"on_error": "ignore", "nanny": False, "callback_timeout": ANSWER}
                self.client.run(remote.release, self.terms.run_id, **how)
        for part in (self.client, self._started):
            if part is not None:
                with contextlib.suppress(Exception):
                    part.close(timeout=ANSWER)

    def _idle(self) -> list[str]:
        busy = {task.address for task in self._tasks.values()}
        return sorted(self._workers - busy)

    def _give(self, task: _Task, address: str) -> None:
        self._orders += 1
        key = f"harness-{self.terms.run_id}-{self._orders}"
        task.address = address
        self._codes[address] = task.job.code
        self._tasks[key] = task
        task.future = self.client.submit(
            remote.measure_order,
            Order(self.terms, task.job),
            key=key,
            workers=[address],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        task.future.add_done_callback(lambda future: self._done.put(key))

    def _noting(
        self, step: Callable[..., list[tuple[Job, JobResult]]], *arguments: Any
    ) -> list[tuple[Job, JobResult]]:
        """What the step gives; a failure is kept for later, so that what has come is returned first."""
        try:
            return step(*arguments)
        except ClusterError as error:
            self._failure = error
            return []

    def _settle(self, task: _Task) -> list[tuple[Job, JobResult]]:
        """The results of a task that has ended."""
        assert task.future is not None
        self._check_scheduler()
        try:
            reply: Reply = task.future.result(timeout=ANSWER)
        except KilledWorker:
            return self._lost(task)
        except Exception as error:
            self._check_scheduler()
            if task.future.status in ("cancelled", "lost", "finished"):  # its worker died with the reply
                return self._lost(task)
            raise self._broken(task.address, error) from None
        if reply.found is not None:
            self.compare(task.address, reply.found, task.job)
        assert reply.outcome is not None
        return [(task.job, reply.outcome)]

    def _lost(self, task: _Task) -> list[tuple[Job, JobResult]]:
        """A task whose worker died or left: another is to run it, unless that has happened too often."""
        self._workers.discard(task.address)
        if task.tries < TRIES:
            self._again.append(_Task(task.job, task.tries + 1))
            return []
        text = (
            f"the Dask worker that ran it died, {TRIES} times (last {task.address}): the trial may end it,"
            " or its machine may be out of memory (see that worker's log; run fewer workers there)"
        )
        return [(task.job, lost(task.job, text, stopped=True))]

    def _look(self) -> list[tuple[Job, JobResult]]:
        """See which workers there are; take what those that are gone had."""
        self._last_look, now = time.monotonic(), self._clock.now()
        self._check_scheduler()
        try:
            threads: dict[str, int] = self._threads()
        except Exception as error:
            raise self._gone(str(error)) from None
        many = {address: count for address, count in threads.items() if count != 1}
        if many:
            address, count = min(many.items())
            raise ClusterError(
                f"--cluster: expected workers of one thread, found {count} threads on {address};"
                f" start it with: dask worker --nworkers {count} --nthreads 1"
            )
        self._workers = set(threads)
        self.size = max(self.size, len(threads))
        if threads:
            self._last_worker = now
        elif now > self._last_worker + PATIENCE:
            raise ClusterError(
                f"--cluster: expected workers, found none for {PATIENCE:g} s; start some. What was measured"
                " is kept, and the same command continues from there"
            )
        lost = [key for key, task in self._tasks.items() if task.address not in threads]
        ended = []
        for key in lost:
            task = self._tasks.pop(key)
            with contextlib.suppress(Exception):
                self.client.cancel([task.future], force=True)
            ended += self._lost(task)
        return ended

    def _threads(self) -> dict[str, int]:
        """The workers that there are, with how many threads each has. Asks twice: this process may have been
        suspended meanwhile. Raises TimeoutError where the scheduler does not answer."""
        scheduler: Any = self.client.scheduler
        ask = scheduler.ncores
        try:
            found: dict[str, int] = self.client.sync(ask, callback_timeout=ANSWER)
        except TimeoutError:
            found = self.client.sync(ask, callback_timeout=ANSWER)
        return found

    def _wait_for(self, workers: int) -> None:
        self._last_worker = self._clock.now()
        self._look()
        while len(self._workers) < workers:
            time.sleep(0.05)
            self._look()

    def ask(self, function: Callable[[Terms], Any]) -> dict[str, Any]:
        """What the function returns on each worker that is there, and has not left by the time."""
        futures = {
            address: self.client.submit(
                function, self.terms, workers=[address], allow_other_workers=False, pure=False
            )
            for address in sorted(self._workers)
        }
        found = {}
        for address, future in futures.items():
            try:
                found[address] = future.result(timeout=4 * ANSWER)
            except Exception as error:
                self._check_scheduler()
                if address in self._threads():
                    raise self._broken(address, error) from None
        return found

    def compare(self, address: str, found: WorkerInventory, job: Job | None = None) -> None:
        """Raises `ClusterError` that says in what a worker differs from this process."""
        said = []
        if found.python != self.terms.python:
            said.append(f"Python {found.python} (here {self.terms.python})")
        if found.source is not None and job is not None and found.source.digest != job.digest:
            ours = source_of(job.first.experiment, job.first.params)
            if found.source.digests:
                said.append(differences(ours.digests, found.source.digests))
                said.append(differing_distributions(ours, found.source))
            else:
                said.append(f"no module of {job.first.experiment}, whose folder must be visible there")
        if said := [text for text in said if text]:
            raise ClusterError(
                f"worker {address} differs: expected the code and libraries of this process, found there"
                f" {'; '.join(said)}. Make them the same, and run again"
            )
        if engine := differences(self.terms.engine, found.engine):
            raise ClusterError(
                f"worker {address} differs: expected the harness of this process, found there {engine}."
                " Install the same one, and start the worker again"
            )
        if job is not None and found.device not in (None, job.device):
            raise ClusterError(
                f"worker {address} differs: expected the device {job.device}, found {found.device} there;"
                " give the scheduler workers of one kind"
            )
        if job is not None and found.settings is not None and found.settings != job.settings:
            raise ClusterError(
                f"worker {address} differs: expected the environment of this process, found there"
                f" {differing_settings(job.settings, found.settings)}. Make them the same, and start it again"
            )
        if job is not None and found.inputs_digest not in (None, job.inputs_digest):
            patterns = ", ".join(pattern for inputs in job.inputs for pattern in inputs.patterns)
            raise ClusterError(
                f"worker {address} differs: expected the inputs of {job.first.experiment} ({patterns}) as"
                " they are here, found others there; make them visible there under the same path"
            )
        if job is not None:
            raise ClusterError(
                f"{job.first.experiment}: its source was edited while it was measured; run again"
            )

    def _check_scheduler(self) -> None:
        if self.client.status != "running":
            raise self._gone(f"the connection is {self.client.status}")

    def _gone(self, why: str) -> ClusterError:
        return ClusterError(
            f"--cluster: the Dask scheduler is gone ({why}). What was measured is kept: start it and its"
            " workers again, and the same command continues from there"
        )

    def _broken(self, address: str, error: Exception) -> ClusterError:
        return ClusterError(
            f"worker {address}: expected the harness of this process there, and where the scheduler runs;"
            f" found {type(error).__name__}: {error}"
        )


def _quiet() -> None:
    """Silence Dask's loggers in this process: what matters is raised. Some have levels of their own."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
