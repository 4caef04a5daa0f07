"""A cluster on this machine: a scheduler in this process, and Dask workers of one thread each.

Whoever reaches a Dask scheduler or worker can run any code. So all of them listen on the loopback interface
alone, without dashboards or HTTP servers; and as other users of the machine reach that too, both sides of a
connection must show a certificate that is made for this cluster and known to its processes only.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import weakref
from typing import Any

import dask
from distributed import Nanny, Scheduler, Security, SpecCluster, Worker, WorkerPlugin

from harness.measure.cluster.errors import INSTALL, ClusterError
from harness.measure.devices import accelerators
from harness.measure.installed import has_jax_plugin
from harness.temporary import temporary_folder

LOOPBACK = "127.0.0.1"

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # the client counts, and gives the order to another
    "distributed.scheduler.worker-saturation": 1.0,  # no worker gets a second order before it is done
}


class _Scheduler(Scheduler):
    """A scheduler without an HTTP server."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Start none."""


class _QuietWorker(Worker):
    """A worker without an HTTP server."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Start none."""


class _Quiet(WorkerPlugin):
    """Ctrl-C reaches all processes of a terminal; it is the client's to handle."""

    name = "harness-quiet"

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def start(count: int) -> SpecCluster:
    """A cluster of `count` workers; each has an accelerator of its own, as far as there are several.

    Raises `ClusterError` if no certificate can be made.
    """
    dask.config.set(SETTINGS)  # for good: workers that die are started again later
    place = {"host": LOOPBACK, "protocol": "tls://", "security": _certificate(), "dashboard": False}
    # Dask's own choice has a name that others know, and its workers import what stands there.
    held = contextlib.ExitStack()
    scratch = str(held.enter_context(temporary_folder("harness-cluster-")))
    devices = accelerators() if has_jax_plugin() else []
    workers = {}
    for index in range(count):
        env = {"CUDA_VISIBLE_DEVICES": devices[index % len(devices)]} if len(devices) > 1 else {}
        options = {
            **place,
            "worker_class": _QuietWorker,
            "local_directory": scratch,
            "nthreads": 1,
            "memory_limit": 0,  # Dask would watch its own process, which does nothing
            "silence_logs": logging.CRITICAL,
            "env": env,
            "plugins": (_Quiet(),),
        }
        workers[index] = {"cls": Nanny, "options": options}
    cluster = SpecCluster(
        workers=workers,
        scheduler={"cls": _Scheduler, "options": {**place, "port": 0}},
        security=place["security"],
        silence_logs=logging.CRITICAL,
    )
    weakref.finalize(cluster, held.close)
    return cluster


def _certificate() -> Security:
    """A key and a certificate for this cluster alone."""
    try:
        made: Security = Security.temporary()
    except ImportError:
        raise ClusterError(
            "--cluster local:N: expected the package cryptography, with which its processes know each other,"
            f" found none; install it: {INSTALL}"
        ) from None
    return made
