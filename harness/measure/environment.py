"""The environment variables under which trials run, and the device that they will run on.

One thread each: measured, two single-threaded workers do twice the work of one two-threaded process, and
their numbers do not depend on how many there are. All of it must stand before NumPy or JAX is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.errors import UserError
from harness.measure.installed import has_jax_plugin
from harness.measure.supervisor import supervised

ANSWER = 300.0
"""Seconds in which JAX must name its device; the slowest accelerators take a minute to begin."""

PROBE = "import jax; print('device:', jax.devices()[0].device_kind)"


class DeviceError(UserError):
    """JAX could not say which device it computes on; the message has the end of what it printed."""


def worker_environment(cache: Path | None) -> dict[str, str]:
    """The parent's environment, changed for workers; `cache` is where JAX keeps compiled programs."""
    changed = dict(os.environ)
    changed |= {
        "NPROC": "1",  # what limits XLA to one thread; XLA_FLAGS alone does not
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "JAX_ENABLE_X64": "1",
        "PYTHONHASHSEED": "0",  # the order of sets is then the same in every worker
        "LC_ALL": "C.UTF-8",  # how text is read, sorted and written, whoever runs it from where
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",  # the log of a worker that dies is complete
        "PYTHONFAULTHANDLER": "1",
    }
    changed.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # workers share one accelerator
    if cache is not None:
        changed.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
        changed.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    return changed


def device_kind() -> str:
    """The kind of device that JAX computes on: "cpu", "NVIDIA H100 80GB HBM3", …

    Where nothing is installed that could give JAX another device the answer is "cpu", at once. Otherwise
    JAX is asked, in a process of its own (seconds). Raises `DeviceError`.
    """
    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return "cpu"
    if not has_jax_plugin() and not os.environ.get("PJRT_NAMES_AND_LIBRARY_PATHS"):
        return "cpu"
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {PROBE}"]
    try:
        done = supervised(command, env=worker_environment(None), seconds=ANSWER)
    except subprocess.TimeoutExpired:
        raise DeviceError(
            f"JAX named no device within {ANSWER:g} s: see whether another program holds the accelerator, or"
            " set JAX_PLATFORMS=cpu"
        ) from None
    printed, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    for line in printed.splitlines():
        if line.startswith("device: "):
            return line.removeprefix("device: ")
    raise DeviceError("JAX named no device: " + "\n".join((printed + errors).splitlines()[-5:]))
