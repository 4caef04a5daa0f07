"""What the comparison of a worker's state costs a trial: `python tests/measure/trace_cost.py [EXPERIMENT]`.

Runs one small trial, so that what it uses is loaded, and prints the least time of many comparisons, in all
and for each kind. Run it on a quiet machine.
"""

from __future__ import annotations

import os
import sys
import timeit
from collections.abc import Callable

from harness.measure.environment import worker_environment
from harness.measure.fingerprint import source_of
from harness.measure.reads import Allowances, noticed, watch
from harness.measure.records import Job
from harness.measure.traces import Watcher
from harness.measure.worker import run_job
from harness.questions import Trial

SMALL = {"ntk.regression": (("networks", 2), ("test", 8), ("train", 8), ("width", 16))}


def microseconds(function: Callable[[], object], calls: int = 20) -> float:
    """Of one call; the least of many short runs, which a busy machine interrupts least."""
    return min(timeit.repeat(function, number=calls, repeat=200)) / calls * 1e6


def _open() -> None:
    os.close(os.open(__file__, os.O_RDONLY))


def _raise() -> None:
    sys.audit("harness.nothing")


def main(run: str = "ntk.regression") -> None:
    params = SMALL.get(run, ())
    declared = frozenset(source_of(run, params).modules)
    watcher = Watcher()
    limits = Allowances()
    opened, unnoticed = microseconds(_open), microseconds(_raise)
    watch()
    job = Job((Trial(run, params, 0),), declared, 600.0, readable=frozenset(source_of(run, params).files))
    outcome = run_job(job, frozenset(), watcher, limits)
    print(f"{run}: {outcome.results[0].status}, {outcome.traces}, {len(sys.modules)} modules loaded")

    def compare() -> None:
        watcher.begin(declared)
        with noticed() as notes:
            pass
        limits.undeclared(notes, frozenset())
        watcher.traces()

    def open_noticed() -> None:
        with noticed():
            _open()

    print(f"{microseconds(compare):8.1f} µs  in all")
    for watched in watcher._watched:
        print(f"{microseconds(lambda read=watched.read: read()):8.2f} µs  {watched.probe.name}")  # type: ignore[misc]
    print(f"{microseconds(open_noticed) - opened:8.2f} µs  more for opening a file")
    print(f"{microseconds(_raise) - unnoticed:8.2f} µs  more for an event that nobody notices")
    print(f"{microseconds(watcher._bindings.changed):8.2f} µs  names of modules")
    print(f"{microseconds(watcher._compare_modules):8.2f} µs  sys.modules")


if __name__ == "__main__":
    os.environ.update(worker_environment(None))  # as a worker has it; nothing heavy is loaded yet
    main(*sys.argv[1:])
