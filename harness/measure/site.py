"""Where trials run: worker processes of this machine, or a cluster; and what JAX computes on there."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.measure.devices import CPU, FLAGS, Device, find_device, on_device
from harness.measure.environment import PRECISION, worker_environment
from harness.measure.identity import Identities
from harness.measure.pool import Pool
from harness.measure.settings import settings
from harness.measure.workers import Workers, cores

if TYPE_CHECKING:
    from harness.measure.cluster.client import Cluster


class Site:
    """Makes the workers of a laboratory, whose arguments it takes. Compiled programs are cached
    beside its store.

    Raises `ClusterError` if the cluster cannot be used.
    """

    def __init__(self, store: Path | None, *, workers: int | None, cluster: str, per_device: int) -> None:
        cache = None if store is None else store.with_name(store.name + ".jax").absolute()
        variables = worker_environment(cache)
        self._settings = settings(variables)
        self.per_device = 1 if cluster else per_device
        self.variables = on_device(variables, self.per_device)
        """The environment of workers on this machine."""
        self.cluster: Cluster | None = None
        self.workers: Workers
        if cluster:
            from harness.measure.cluster import connect

            self.workers = self.cluster = connect(cluster, cache)
        else:
            self.workers = Pool(workers or cores(), self.variables)

    @cached_property
    def device(self) -> Device:
        """What JAX computes on. An accelerator has a few workers, not one per core. Raises `DeviceError`."""
        if self.cluster is not None:
            return self.cluster.device()
        found = find_device()
        if found.accelerator and isinstance(self.workers, Pool):
            self.workers.share(found.names(), self.per_device)
        return found

    def said(self) -> dict[str, object]:
        """What a record says of how numbers were computed here: the precision of float32 products, and, of an
        accelerator, XLA's flags and how many workers share it."""
        known = self.__dict__.get("device", CPU)  # nobody has asked where no trial computes with JAX
        said: dict[str, object] = {"matmul_precision": self.variables[PRECISION]}
        if known.accelerator:
            said |= {"xla_flags": self.variables.get(FLAGS, ""), "workers_per_device": self.per_device}
        return said

    def identities(self, block: int) -> Identities:
        """What trials are here; `block` is how many seeds are asked to be computed abreast."""
        flags = self.variables.get(FLAGS, "")
        return Identities(
            lambda: self.device, self._settings, block=block, per_device=self.per_device, flags=flags
        )
