"""Worker processes, one trial each at a time, and what becomes of those that die.

Written for this room rather than taken from a library: pebble 5.2 gives the whole pool up when an idle
worker is killed from outside (`BrokenProcessPool`), its workers share two semaphores that a killed worker
may hold, and `multiprocessing`'s spawn imports the parent's `__main__` before any initialiser can set the
environment. Here each worker is a plain subprocess with a socket of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import IO

from harness.measure.cpu import processor
from harness.measure.records import Job, Outcome
from harness.measure.resident import kills_for_memory, proportional, resident, resident_of
from harness.text import size_text

STARTUP = 120.0  # seconds: a worker that has not begun by then is broken; it takes a tenth of one
GRACE = 5.0  # seconds that a worker has to end, once its connection is closed
TICK = 0.5  # seconds: how often to look for workers that died without closing their connection
MEMORY_TICK = 0.1  # seconds between looks at what workers with a memory limit hold: 3 ms of one core each
LARGE = 3 * 2**29
"""Bytes (1.5 GiB) that a worker may hold when its trial is over; beyond, another takes its place. JAX keeps
each program that it has compiled; a fresh worker loads those that it needs from the cache on disk."""
LINES = 20
"""How many last lines of a dead worker's log are shown."""
LOG_BYTES = 16_000_000
"""How long a worker's log may grow before all but its end is dropped (looked at every `TICK`)."""

_LESS_MEMORY = "run fewer workers, or give a --memory-limit"

_BOOT = """
import sys
sys.path[:] = {path!r}
from harness.measure.worker import main
main({fd}, {pid}, {follow})
"""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    log: IO[bytes]
    job: Job | None = None
    started: bool = False
    retried: bool = False
    ran: int = 0  # how many trials it has run before this one
    since: float = 0.0
    kills: int | None = None  # for want of memory, on this machine, before the job began

    def deadline(self) -> float:
        limit = self.job.time_limit if self.job and self.started else STARTUP
        return self.since + limit


class Pool:
    """At most `size` workers, started when there is something to do. Not safe for several threads.

    `follow`: the workers die with the thread that starts them, also while C code runs in them. By default
    only with a main thread, as others may end before the process does.
    """

    def __init__(self, size: int, environment: dict[str, str], *, follow: bool | None = None) -> None:
        self.size = size
        self._environment = environment
        self._follow = follow
        self._workers: list[_Worker] = []
        self._look_again = 0.0

    @property
    def free(self) -> int:
        """How many more jobs can be started now."""
        return self.size - sum(worker.job is not None for worker in self._workers)

    def start(self, job: Job) -> None:
        """Give the job to an idle worker, or to a new one; a `fresh` job to a new one. Needs `free`."""
        idle = next((worker for worker in self._workers if worker.job is None), None)
        if job.fresh and idle is not None:
            if len(self._workers) >= self.size:
                self._dismiss(idle)
            idle = None
        self._give(idle or self._hire(), job)

    def watch(self, timeout: float) -> None:
        """Wait until a worker says something, dies or may be past its limit; at most `timeout` seconds."""
        busy = [worker for worker in self._workers if worker.job]
        nearest = min((worker.deadline() for worker in busy), default=float("inf")) - time.monotonic()
        tick = MEMORY_TICK if any(worker.job and worker.job.memory_limit for worker in busy) else TICK
        patience = max(0.0, min(timeout, nearest, tick))
        if busy:
            wait([worker.connection for worker in busy], patience)
        elif timeout > 0:
            time.sleep(patience)

    def finished(self) -> list[tuple[Job, Outcome]]:
        """Jobs that have ended since the last call. Never waits for a trial."""
        ended = []
        for worker in list(self._workers):
            job = worker.job
            _shorten(worker.log)
            outcome = self._look(worker)
            if job is not None and outcome is not None:
                ended.append((job, outcome))
        return ended + self._too_large()

    def abandon(self) -> None:
        """End what runs, at once; the pool can be used again."""
        self.close(kill=True)

    def close(self, *, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for what they do."""
        for worker in self._workers:
            worker.connection.close()
            if kill:
                _kill(worker.process)
        for worker in self._workers:
            self._dismiss(worker, forget=False)
        self._workers.clear()

    def _too_large(self) -> list[tuple[Job, Outcome]]:
        """The jobs that exceeded their memory limit, ended. What earlier trials left in a worker is not held
        against a job: it begins anew in another."""
        limits = {
            worker.process.pid: (worker, worker.job, worker.job.memory_limit)
            for worker in self._workers
            if worker.job is not None and worker.job.memory_limit is not None
        }
        if not limits or time.monotonic() < self._look_again:
            return []
        self._look_again = time.monotonic() + MEMORY_TICK
        ended = []
        for group, held in resident(limits).items():
            worker, job, limit = limits[group]
            if held > limit and (held := proportional(group)) > limit:
                _kill(worker.process)
                if worker.ran:
                    self._begin_anew(worker, job)
                    continue
                reason = (
                    f"exceeded its memory limit of {size_text(limit)}: it held {size_text(held)};"
                    " raise --memory-limit or the suite's memory-limit, or make the trial smaller"
                )
                ended.append((job, self._lost(worker, reason, stopped=True)))
        return ended

    def _hire(self) -> _Worker:
        ours, theirs = socket.socketpair()
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the worker, which inherits it)
        # So that what is written after the log was emptied begins at its beginning.
        fcntl.fcntl(log, fcntl.F_SETFL, fcntl.fcntl(log, fcntl.F_GETFL) | os.O_APPEND)
        follow = self._follow
        if follow is None:
            follow = threading.current_thread() is threading.main_thread()
        boot = _BOOT.format(path=sys.path, fd=theirs.fileno(), pid=os.getpid(), follow=follow)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", boot],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        worker = _Worker(process, Connection(ours.detach()), log)
        self._workers.append(worker)
        return worker

    def _give(self, worker: _Worker, job: Job) -> None:
        worker.log.truncate(0)
        worker.job, worker.started, worker.since = job, False, time.monotonic()
        worker.kills = kills_for_memory()
        with contextlib.suppress(OSError):  # a worker that just died is found by `finished`
            worker.connection.send(job)

    def _look(self, worker: _Worker) -> Outcome | None:
        """What has become of the worker's job; None while it goes on."""
        dead = worker.process.poll() is not None  # asked first: a last message may still be read
        try:
            while worker.connection.poll():
                message = worker.connection.recv()
                if isinstance(message, Outcome):
                    timed = worker.job is not None and worker.job.timed
                    message = replace(message, ordinal=worker.ran, cpu=processor())
                    worker.job, worker.ran = None, worker.ran + 1
                    # What it loaded undeclared would hide the next such use from the comparison.
                    if message.undeclared or (not timed and resident_of(worker.process.pid) > LARGE):
                        self._dismiss(worker)
                    return message
                worker.started, worker.since = True, time.monotonic()
        except Exception:  # it closed its end, or what came is no message: a trial may write what it likes
            dead = True
        if dead:
            return self._bury(worker)
        if worker.job is not None and time.monotonic() >= worker.deadline():
            return self._stop(worker, worker.job)
        return None

    def _stop(self, worker: _Worker, job: Job) -> Outcome:
        """End a worker that is past its limit."""
        _kill(worker.process)
        limit = f"exceeded its time limit of {job.time_limit:g} s"
        reason = limit if worker.started else f"the worker did not start within {STARTUP:g} s"
        return self._lost(worker, reason, stopped=True)

    def _bury(self, worker: _Worker) -> Outcome | None:
        """Deal with a worker that died: its job begins anew if it had not started, once."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(GRACE)
        job = worker.job
        if job is not None and not worker.started and not worker.retried:
            self._begin_anew(worker, job)
            return None
        code = worker.process.poll()
        stopped = not worker.started or code == -signal.SIGKILL
        return self._lost(worker, _how_it_died(code, worker.kills), stopped=stopped)

    def _begin_anew(self, worker: _Worker, job: Job) -> None:
        self._dismiss(worker)
        successor = self._hire()
        successor.retried = True
        self._give(successor, job)

    def _lost(self, worker: _Worker, reason: str, *, stopped: bool) -> Outcome:
        log = _end_of(worker.log)
        seconds = time.monotonic() - worker.since
        worker.job = None
        self._dismiss(worker)
        text = f"{reason}; the end of its log:\n{log}" if log else f"{reason}; its log is empty"
        return Outcome(
            status="error", error=text, seconds=seconds, ordinal=worker.ran, cpu=processor(), stopped=stopped
        )

    def _dismiss(self, worker: _Worker, *, forget: bool = True) -> None:
        """End a worker and whatever it started, and free what it held."""
        worker.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(GRACE)
        _kill(worker.process)
        worker.process.wait()
        worker.log.close()
        if forget:
            self._workers.remove(worker)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker's process group: itself, if it lives, and what its trial has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how_it_died(code: int | None, kills: int | None) -> str:
    """What ended a worker; `kills` is how many processes the kernel had ended for want of memory before."""
    if code is None:
        return "the worker closed its connection"
    if code >= 0:
        return f"the worker exited with code {code}"
    name = ""
    with contextlib.suppress(ValueError):
        name = f", {signal.Signals(-code).name}"
    text = f"the worker was killed by signal {-code}{name}"
    if code != -signal.SIGKILL:
        return text
    now = kills_for_memory()
    if kills is None or now is None:
        return f"{text}, perhaps because the machine ran out of memory: {_LESS_MEMORY}"
    if now > kills:
        return f"{text}, very likely by the kernel, as the machine ran out of memory: {_LESS_MEMORY}"
    return f"{text}, from outside; the kernel has counted no lack of memory meanwhile"


def _end_of(log: IO[bytes]) -> str:
    return "\n".join(_tail(log).decode(errors="replace").splitlines()[-LINES:])


def _tail(log: IO[bytes]) -> bytes:
    size = os.fstat(log.fileno()).st_size
    start = max(0, size - 200 * LINES)
    return os.pread(log.fileno(), size - start, start)


def _shorten(log: IO[bytes]) -> None:
    """Drop all but the end of a log that is too long. What is written in between is lost."""
    if os.fstat(log.fileno()).st_size > LOG_BYTES:
        end = _tail(log)
        log.truncate(0)
        os.write(log.fileno(), end)
