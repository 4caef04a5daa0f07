"""The environment variables under which trials run; those of accelerators are in `devices`.

One thread each: measured, two single-threaded workers do twice the work of one two-threaded process, and
their numbers do not depend on how many there are. All of it must stand before NumPy or JAX is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

PRECISION = "JAX_DEFAULT_MATMUL_PRECISION"
"""The precision of float32 products. JAX's own default is TF32, three digits, on a device that has it."""


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
    changed.setdefault(PRECISION, "highest")  # networks that are declared float32 are float32
    changed.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # workers share one accelerator
    if cache is not None:
        changed.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
        changed.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    return changed
