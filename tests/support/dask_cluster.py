"""A Dask scheduler and workers as a person would start them, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[2]


class Dask:
    """A scheduler with workers under nannies, which start those again that die."""

    def __init__(self, folder: Path, paths: tuple[Path, ...] = ()) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        self._paths = (*map(str, paths), str(ROOT))
        place = ("--host", "127.0.0.1", "--port", str(port))
        self.scheduler = self._start("scheduler", *place, "--no-dashboard")
        self.nannies: list[subprocess.Popen[bytes]] = []

    def add(self, count: int, *options: str) -> None:
        """Start so many workers."""
        threads = () if "--nthreads" in options else ("--nthreads", "1")
        arguments = (self.address, "--nworkers", str(count), *threads, "--no-dashboard", *options)
        self.nannies.append(self._start("worker", *arguments))

    def workers(self) -> list[int]:
        """The processes of Dask workers."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) in {nanny.pid for nanny in self.nannies} and b"spawn_main" in command:
                found.append(int(entry.name))
        return sorted(found)

    def close(self) -> None:
        for process in (*self.nannies, self.scheduler):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        variables = {
            "PYTHONPATH": os.pathsep.join(self._paths),
            "DASK_TEMPORARY_DIRECTORY": str(self._folder),
        }
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        with (self._folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@contextmanager
def dask(folder: Path, count: int, *options: str, paths: tuple[Path, ...] = ()) -> Iterator[Dask]:
    """A scheduler with `count` workers, for the block."""
    started = Dask(folder, paths)
    try:
        started.add(count, *options)
        with Client(started.address, timeout=60) as client:
            client.wait_for_workers(count, timeout=60)
        yield started
    finally:
        started.close()
