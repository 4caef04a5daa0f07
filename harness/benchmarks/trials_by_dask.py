"""The benchmark `engine.trials-by-dask`: the trials of `engine.trials`, on a local cluster of Dask."""

from __future__ import annotations

from harness.benchmarks._parameters import TRIALS, WORKERS, TrialCount, WorkerCount
from harness.declare import NotCovered, Timed, benchmark


@benchmark("engine.trials-by-dask", version=1, about={"trials": TRIALS, "workers": WORKERS})
def trials_by_dask(*, trials: TrialCount = 1000, workers: WorkerCount = 2) -> Timed:
    """`Client.map` over seeds, in single-threaded workers that are ready, and a SQLite row for each result.

    Dask keeps track of each trial, and replaces a worker that dies. It looks nothing up, and checks nothing.
    """
    import itertools
    import shutil
    import weakref

    from harness.benchmarks.support.folder import fresh_folder
    from harness.benchmarks.support.trials import Rows, measure, require_trials

    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise NotCovered("Dask is not installed: run `pip install distributed`") from error
    folder = fresh_folder()
    rows = Rows(folder / "rows.sqlite")
    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", local_directory=str(folder)
    )
    client = Client(cluster)
    starts = itertools.count(step=trials)

    def timed() -> int:
        start = next(starts)
        futures = client.map(measure, range(start, start + trials), pure=False)
        kept = rows.keep(client.gather(futures))
        if kept != trials:
            raise ValueError(f"Dask: expected {trials} rows, found {kept}")
        return kept

    def end() -> None:
        client.close()
        cluster.close()
        rows.close()
        shutil.rmtree(folder, ignore_errors=True)

    weakref.finalize(timed, end)
    timed()
    require_trials("Dask", rows.read(), range(trials))
    return timed
