"""The benchmark `engine.trials`: trials that cost next to nothing, through a laboratory."""

from __future__ import annotations

from harness.benchmarks._parameters import TRIALS, WORKERS, TrialCount, WorkerCount
from harness.declare import Timed, benchmark

LIMIT = 60.0
"""Seconds that a trial may take: far more than its microseconds on a machine that is suspended."""


@benchmark("engine.trials", version=1, about={"trials": TRIALS, "workers": WORKERS})
def trials(*, trials: TrialCount = 1000, workers: WorkerCount = 2) -> Timed:
    """Looked up in a store, measured by workers that are ready, checked, stored. Each call has new seeds."""
    import itertools
    import shutil
    import weakref

    from harness.benchmarks._toy import RUN
    from harness.benchmarks.support.folder import fresh_folder
    from harness.benchmarks.support.machine import own_machine
    from harness.benchmarks.support.trials import require_trials
    from harness.measure import Laboratory, Measurement
    from harness.plan import Trial

    folder = fresh_folder()
    with own_machine(folder):
        laboratory = Laboratory(folder / "store.sqlite", workers=workers)
    starts = itertools.count(step=trials)

    def timed() -> list[Measurement]:
        start = next(starts)
        wanted = [Trial(RUN, (("shift", 0.0),), seed) for seed in range(start, start + trials)]
        found = list(laboratory.recall(wanted).values())
        for trial in wanted[len(found) :]:
            laboratory.request(trial, time_limit=LIMIT)
        while laboratory.pending:
            found += laboratory.collect(timeout=1.0)
        if len(found) != trials:
            raise ValueError(f"laboratory: expected {trials} measurements, found {len(found)}")
        return found

    def end() -> None:
        laboratory.close(kill=True)
        shutil.rmtree(folder, ignore_errors=True)

    weakref.finalize(timed, end)
    first = timed()
    require_trials("laboratory", {m.trial.seed: dict(m.values) for m in first}, range(trials))
    return timed
