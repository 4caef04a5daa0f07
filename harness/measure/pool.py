"""Worker processes, one job each at a time, and what becomes of those that die.

Written for this room rather than taken from a library: pebble 5.2 gives the whole pool up when an idle
worker is killed from outside (`BrokenProcessPool`), its workers share two semaphores that a killed worker
may hold, and `multiprocessing`'s spawn imports the parent's `__main__` before any initialiser can set the
environment. Here each worker is a plain subprocess with a socket of its own (`channel`), below a supervisor
that ends whatever its trials have started (`supervisor`). Nothing here waits for a worker's bytes.
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
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

from harness.measure.channel import Channel, GarbledError, new_mark, wait
from harness.measure.clock import AwakeClock, is_held, is_stopped
from harness.measure.cpu import processor
from harness.measure.records import Job, Outcome, Started, lost
from harness.measure.resident import kills_for_memory, proportional, resident, resident_of
from harness.measure.scratch import Scratch
from harness.measure.supervisor import SUPERVISED
from harness.text import printable, size_text

STARTUP = 120.0  # seconds: a worker that has not begun by then is broken; it takes a tenth of one
GRACE = 5.0  # seconds that a worker has to end, once its connection is closed
STANDSTILL = 10.0
"""How many seconds for which a signal has stopped a worker do not count towards its time limit, or
that limit if it is longer. What goes beyond counts: a trial that has stopped itself would never end."""
TICK = 0.5  # seconds: how often to look for workers that died without closing their connection
CLOSED_TICK = 0.01  # as long as one has closed its connection and not yet ended
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
from harness.measure.supervisor import supervise
from harness.measure.worker import main
supervise({command}, {lifeline}, {descriptor})
main({descriptor}, {mark!r}, {folder!r})
"""


@dataclass
class _Worker:
    """`process` is its supervisor, where there are any; `pid` the worker's own, 0 until it has begun a job.

    The supervisor ends, with all that is below it, when `lifeline` is closed. Times are by the pool's clock.
    """

    process: subprocess.Popen[bytes]
    connection: Channel
    lifeline: IO[bytes]
    log: IO[bytes]
    pid: int = 0
    job: Job | None = None
    started: bool = False
    retried: bool = False
    ran: int = 0  # how many trials it has run before this one
    code: tuple[str, ...] | None = None  # that it has run; None if nothing
    only: tuple[str, ...] | None = None  # the modules whose import has changed it
    folder: str = ""  # for its temporary files
    device: str = ""  # that it computes on, as CUDA_VISIBLE_DEVICES names it; '' for any
    since: float = 0.0
    stood: float = 0.0  # seconds of the job for which a signal had stopped it, that were not counted
    closed: float | None = None  # when it closed its end of the connection
    kills: int | None = None  # for want of memory, on this machine, before the job began

    def serves(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether a trial of this code finds here what it would find in a new worker."""
        return self.job is None and self.code in (None, code) and self.only in (None, modules)

    def deadline(self) -> float:
        limit = self.job.time_limit if self.job and self.started else STARTUP
        return self.since + limit

    def spare(self, seconds: float) -> None:
        """Leave the last seconds out of its time if it is suspended, while this process is not."""
        process = self.pid or self.process.pid
        most = max(STANDSTILL, self.job.time_limit if self.job else 0.0)
        if is_held(process):
            self.since += seconds
        elif self.stood < most and is_stopped(process):
            self.since += seconds
            self.stood += seconds


class Pool:
    """At most `size` workers, started when there is something to do. For one thread at a time.

    Workers, and all that trials have started, end when this process does, however it ends; for time limits
    only time counts in which this process, and the worker, were not suspended.
    """

    def __init__(self, size: int, environment: dict[str, str]) -> None:
        self.size = size
        self._environment = environment
        self._workers: list[_Worker] = []
        self._devices: Sequence[str] = ()
        self._scratch = Scratch()
        self._look_again = 0.0
        self._clock = AwakeClock()
        self._spared = self._clock.now()  # until when suspended workers were given their time back

    @property
    def free(self) -> int:
        """How many more jobs can be started now."""
        return self.size - sum(worker.job is not None for worker in self._workers)

    def share(self, devices: Sequence[str], per_device: int) -> None:
        """Have at most so many workers for each device, in turn. [] stands for one that has no name."""
        self._devices = devices
        self.size = min(self.size, per_device * max(1, len(devices)))

    def fits(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether an idle worker has run this code, and no other."""
        return any(worker.serves(code, modules) for worker in self._workers)

    def start(self, job: Job) -> None:
        """Give the job to an idle worker of its code, or to a new one, for which an idle one may have to go.

        A `fresh` job always takes a new one. Needs `free`.
        """
        fitting = (worker for worker in self._workers if worker.serves(job.code, job.modules))
        idle = None if job.fresh else next(fitting, None)
        if idle is None and len(self._workers) >= self.size:
            self._dismiss(next(worker for worker in self._workers if worker.job is None))
        self._give(idle or self._hire(), job)

    def watch(self, timeout: float) -> None:
        """Wait until a worker says something, dies or may be past its limit; at most `timeout` seconds."""
        busy = [worker for worker in self._workers if worker.job]
        nearest = min((worker.deadline() for worker in busy), default=float("inf")) - self._clock.now()
        tick = MEMORY_TICK if any(worker.job and worker.job.memory_limit for worker in busy) else TICK
        if any(worker.closed is not None for worker in busy):
            tick = CLOSED_TICK
        patience = max(0.0, min(timeout, nearest, tick))
        self._clock.waiting(patience)
        if busy:
            wait([worker.connection for worker in busy if worker.closed is None], patience)
        elif timeout > 0:
            time.sleep(patience)

    def finished(self) -> list[tuple[Job, Outcome]]:
        """Jobs that have ended since the last call. Never waits for a trial."""
        ended = []
        awake = self._clock.now() - self._spared
        if awake >= TICK / 2:
            self._spared += awake
        for worker in list(self._workers):
            job = worker.job
            if job is not None and awake >= TICK / 2:
                worker.spare(min(awake, self._clock.now() - worker.since))
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
                _kill(worker)
        for worker in self._workers:
            self._dismiss(worker, forget=False)
        self._workers.clear()
        self._scratch.close()

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
                _kill(worker)
                if worker.ran:
                    self._begin_anew(worker, job)
                    continue
                reason = (
                    f"exceeded its memory limit of {size_text(limit)}: it held {size_text(held)};"
                    " raise --memory-limit or the suite's memory-limit, or make the trial smaller"
                )
                ended.append((job, self._lost(worker, job, reason, stopped=True)))
        return ended

    def _hire(self) -> _Worker:
        ours, theirs = socket.socketpair()
        lifeline, held = os.pipe()
        mark = new_mark()
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the worker, which inherits it)
        # So that what is written after the log was emptied begins at its beginning.
        fcntl.fcntl(log, fcntl.F_SETFL, fcntl.fcntl(log, fcntl.F_GETFL) | os.O_APPEND)
        folder = self._scratch.make()
        own = {"TMPDIR": folder} if folder else {}
        used = [worker.device for worker in self._workers]
        if place := min(self._devices, key=used.count, default=""):
            own["CUDA_VISIBLE_DEVICES"] = place
        boot = _BOOT.format(
            path=sys.path, command=os.getpid(), lifeline=lifeline, descriptor=theirs.fileno(), mark=mark,
            folder=folder,
        )  # fmt: skip
        with theirs, os.fdopen(lifeline, "rb"):
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", boot],
                env=self._environment | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno(), lifeline],
                process_group=0,
            )
        end = os.fdopen(held, "wb", buffering=0)
        worker = _Worker(process, Channel(ours.detach(), mark), end, log, folder=folder, device=place)
        self._workers.append(worker)
        return worker

    def _give(self, worker: _Worker, job: Job) -> None:
        worker.log.truncate(0)
        worker.job, worker.started, worker.since, worker.stood = job, False, self._clock.now(), 0.0
        worker.code = job.code
        worker.kills = kills_for_memory()
        with contextlib.suppress(OSError):  # a worker that just died is found by `finished`
            worker.connection.send(job)

    def _look(self, worker: _Worker) -> Outcome | None:
        """What has become of the worker's job; None while it goes on."""
        dead = worker.process.poll() is not None  # asked first: a last message may still be read
        try:
            with contextlib.suppress(OSError):
                worker.connection.flush()
            for message in worker.connection.received():
                if isinstance(message, Outcome):
                    if worker.job is not None and len(message.results) != len(worker.job.trials):
                        raise GarbledError(f"an outcome of {len(message.results)} trials")
                    timed = worker.job is not None and worker.job.timed
                    if message.traces.imported and worker.job is not None:
                        worker.only = worker.job.modules
                    outcome = replace(message, ordinal=worker.ran, cpu=processor())
                    worker.job, worker.ran = None, worker.ran + len(message.results)
                    # What it loaded or read undeclared would hide the next such use from the comparison.
                    used = message.undeclared or message.uses
                    spoilt = used or message.traces.changed or message.left
                    if spoilt or worker.connection.unread or (not timed and resident_of(worker.pid) > LARGE):
                        self._dismiss(worker)
                    return outcome
                if not isinstance(message, Started):
                    raise GarbledError(f"a {type(message).__name__}")
                worker.pid, worker.started, worker.since = message.process, True, self._clock.now()
                worker.stood = 0.0
        except GarbledError as error:  # a trial may write what it likes
            _kill(worker)
            return self._garbled(worker, error)
        except EOFError:  # it closed its end
            worker.closed = self._clock.now() if worker.closed is None else worker.closed
            dead = dead or self._clock.now() >= worker.closed + GRACE
        if dead:
            return self._bury(worker)
        if worker.job is not None and self._clock.now() >= worker.deadline():
            return self._stop(worker, worker.job)
        return None

    def _garbled(self, worker: _Worker, error: GarbledError) -> Outcome | None:
        """Deal with a worker that sent what is no message. Before its job has begun, an earlier one did."""
        job = worker.job
        if job is None:
            self._dismiss(worker)
            return None
        if not worker.started and not worker.retried:
            self._begin_anew(worker, job)
            return None
        reason = f"the worker sent what is no message: {printable(str(error))}"
        return self._lost(worker, job, reason, stopped=False)

    def _stop(self, worker: _Worker, job: Job) -> Outcome:
        """End a worker that is past its limit."""
        _kill(worker)
        limit = f"exceeded its time limit of {job.time_limit:g} s"
        reason = limit if worker.started else f"the worker did not start within {STARTUP:g} s"
        return self._lost(worker, job, reason, stopped=True)

    def _bury(self, worker: _Worker) -> Outcome | None:
        """Deal with a worker that died: its job begins anew if it had not started, once."""
        job = worker.job
        if job is None:
            _kill(worker)
            self._dismiss(worker)
            return None
        if not worker.started and not worker.retried:
            self._begin_anew(worker, job)
            return None
        code = worker.process.poll()
        stopped = not worker.started or code == -signal.SIGKILL
        _kill(worker)
        return self._lost(worker, job, _how_it_died(code, worker.kills), stopped=stopped)

    def _begin_anew(self, worker: _Worker, job: Job) -> None:
        self._dismiss(worker)
        successor = self._hire()
        successor.retried = True
        self._give(successor, job)

    def _lost(self, worker: _Worker, job: Job, reason: str, *, stopped: bool) -> Outcome:
        log = _end_of(worker.log)
        seconds = self._clock.now() - worker.since
        worker.job = None
        self._dismiss(worker)
        text = f"{reason}; the end of its log:\n{log}" if log else f"{reason}; its log is empty"
        return lost(job, text, seconds=seconds, ordinal=worker.ran, cpu=processor(), stopped=stopped)

    def _dismiss(self, worker: _Worker, *, forget: bool = True) -> None:
        """End a worker and whatever it started, and free what it held."""
        worker.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(GRACE)
        _kill(worker)
        try:
            worker.process.wait(GRACE)
        except subprocess.TimeoutExpired:  # its supervisor does not answer
            _kill_group(worker.process.pid)
            worker.process.wait()
        worker.log.close()
        self._scratch.remove(worker.folder)
        if forget:
            self._workers.remove(worker)


def _kill(worker: _Worker) -> None:
    """End a worker, if it lives, and what its trials have started. Does not wait."""
    worker.lifeline.close()
    if not SUPERVISED:
        _kill_group(worker.process.pid)
    elif worker.process.poll() is None:
        worker.process.send_signal(signal.SIGCONT)  # somebody may have stopped its supervisor


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


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
