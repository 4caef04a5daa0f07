"""How the engine grows: runs of 1,000 to 100,000 trials that cost nothing, and the same calls by others.

    python tests/scale.py [TRIALS ...]

Each run is a process of its own, with a store: planned, measured, stored, judged, recorded, rendered; then
again, from the store. Prints a row of a Markdown table for each: wall seconds, trials per second, the peak
of the parent's resident memory, sizes of the store and of the record. At the end the same function, called as
often by joblib and by Dask, with as many processes, keeping nothing.
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
SEEDS = 48
SUITE = """\
[suite]
format = 2
title = "Scale"

[experiments.e]
run = "toys:pair"
sweep = {{ shift = [{shifts}] }}

[claims.c]
says = "…"
expect = "open"
experiment = "e"
seeds = {seeds}
equal = {{ of = ["a.error", "b.error"], within = "0.00001%" }}
at = {{ shift = [{shifts}] }}
"""
"""The margin is so small that every instance needs its whole budget: the shifts lie on its edge."""


def run(trials: int, folder: Path) -> None:
    """Run, and print the row."""
    from harness.options import RunOptions
    from harness.report import to_json
    from harness.report.html import page
    from harness.report.markdown import markdown
    from harness.session import run as run_session
    from harness.targets import gather

    count = -(-trials // SEEDS)
    shifts = ", ".join(f"{1e-7 + 1e-12 * k:.17g}" for k in range(count))
    path = folder / "scale.toml"
    path.write_text(SUITE.format(shifts=shifts, seeds=SEEDS))
    marks = [time.perf_counter()]
    selected = gather([str(path)])
    options = RunOptions(store=folder / "store.sqlite", workers=2)
    marks.append(time.perf_counter())
    record = run_session(selected, options)
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
        f" | {render:.1f} | {reuse:.1f} | {memory:.0f} | {size:.0f} | {len(rendered[0]) / 1e6:.1f} |",
        flush=True,
    )


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
    columns = ("trials", "load, s", "measure, s", "trials/s", "render, s", "again, s", "MiB", "store, MB")
    print(f"| {' | '.join(columns)} | record, MB |")
    print("|---" * (len(columns) + 1) + "|", flush=True)
    sizes = [int(text) for text in arguments] or [1_000, 10_000, 100_000]
    for trials in sizes:
        subprocess.run([sys.executable, __file__, "--one", str(trials)], check=True)
    for name, rate in (("joblib", by_joblib), ("Dask", by_dask)):
        rates = ", ".join(f"{rate(size):.0f} trials/s of {size:,}" for size in sizes)
        print(f"{name}: {rates}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(SUPPORT))
    main(sys.argv[1:])
