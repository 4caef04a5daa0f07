"""The benchmark `engine.trials-by-joblib`: the trials of `engine.trials`, as a script would run them."""

from __future__ import annotations

from harness.benchmarks._parameters import TRIALS, WORKERS, TrialCount, WorkerCount
from harness.declare import NotCovered, Timed, benchmark


@benchmark("engine.trials-by-joblib", version=1, about={"trials": TRIALS, "workers": WORKERS})
def trials_by_joblib(*, trials: TrialCount = 1000, workers: WorkerCount = 2) -> Timed:
    """`joblib.Parallel` over seeds, in processes that are ready, and a SQLite row for each result.

    joblib sends trials in batches. It looks nothing up, checks nothing, and ends with the first trial that
    fails or kills its process.
    """
    import itertools
    import multiprocessing
    import shutil
    import weakref

    from harness.benchmarks.support.folder import fresh_folder
    from harness.benchmarks.support.trials import Rows, measure_toy, require_trials

    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise NotCovered("joblib is not installed: run `pip install joblib`") from error
    folder = fresh_folder()
    rows = Rows(folder / "rows.sqlite")
    starts = itertools.count(step=trials)
    call = delayed(measure_toy)
    method = multiprocessing.get_start_method(allow_none=True)

    def timed() -> int:
        start = next(starts)
        kept = rows.keep(Parallel(n_jobs=workers)(call(seed) for seed in range(start, start + trials)))
        # joblib settles multiprocessing's default, for all that this process runs later.
        multiprocessing.set_start_method(method, force=True)
        if kept != trials:
            raise ValueError(f"joblib: expected {trials} rows, found {kept}")
        return kept

    def end() -> None:
        rows.close()
        shutil.rmtree(folder, ignore_errors=True)

    weakref.finalize(timed, end)
    timed()
    require_trials("joblib", rows.read(), range(trials))
    return timed
