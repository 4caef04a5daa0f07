"""Processes that train on command, each with its own number of threads.

A line to a process's standard input tells it to begin; a line from its standard output is its result. A
process ends when its standard input closes: when the crew is dropped, and when its parent dies for any
reason, since the kernel then closes the pipe.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import statistics
import subprocess
import sys
import time
import weakref
from typing import NamedTuple

GRACE = 10.0
"""Seconds in which a process must end once the pipe is closed. A process that trains finishes first, in less
than one."""

AGREEMENT = 1e-3
"""As in `harness.ntk.benchmarks.support.problem`: threads only add numbers up in another order."""

TELLING = 1e-3
"""Seconds of work that show whether cores are free. A message through a pipe takes a tenth of that."""

CROWDED = 1.25
"""The largest ratio of a process's elapsed time to its computing time: 1.0 to 1.1 with a core for each
process, 2 with one core for two."""

TRIES = 9
"""The number of tries, odd, so that the median is one of them."""

_BOOT = """
import sys
sys.path[:] = {path!r}
from harness.ntk.benchmarks.support.crew import serve
serve(**{work!r})
"""

Process = subprocess.Popen[str]


class ProcessResult(NamedTuple):
    """The loss at the end of a process's work, and the seconds that its threads computed."""

    loss: float
    computed: float


class Crew:
    """Processes that are ready to work. Raises `RuntimeError` if one dies, or ends at another loss."""

    def __init__(self, processes: int, threads: int, **work: int) -> None:
        self.processes = [_start(threads, work) for _ in range(processes)]
        self._end = weakref.finalize(self, _end, self.processes)
        try:
            losses = [answer.loss for answer in self.work()]  # this also compiles
        except BaseException:
            self._end()
            raise
        if not all(math.isclose(loss, losses[0], rel_tol=AGREEMENT) for loss in losses):
            raise RuntimeError(f"expected processes that end at one loss, found {losses}")

    @property
    def pids(self) -> list[int]:
        """Process ids."""
        return [process.pid for process in self.processes]

    def work(self) -> list[ProcessResult]:
        """Have every process do its work once."""
        for process in self.processes:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # a process that died is found below
                process.stdin.write("\n")
                process.stdin.flush()
        return [_answer(process) for process in self.processes]

    def require_cores(self) -> None:
        """Raise `RuntimeError` if the processes wait for a core more often than not.

        Two processes that share one core would look as if the second were useless.
        """
        crowding = []
        for _ in range(TRIES):
            start = time.perf_counter()
            longest = max(answer.computed for answer in self.work())
            crowding.append((time.perf_counter() - start) / longest if longest > TELLING else 1.0)
        found = statistics.median(crowding)
        if found > CROWDED:
            raise RuntimeError(
                f"expected a free core for each of {len(self.processes)} processes, found that they took "
                f"{found:.2g} times as long as they computed: other programs use the cores"
            )


def serve(*, points: int, hidden: int, width: int, steps: int, networks: int) -> None:
    """The work of a process of the crew, until its standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends this process
    from harness.ntk.benchmarks.support.problem import compiled, training_problem

    train = compiled(training_problem(points=points, hidden=hidden, width=width), steps)
    for _ in sys.stdin:
        start = time.process_time()
        for _ in range(networks):
            loss = train().loss.block_until_ready()
        print(float(loss), time.process_time() - start, flush=True)


def _start(threads: int, work: dict[str, int]) -> Process:
    count = str(threads)
    # XLA reads NPROC before it is imported. The comparison is about a CPU's cores.
    numbers = dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), count)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _BOOT.format(path=sys.path, work=work)],
        env={**os.environ, **numbers, "JAX_PLATFORMS": "cpu"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(process: Process) -> ProcessResult:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process that trains ended with code {process.wait()}; see its error output")
    return ProcessResult(*map(float, line.split()))


def _end(processes: list[Process]) -> None:
    for process in processes:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
    for process in processes:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
