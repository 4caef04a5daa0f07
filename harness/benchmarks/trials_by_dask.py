"""The benchmark `engine.trials-by-dask`: the trials of `engine.trials`, on a local cluster of Dask."""

from __future__ import annotations

from harness.benchmarks._parameters import TRIALS, WORKERS, TrialCount, WorkerCount
from harness.declare import NotCovered, Timed, benchmark


@benchmark("engine.trials-by-dask", version=1, about={"trials": TRIALS, "workers": WORKERS})
def trials_by_dask(*, trials: TrialCount = 1000, workers: WorkerCount = 2) -> Timed:
    """`Client.map` over seeds, in single-threaded workers that are ready, and a SQLite row for each result.

    Dask keeps track of each trial, and replaces a worker that dies. It looks nothing up, and checks nothing.
    """
    import importlib.util
    import shutil
    import weakref

    from harness.benchmarks.support.dask_process import DaskProcess
    from harness.benchmarks.support.folder import fresh_folder
    from harness.benchmarks.support.trials import Rows, require_trials

    if importlib.util.find_spec("distributed") is None:
        raise NotCovered("Dask is not installed: run `pip install distributed`")
    folder = fresh_folder()
    path = folder / "rows.sqlite"
    dask = DaskProcess(path, trials=trials, workers=workers)

    def timed() -> int:
        kept = dask.run()
        if kept != trials:
            raise ValueError(f"Dask: expected {trials} rows, found {kept}")
        return kept

    def end() -> None:
        dask.close()
        shutil.rmtree(folder, ignore_errors=True)

    weakref.finalize(timed, end)
    timed()
    rows = Rows(path)
    require_trials("Dask", rows.read(), range(trials))
    rows.close()
    return timed
