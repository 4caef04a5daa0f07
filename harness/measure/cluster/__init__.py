"""Measuring on a cluster, through Dask: the same trials, worker processes, fingerprints and store.

The *client* is the process that runs `harness`; only it writes the store. It hands one *order* at a time, a
job with the *terms* that it holds for, to each *Dask worker*. That keeps a `Pool` of one worker process, so
that a time limit, a memory limit or a crash costs a trial and not the Dask worker, and answers with a
*reply*: an outcome, or what it *found* where its code is not the client's. An order whose Dask worker dies is
given to another, a few times.

In: jobs. Out: outcomes. Only `client` and `local` import Dask, and they are imported when a cluster is used.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from harness.measure.cluster.errors import INSTALL, ClusterError

if TYPE_CHECKING:
    from harness.measure.cluster.client import Cluster

SCHEMES = ("tcp", "tls")


def connect(cluster: str, cache: Path | None) -> Cluster:
    """The cluster at `tcp://HOST:PORT` or `tls://HOST:PORT`, or one that `local:N` starts on this machine.

    `cache` is where JAX keeps compiled programs, for workers on this machine. Raises `ClusterError` for
    another text, where Dask is not installed, where no worker is to be had, and for workers of other code.
    """
    if importlib.util.find_spec("distributed") is None:
        raise ClusterError(f"--cluster: expected Dask's distributed, found none; install it: {INSTALL}")
    scheme, _, rest = cluster.partition(":")
    count = int(rest) if scheme == "local" and rest.isascii() and rest.isdigit() else 0
    if not count and not (scheme in SCHEMES and rest.removeprefix("//").rpartition(":")[2].isdigit()):
        raise ClusterError(
            f"--cluster: expected tcp://HOST:PORT, tls://HOST:PORT or local:N, found {cluster!r}"
        )
    from harness.measure.cluster.client import Cluster
    from harness.measure.cluster.local import start

    if not count:
        return Cluster(scheme, cluster, cache)
    return Cluster(cluster, start(count), cache, workers=count)


__all__ = ["INSTALL", "ClusterError", "connect"]
