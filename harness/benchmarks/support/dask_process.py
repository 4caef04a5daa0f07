"""Trials on a local cluster of Dask, in a process of its own.

Dask changes the environment, the path and multiprocessing's start method of whoever uses it, so that a worker
would be replaced, and prepare again, for every pair of timings. A line to the process's standard input is the
word to begin, a line from its standard output how many rows it kept. It ends with its standard input.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from harness.benchmarks.support.trials import Rows, measure_toy

GRACE = 30.0
"""Seconds to end in; a cluster takes one or two."""

_BOOT = """
import sys
sys.path[:] = {path!r}
from harness.benchmarks.support.dask_process import serve_dask
serve_dask(**{given!r})
"""


class DaskProcess:
    """A cluster that stands ready, and its process."""

    def __init__(self, rows: Path, *, trials: int, workers: int) -> None:
        given = {"rows": str(rows), "trials": trials, "workers": workers}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT.format(path=sys.path, given=given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self) -> int:
        """Run the next trials; how many rows were kept. Raises `RuntimeError` if the process has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise RuntimeError(f"the process of Dask ended with code {code}; see its error output")
        return int(line)

    def close(self) -> None:
        """End the cluster, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def serve_dask(rows: str, trials: int, workers: int) -> None:
    """What the process does, until its standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle, and ends it
    from distributed import Client, LocalCluster

    kept = Rows(Path(rows))
    folder = str(Path(rows).parent)
    start = 0
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", local_directory=folder
        ) as cluster,
        Client(cluster) as client,
    ):
        for _ in sys.stdin:
            futures = client.map(measure_toy, range(start, start + trials), pure=False)
            print(kept.keep(client.gather(futures)), flush=True)
            start += trials
