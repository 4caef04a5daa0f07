"""A cluster on this machine: a scheduler in this process, and Dask workers of one thread each."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from typing import Any

import dask
from distributed import Nanny, Scheduler, SpecCluster, Worker, WorkerPlugin

from harness.measure.installed import has_jax_plugin

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # the client counts, and gives the order to another
    "distributed.scheduler.worker-saturation": 1.0,  # no worker gets a second order before it is done
}


class _Quiet(WorkerPlugin):
    """Ctrl-C reaches all processes of a terminal; it is the client's to handle."""

    name = "harness-quiet"

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def start(count: int) -> SpecCluster:
    """A cluster of `count` workers; each has an accelerator of its own, as far as there are several."""
    dask.config.set(SETTINGS)  # for good: workers that die are started again later
    devices = accelerators() if has_jax_plugin() else []
    workers = {}
    for index in range(count):
        env = {"CUDA_VISIBLE_DEVICES": devices[index % len(devices)]} if len(devices) > 1 else {}
        options = {
            "nthreads": 1,
            "memory_limit": 0,  # Dask would watch its own process, which does nothing
            "dashboard": False,
            "silence_logs": logging.CRITICAL,
            "env": env,
            "plugins": (_Quiet(),),
        }
        workers[index] = {"cls": Nanny, "options": options}
    place = {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    scheduler = {"cls": Scheduler, "options": place}
    return SpecCluster(workers=workers, scheduler=scheduler, silence_logs=logging.CRITICAL)


def accelerators() -> list[str]:
    """The NVIDIA devices that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name for name in given.split(",") if name]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.split()
