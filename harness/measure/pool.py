"""Worker processes, one job each at a time; a worker that dies is replaced, and its job fails.

A worker is sent several short jobs ahead, and begins them by itself (`turns`); those that it has not begun go
back when it dies, is replaced, or is busy for long with the one before.

Not a library's: pebble 5.2 gives the whole pool up when an idle worker is killed from outside, its workers
share two semaphores that a killed worker may hold, and `multiprocessing`'s spawn imports the parent's
`__main__` before any initialiser can set the environment. Each worker here is a subprocess with a socket of
its own (`channel`), below a `supervisor` that ends what its trials start. Nothing waits for a worker's bytes.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from harness.measure.answers import answer_of
from harness.measure.boot import boot, kill_group, kill_worker
from harness.measure.channel import Channel, GarbledError, wait
from harness.measure.clock import AwakeClock, is_held, is_stopped
from harness.measure.cpu import processor
from harness.measure.endings import end_of, how_it_died, shorten
from harness.measure.records import Job, JobResult, Started, altered, lost
from harness.measure.resident import kills_for_memory, proportional, resident, resident_of
from harness.measure.running import RunningTrial, StageNotes
from harness.measure.scratch import Scratch
from harness.measure.turns import SHORT, STUCK, Orders, Pace, Turns
from harness.text import printable, size_text

STARTUP = 120.0  # seconds: a worker that has not begun by then is broken; it takes a tenth of one
GRACE = 5.0  # seconds that a worker has to end, once its connection is closed
STANDSTILL = 10.0
"""How many seconds for which a signal has stopped a worker do not count towards its time limit, or
that limit if it is longer. What goes beyond counts: a trial that has stopped itself would never end."""
TICK = 0.5  # seconds: how often to look for workers that died without closing their connection
CLOSED_TICK = 0.01  # as long as one has closed its connection and not yet ended
GATHER = 0.005
"""Seconds for which answers may wait for others, while every worker has more short jobs to do. If this
process is killed, they are lost with what runs: so of jobs that take longer no answer waits."""
MEMORY_TICK = 0.1  # seconds between looks at what workers with a memory limit hold: 3 ms of one core each
LOG_BYTES = 16_000_000
"""How long a worker's log may grow before all but its end is dropped (looked at every `TICK`)."""
LARGE = 3 * 2**29
"""Bytes (1.5 GiB) that a worker may hold when its trial is over; beyond, another takes its place. JAX keeps
each program that it has compiled; a fresh worker loads those that it needs from the cache on disk."""


@dataclass
class _Worker:
    """`process` is its supervisor, where there are any; `pid` the worker's own, 0 until it has begun a job.

    The supervisor ends, with all that is below it, when `lifeline` is closed. Times are by the pool's clock.
    `orders` are those without an answer: of these it runs the first, if it has `started`.
    """

    process: subprocess.Popen[bytes]
    connection: Channel
    turns: Turns
    lifeline: IO[bytes]
    log: IO[bytes]
    notes: StageNotes
    pid: int = 0
    orders: deque[tuple[int, Job]] = field(default_factory=deque)
    given: int = 0  # how many orders it was given
    written: int = 0  # how long its log was when the job began
    pace: Pace = field(default_factory=Pace)
    started: bool = False
    retires: bool = False  # it takes no more orders
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

    @property
    def job(self) -> Job | None:
        """What it runs, or is about to."""
        return self.orders[0][1] if self.orders else None

    def serves(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether a trial of this code finds here what it would find in a new worker."""
        return self.code in (None, code) and self.only in (None, modules) and not self.retires

    @property
    def spare_seconds(self) -> float:
        """How long it surely has work, if its jobs are so short that their answers may wait."""
        seconds = self.pace.seconds
        return (len(self.orders) - 1) * seconds / 2 if seconds < SHORT else 0.0

    def room(self, now: float) -> int:
        """How many more orders it is to have. A trial that takes long, is to be watched or is a timing has
        none behind it."""
        job, most = self.job, self.pace.orders
        if job is None:
            return most
        alone = job.timed or job.fresh or not self.started or now - self.since > STUCK / 2
        return 0 if alone or 2 * len(self.orders) > most else most - len(self.orders)

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
        self._returned: list[Job] = []
        self._look_again = 0.0
        self._clock = AwakeClock()
        self._spared = self._clock.now()  # until when suspended workers were given their time back

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""
        return self.size - sum(worker.job is not None for worker in self._workers)

    def share(self, devices: Sequence[str], per_device: int) -> None:
        """Have at most `per_device` workers for each device, in turn. [] stands for one that has no name."""
        self._devices = devices
        self.size = min(self.size, per_device * max(1, len(devices)))

    def fits(self, code: tuple[str, ...], modules: tuple[str, ...]) -> bool:
        """Whether a worker that has run this code, and no other, takes more jobs."""
        return self._server(code, modules) is not None

    def room(self, code: tuple[str, ...], modules: tuple[str, ...]) -> int:
        """How many jobs of this code `start` takes together now."""
        worker = self._server(code, modules)
        return worker.room(self._clock.now()) if worker else min(1, self.free)

    def running(self) -> list[RunningTrial]:
        """What the workers are at."""
        now, busy = self._clock.now(), [(w, w.job) for w in self._workers if w.job and w.started]
        return [RunningTrial(job.first, now - w.since, w.notes.read()) for w, job in busy]

    def start(self, job: Job, *more: Job) -> None:
        """Give jobs of one code to one worker of it, to an idle one if possible; or to a new one, for which
        an idle one may have to go.

        A `fresh` job always takes a new one, which has to be `free`. Needs `room`.
        """
        worker = None if job.fresh else self._server(job.code, job.modules)
        if worker is None and not self.free:  # the one that had room has been busy since
            serving = (worker for worker in self._workers if worker.serves(job.code, job.modules))
            worker = min(serving, key=lambda worker: len(worker.orders))
        if worker is None and len(self._workers) >= self.size:
            self._dismiss(next(worker for worker in self._workers if worker.job is None))
        self._give(worker or self._hire(), job, *more)

    def returned(self) -> list[Job]:
        """Jobs that were given and have not begun, in their order: nobody runs them any more."""
        returned, self._returned = self._returned, []
        return returned

    def take_back(self) -> None:
        """Take back all jobs that have not begun; `returned` gives them."""
        for worker in self._workers:
            self._return(worker)

    def watch(self, timeout: float) -> None:
        """Wait until a worker says something, dies or may be past its limit; at most `timeout` seconds.

        Answers of workers that have more to do are gathered for a moment: each is an interruption otherwise.
        """
        busy = [worker for worker in self._workers if worker.job]
        now = self._clock.now()
        nearest = min((worker.deadline() for worker in busy), default=float("inf")) - now
        ahead = [worker for worker in busy if len(worker.orders) > 1]
        nearest = min([nearest, *(worker.since + STUCK - now for worker in ahead)])
        left = [worker.spare_seconds for worker in busy if worker.ran]
        tick = MEMORY_TICK if any(worker.job and worker.job.memory_limit for worker in busy) else TICK
        if any(worker.closed is not None for worker in busy):
            tick = CLOSED_TICK
        patience = max(0.0, min(timeout, nearest, tick))
        self._clock.waiting(patience)
        if (pause := min(GATHER, patience, *left) if left else 0.0) > 0:
            time.sleep(pause)
            patience -= pause
        if busy:
            wait([worker.connection for worker in busy if worker.closed is None], patience)
        elif timeout > 0:
            time.sleep(patience)

    def finished(self) -> list[tuple[Job, JobResult]]:
        """Jobs that have ended since the last call. Never waits for a trial."""
        ended = []
        awake = self._clock.now() - self._spared
        if awake >= TICK / 2:
            self._spared += awake
        for worker in list(self._workers):
            if worker.job is not None and awake >= TICK / 2:
                worker.spare(min(awake, self._clock.now() - worker.since))
            shorten(worker.log, LOG_BYTES)
            ended += self._look(worker)
        return ended + self._too_large()

    def abandon(self) -> None:
        """End what runs, at once; the pool can be used again."""
        self.close(kill=True)

    def close(self, *, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for what they do."""
        for worker in self._workers:
            worker.connection.close()
            if kill:
                kill_worker(worker.process, worker.lifeline)
        for worker in self._workers:
            self._dismiss(worker, forget=False)
        self._workers.clear()
        self._returned.clear()
        self._scratch.close()

    def _too_large(self) -> list[tuple[Job, JobResult]]:
        """The jobs that exceeded their memory limit, ended. What earlier trials left in a worker is not held
        against a job: it begins anew in another."""
        limits = {
            worker.process.pid: (worker, worker.job.memory_limit)
            for worker in self._workers
            if worker.job is not None and worker.job.memory_limit is not None
        }
        if not limits or time.monotonic() < self._look_again:
            return []
        self._look_again = time.monotonic() + MEMORY_TICK
        ended = []
        for group, held in resident(limits).items():
            worker, limit = limits[group]
            if held > limit and (held := proportional(group)) > limit:
                kill_worker(worker.process, worker.lifeline)
                if worker.ran:
                    self._begin_anew(worker)
                    continue
                reason = (
                    f"exceeded its memory limit of {size_text(limit)}: it held {size_text(held)};"
                    " raise --memory-limit or the suite's memory-limit, or make the trial smaller"
                )
                ended += self._lost(worker, reason, stopped=True)
        return ended

    def _hire(self) -> _Worker:
        folder = self._scratch.make()
        used = [worker.device for worker in self._workers]
        place = min(self._devices, key=used.count, default="")
        own = {"CUDA_VISIBLE_DEVICES": place} if place else {}
        worker = _Worker(*boot({**self._environment, **own}, folder), folder=folder, device=place)
        self._workers.append(worker)
        return worker

    def _server(self, code: tuple[str, ...], modules: tuple[str, ...]) -> _Worker | None:
        """The worker of this code that takes more jobs: an idle one, or, where no job would begin at once,
        the one that has the fewest."""
        serving = [worker for worker in self._workers if worker.serves(code, modules)]
        if not self.free:
            now = self._clock.now()
            serving = [worker for worker in serving if worker.room(now)]
            return min(serving, key=lambda worker: len(worker.orders), default=None)
        return next((worker for worker in serving if worker.job is None), None)

    def _give(self, worker: _Worker, *jobs: Job) -> None:
        if worker.job is None:
            worker.log.truncate(0)
            worker.written = 0
            worker.started, worker.since, worker.stood = False, self._clock.now(), 0.0
            worker.code = jobs[0].code
            worker.kills = kills_for_memory()
        first, worker.given = worker.given, worker.given + len(jobs)
        worker.orders += enumerate(jobs, first)
        with contextlib.suppress(OSError):  # a worker that just died is found by `finished`
            worker.turns.put(range(first, worker.given))
            worker.connection.send(Orders(first, jobs))

    def _look(self, worker: _Worker) -> list[tuple[Job, JobResult]]:
        """What has become of the worker's jobs that have ended."""
        dead = worker.process.poll() is not None  # asked first: a last message may still be read
        ended: list[tuple[Job, JobResult]] = []
        now = self._clock.now()
        try:
            with contextlib.suppress(OSError):
                worker.connection.flush()
            for message in worker.connection.received():
                if isinstance(message, Started):
                    worker.pid, worker.started = message.process, True
                    worker.since, worker.stood = now, 0.0
                else:
                    ended.append(self._answered(worker, message, now))
                    if ended[-1][1].spoils:
                        self._dismiss(worker)
                        return ended
        except GarbledError as error:  # a trial may write what it likes
            kill_worker(worker.process, worker.lifeline)
            return ended + self._garbled(worker, error)
        except EOFError:  # it closed its end
            worker.closed = now if worker.closed is None else worker.closed
            dead = dead or now >= worker.closed + GRACE
        if dead:
            return ended + self._bury(worker)
        if ended and not ended[-1][0].timed and resident_of(worker.pid) > LARGE:
            worker.retires = True
            self._return(worker)
        if ended and worker.job is None and (worker.retires or worker.connection.unread):
            self._dismiss(worker)
        elif worker.job is not None and now >= worker.deadline():
            return ended + self._stop(worker, worker.job)
        elif len(worker.orders) > 1 and now >= worker.since + STUCK:
            self._return(worker)
        return ended

    def _answered(self, worker: _Worker, message: object, now: float) -> tuple[Job, JobResult]:
        """The job whose answer it is; the worker begins the next."""
        if isinstance(message, JobResult):
            raise GarbledError(
                f"an outcome of {len(message.results)} trials, without the number of its order"
            )
        answer = answer_of(message)
        if not worker.orders or answer.number != worker.orders[0][0]:
            raise GarbledError("an answer that nobody asked for")
        _, job = worker.orders[0]
        results = answer.outcome.results
        if len(results) != len(job.trials):
            raise GarbledError(f"an outcome of {len(results)} trials")
        worker.orders.popleft()
        worker.since, worker.stood, worker.written = now, 0.0, answer.written
        worker.retried = False
        if answer.outcome.traces.imported:
            worker.only = job.modules
        outcome = altered(answer.outcome, ordinal=worker.ran, cpu=processor())
        worker.ran += len(results)
        worker.pace.learn(sum([result.seconds for result in results]))
        return job, outcome

    def _return(self, worker: _Worker) -> None:
        """Take back the orders that the worker has not begun, but for one that it is about to begin."""
        if len(worker.orders) < 2:
            return
        turns = worker.turns.take_back()
        kept, job = worker.orders[0]
        if kept in turns:
            worker.turns.put([kept])
            with contextlib.suppress(OSError):
                worker.connection.send(Orders(kept, (job,)))  # it may have found no turn meanwhile
        taken = {*turns} - {kept}
        self._returned += [job for number, job in worker.orders if number in taken]
        worker.orders = deque(order for order in worker.orders if order[0] not in taken)

    def _has_begun(self, worker: _Worker) -> bool:
        """Whether a worker that is dead had begun the first of its orders."""
        turns = worker.turns.take_back()
        worker.turns.put(turns)
        return worker.orders[0][0] not in turns

    def _garbled(self, worker: _Worker, error: GarbledError) -> list[tuple[Job, JobResult]]:
        """Deal with a worker that sent what is no message. Before its job has begun, an earlier one did. What
        it has answered since cannot be read: these jobs go back with those that have not begun."""
        if worker.job is None:
            self._dismiss(worker)
            return []
        if not worker.started and not worker.retried:
            self._begin_anew(worker)
            return []
        reason = f"the worker sent what is no message: {printable(str(error))}"
        return self._lost(worker, reason, stopped=False)

    def _stop(self, worker: _Worker, job: Job) -> list[tuple[Job, JobResult]]:
        """End a worker that is past its limit."""
        kill_worker(worker.process, worker.lifeline)
        limit = f"exceeded its time limit of {job.time_limit:g} s"
        reason = limit if worker.started else f"the worker did not start within {STARTUP:g} s"
        return self._lost(worker, reason, stopped=True)

    def _bury(self, worker: _Worker) -> list[tuple[Job, JobResult]]:
        """Deal with a worker that died: its job begins anew if it had not started, once."""
        if worker.job is None:
            kill_worker(worker.process, worker.lifeline)
            self._dismiss(worker)
            return []
        if not worker.retried and not (worker.started and self._has_begun(worker)):
            self._begin_anew(worker)
            return []
        code = worker.process.poll()
        stopped = not worker.started or code == -signal.SIGKILL
        kill_worker(worker.process, worker.lifeline)
        return self._lost(worker, how_it_died(code, worker.kills, kills_for_memory()), stopped=stopped)

    def _begin_anew(self, worker: _Worker) -> None:
        """Give what the worker has to another: the first order once only, also if it had begun."""
        _, job = worker.orders.popleft()
        self._dismiss(worker)
        successor = self._hire()
        successor.retried = True
        self._give(successor, job)

    def _lost(self, worker: _Worker, reason: str, *, stopped: bool) -> list[tuple[Job, JobResult]]:
        """The job that the worker ran; those behind it go back."""
        _, job = worker.orders.popleft()
        log = end_of(worker.log, worker.written)
        seconds = self._clock.now() - worker.since
        self._dismiss(worker)
        text = f"{reason}; the end of its log:\n{log}" if log else f"{reason}; its log is empty"
        outcome = lost(job, text, seconds=seconds, ordinal=worker.ran, cpu=processor(), stopped=stopped)
        return [(job, outcome)]

    def _dismiss(self, worker: _Worker, *, forget: bool = True) -> None:
        """End a worker and whatever it started, and free what it held. Its orders go back."""
        self._returned += [job for _, job in worker.orders]
        worker.orders.clear()
        worker.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(GRACE)
        kill_worker(worker.process, worker.lifeline)
        try:
            worker.process.wait(GRACE)
        except subprocess.TimeoutExpired:  # its supervisor does not answer
            kill_group(worker.process.pid)
            worker.process.wait()
        for each in (worker.log, worker.turns, worker.notes):
            each.close()
        self._scratch.remove(worker.folder)
        if forget:
            self._workers.remove(worker)
