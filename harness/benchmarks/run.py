"""The benchmark `engine.run`: a whole run, from the name of a suite to its record."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.benchmarks._parameters import WORKERS, WorkerCount
from harness.declare import Timed, benchmark

_SUITE = """
[suite]
format = 2
title = "Toys"
[experiments.toy]
run = "{run}"
sweep = {{ shift = {shifts} }}
[claims.below]
says = "The number is below {{shift}}."
expect = "open"
experiment = "toy"
exact = {{ of = "x", atol = 100.0 }}
seeds = {seeds}
"""


@benchmark(
    "engine.run",
    version=1,
    about={
        "store": "whether it finds every trial in its store, or none",
        "instances": "instances of one claim",
        "seeds": "trials of each",
        "workers": WORKERS,
    },
)
def whole_run(
    *,
    store: Literal["empty", "full"] = "empty",
    instances: Annotated[int, Meta(ge=1, le=1000)] = 4,
    seeds: Annotated[int, Meta(ge=1, le=1000)] = 14,
    workers: WorkerCount = 2,
) -> Timed:
    """Load, plan, measure or recall, judge, record. Trials cost next to nothing: this is the engine's share.

    Every call with an empty store has a new one, and starts its workers.
    """
    import itertools
    import shutil
    import weakref

    from harness.api import run
    from harness.benchmarks._toy import RUN
    from harness.benchmarks.support.folder import fresh_folder
    from harness.benchmarks.support.machine import own_machine
    from harness.report import Record

    folder = fresh_folder()
    suite = folder / "toys.toml"
    suite.write_text(_SUITE.format(run=RUN, shifts=list(range(instances)), seeds=seeds))
    numbers = itertools.count()

    def call(name: str) -> Record:
        with own_machine(folder):
            return run(suite, store=folder / name / "store.sqlite", workers=workers)

    def timed() -> Record:
        record = call("full" if store == "full" else f"empty-{next(numbers)}")
        trials = record.trials
        found = trials.reused if store == "full" else trials.measured
        if found != instances * seeds or trials.failed:
            raise ValueError(f"run, {store} store: expected {instances * seeds} such trials, found {trials}")
        return record

    weakref.finalize(timed, shutil.rmtree, folder, ignore_errors=True)
    if store == "full":
        call("full")
    return timed
