"""What JAX computes on: which device, how workers share it, and how many seeds of a point fit on it.

On an accelerator a few workers share a device: while one compiles, another computes. Each has an even share
of the device's memory, which bounds how many seeds of a point are computed abreast (`declare.lanes`). Their
kernels are deterministic, so that two processes give equal bits (`DETERMINISTIC`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UserError
from harness.measure.environment import worker_environment
from harness.measure.installed import has_jax_plugin
from harness.measure.supervisor import supervised

ANSWER = 300.0
"""Seconds in which JAX must name its device; the slowest accelerators take a minute to begin."""

PER_DEVICE = 4
"""Workers that share a device, unless somebody says otherwise. Measured on an H100: a program for 16 seeds of
8 networks compiles in 5 to 12 s and computes in 0.07 to 1.2 s. So four compile at once before the device is
busy half of the time, and each has a quarter of its memory, enough for such a block at width 1024."""

DETERMINISTIC = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")
"""Operations that add up in a fixed order, and kernels that are not chosen by how fast each was when it was
tried. Measured on an H100: without autotuning programs compile in 5 to 12 s, not 16 to 42 s, and compute at
a third of the speed."""

SHARE = 0.9
"""The share of a device's memory that workers have together; each also has JAX's context, some 0.5 GB."""

FLAGS, _FRACTION = "XLA_FLAGS", "XLA_PYTHON_CLIENT_MEM_FRACTION"

PROBE = """
import json, jax
devices = jax.devices()
first = devices[0]
try:
    memory = (first.memory_stats() or {}).get("bytes_limit", 0)
except Exception:
    memory = 0
try:
    tf32 = first.platform != "cpu" and float(getattr(first, "compute_capability", "")) >= 8
except ValueError:
    tf32 = False
print("device:", json.dumps([first.device_kind, memory, len(devices), tf32]))
"""


class DeviceError(UserError):
    """JAX could not say which device it computes on, or the device lacks what a trial asks for."""


@dataclass(frozen=True)
class Device:
    """What JAX computes on; made by `find_device`.

    kind: "cpu", "NVIDIA H100 80GB HBM3", …
    memory: the bytes that all workers on one have together; 0 where JAX does not say.
    count: how many there are.
    tf32: whether it has products in TF32 (NVIDIA's, from compute capability 8.0 on).
    """

    kind: str
    memory: int = 0
    count: int = 1
    tf32: bool = False

    @property
    def accelerator(self) -> bool:
        """Whether it is another than the CPU."""
        return self.kind != "cpu"

    def names(self) -> list[str]:
        """What CUDA_VISIBLE_DEVICES calls each of them; [] where there is one, or where that is not known."""
        return accelerators() if self.count > 1 else []

    def memory_of_worker(self, per_device: int) -> int:
        """The bytes that each worker of a device has; 0 where nobody knows."""
        given = os.environ.get(_FRACTION)  # by the user, to each process
        return self.memory if given else self.memory // per_device


CPU = Device("cpu")


def find_device() -> Device:
    """What JAX computes on.

    Where nothing is installed that could give JAX another device it is the CPU, at once. Otherwise JAX is
    asked, in a process of its own (seconds). Raises `DeviceError`.
    """
    if not may_be_accelerator():
        return CPU
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {PROBE}"]
    try:
        done = supervised(command, env=on_device(worker_environment(None), 1), seconds=ANSWER)
    except subprocess.TimeoutExpired:
        raise DeviceError(
            f"JAX named no device within {ANSWER:g} s: see whether another program holds the accelerator, or"
            " set JAX_PLATFORMS=cpu"
        ) from None
    printed, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    for line in printed.splitlines():
        if line.startswith("device: "):
            return Device(*json.loads(line.removeprefix("device: ")))
    raise DeviceError("JAX named no device: " + "\n".join((printed + errors).splitlines()[-5:]))


def may_be_accelerator() -> bool:
    """Whether JAX may find another device than the CPU. Imports nothing."""
    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return False
    return has_jax_plugin() or bool(os.environ.get("PJRT_NAMES_AND_LIBRARY_PATHS"))


def on_device(variables: Mapping[str, str], per_device: int) -> dict[str, str]:
    """A worker's environment where `per_device` workers share a device: deterministic kernels, and an even
    share of its memory. What the user has set stands."""
    changed = dict(variables)
    if may_be_accelerator():
        given = changed.get(FLAGS, "")
        ours = [flag for flag in DETERMINISTIC if flag.partition("=")[0] not in given]
        changed[FLAGS] = " ".join([*([given] if given else []), *ours])
        changed.setdefault(_FRACTION, f"{SHARE / per_device:.4f}")
    return changed


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


def seeds_abreast(most: int, asked: int, on: Device, bytes_of_seed: int, memory: int) -> int:
    """How many seeds of a point are computed abreast: 1 on a CPU, else as many as the experiment declares
    (`most`), halved until they fit; `asked` (0: nothing) is taken as it is, up to `most`.

    `bytes_of_seed` is what one takes on the device, `memory` what a worker has there (0: nobody knows).
    """
    if asked:
        return min(asked, most)
    if not on.accelerator:
        return 1
    size = most
    while memory and size > 1 and size * bytes_of_seed > memory:
        size //= 2
    return size
