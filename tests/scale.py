"""How the engine grows: runs of 1,000 to 100,000 trials that cost nothing, and the same calls by others.

    python tests/scale.py [TRIALS ...]

Each run is a process of its own, with a store: planned, measured, stored, judged, recorded, rendered; then
again, from the store. Prints a row of a Markdown table for each: wall seconds, trials per second,
microseconds of CPU that measuring takes for a trial in the command and in its workers (which a busy machine
changes less), the peak of the command's resident memory, sizes of the store and of the record. At the end the
same function, called as often by joblib and by Dask, with as many processes, keeping nothing.
"""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUPPORT = Path(__file__).parent / "support"


def run(trials: int, folder: Path) -> None:
    """Run, and print the row."""
    from scale_suite import SEEDS, suite_of

    from harness.options import RunOptions
    from harness.report import to_json
    from harness.report.html import page
    from harness.report.markdown import markdown
    from harness.session import run as run_session
    from harness.targets import gather

    count = -(-trials // SEEDS)
    path = folder / "scale.toml"
    path.write_text(suite_of(count))
    marks = [time.perf_counter()]
    selected = gather([str(path)])
    options = RunOptions(store=folder / "store.sqlite", workers=2)
    marks.append(time.perf_counter())
    before = cpu()
    record = run_session(selected, options)
    own, theirs = (1e6 * (b - a) / record.trials.measured for a, b in zip(before, cpu(), strict=True))
    marks.append(time.perf_counter())
    rendered = [to_json(record), markdown(record).encode(), page(record).encode()]
    marks.append(time.perf_counter())
    again = run_session(selected, options)
    marks.append(time.perf_counter())
    assert again.trials.measured == 0
    assert record.trials.measured == count * SEEDS, record.trials
    load, measure, render, reuse = (b - a for a, b in itertools.pairwise(marks))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = (folder / "store.sqlite").stat().st_size / 1e6
    print(
        f"| {record.trials.measured:,} | {load:.1f} | {measure:.1f} | {record.trials.measured / measure:.0f}"
        f" | {own:.0f} | {theirs:.0f} | {render:.1f} | {reuse:.1f} | {memory:.0f} | {size:.0f}"
        f" | {len(rendered[0]) / 1e6:.1f} |",
        flush=True,
    )


def cpu() -> tuple[float, float]:
    """Seconds of CPU that this process has taken, and those of its children that have ended: the workers."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, theirs = (each.ru_utime + each.ru_stime for each in used)
    return own, theirs


def by_joblib(trials: int) -> float:
    """Trials per second of joblib (loky), two processes."""
    from joblib import Parallel, delayed
    from toys import pair

    start = time.perf_counter()
    Parallel(n_jobs=2)(delayed(pair)(seed=k) for k in range(trials))
    return trials / (time.perf_counter() - start)


def by_dask(trials: int) -> float:
    """Trials per second of Dask, two processes of one thread."""
    from distributed import Client, LocalCluster
    from toys import pair

    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**how) as cluster, Client(cluster) as client:
        client.gather(client.map(lambda k: pair(seed=k), range(10), pure=False))
        start = time.perf_counter()
        client.gather(client.map(lambda k: pair(seed=k), range(trials), pure=False))
        return trials / (time.perf_counter() - start)


def main(arguments: list[str]) -> None:
    """Every size in a process of its own, so that its peak is its own."""
    if arguments[:1] == ["--one"]:
        with tempfile.TemporaryDirectory() as folder:
            run(int(arguments[1]), Path(folder))
        return
    columns = (
        "trials", "load, s", "measure, s", "trials/s", "command, µs", "workers, µs", "render, s", "again, s",
        "MiB", "store, MB", "record, MB",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|", flush=True)
    sizes = [int(text) for text in arguments] or [1_000, 10_000, 100_000]
    for trials in sizes:
        subprocess.run([sys.executable, __file__, "--one", str(trials)], check=True)
    for name, rate in (("joblib", by_joblib), ("Dask", by_dask)):
        rates = ", ".join(f"{rate(size):.0f} trials/s of {size:,}" for size in sizes)
        print(f"{name}: {rates}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(SUPPORT))
    main(sys.argv[1:])
