"""The environment variables that can change numbers, as a worker has them.

Variables count by the beginning of their name: those of JAX and XLA, of Python, of libraries that compute,
of threads, of what a dynamic linker loads. Those of `FREE` are left out, since they cannot change numbers,
each with its reason; and all others, since no library reads them. Nobody notices what a trial's own code
reads from `os.environ`.

A worker's time zone and locale are always the same (`environment`), so they do not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping

from harness.measure.digests import digest_of

Settings = tuple[tuple[str, str], ...]
"""Names and values, sorted; for a variable that names files, their digests follow its value."""

COUNTED = (
    # arrays, compilers, and what they compute on
    "JAX_", "XLA_", "TF_", "LIBTPU_", "TPU_", "PJRT_", "CUDA_", "CUBLAS_", "CUDNN_", "NCCL_", "HIP_", "HSA_",
    "ROCM_", "ROCR_", "ROCBLAS_", "HIPBLASLT_", "MIOPEN_", "NVIDIA_TF32_OVERRIDE", "TORCH_", "PYTORCH_",
    "ATEN_", "KERAS_", "NPY_", "NUMPY_", "SCIPY_", "SKLEARN_", "NUMBA_", "TRITON_",
    # threads and linear algebra: in how many parts, and by which kernel, sums are added up
    "NPROC", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "NUMEXPR_", "DNNL_",
    "ONEDNN_", "TBB_", "RAYON_", "POLARS_", "ARROW_",
    # the interpreter
    "PYTHON",
    # which libraries are loaded, and which of their functions are chosen
    "LD_", "DYLD_", "GLIBC_TUNABLES",
)  # fmt: skip
"""How the names of variables begin that may change numbers."""

_CACHE = "where, or for how long, something is cached; what is cached is the same"
_LOG = "what is printed or logged"
_WHERE = "where modules are looked for: the closure says which are found"
_DEVICE = "which devices are used: their kind is in the fingerprint"
_MEMORY = "how memory is set aside; whether a program fits, not what it computes"
_IMAGE = "what a container image says of itself; nothing reads it"

FREE: Mapping[str, str] = {
    "JAX_COMPILATION_CACHE_DIR": _CACHE,
    "JAX_COMPILATION_CACHE_MAX_SIZE": _CACHE,
    "JAX_ENABLE_COMPILATION_CACHE": _CACHE,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": _CACHE,
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": _CACHE,
    "JAX_RAISE_PERSISTENT_CACHE_ERRORS": _CACHE,
    "CUDA_CACHE_DISABLE": _CACHE,
    "CUDA_CACHE_MAXSIZE": _CACHE,
    "CUDA_CACHE_PATH": _CACHE,
    "NUMBA_CACHE_DIR": _CACHE,
    "TRITON_CACHE_DIR": _CACHE,
    "TORCH_HOME": _CACHE,
    "PYTHONPYCACHEPREFIX": _CACHE,
    "PYTHONDONTWRITEBYTECODE": _CACHE,
    "JAX_DEBUG_LOG_MODULES": _LOG,
    "JAX_DUMP_IR_MODES": _LOG,
    "JAX_DUMP_IR_TO": _LOG,
    "JAX_EXPLAIN_CACHE_MISSES": _LOG,
    "JAX_LOGGING_LEVEL": _LOG,
    "JAX_LOG_COMPILES": _LOG,
    "JAX_TRACEBACK_FILTERING": _LOG,
    "KMP_WARNINGS": _LOG,
    "MKL_VERBOSE": _LOG,
    "NCCL_DEBUG": _LOG,
    "OPENBLAS_VERBOSE": _LOG,
    "TF_CPP_MAX_LOG_LEVEL": _LOG,
    "TF_CPP_MAX_VLOG_LEVEL": _LOG,
    "TF_CPP_MIN_LOG_LEVEL": _LOG,
    "TF_CPP_MIN_VLOG_LEVEL": _LOG,
    "TF_CPP_VMODULE": _LOG,
    "LD_DEBUG": _LOG,
    "LD_DEBUG_OUTPUT": _LOG,
    "PYTHONFAULTHANDLER": _LOG,
    "PYTHONNODEBUGRANGES": _LOG,
    "PYTHONPROFILEIMPORTTIME": _LOG,
    "PYTHONTRACEMALLOC": _LOG,
    "PYTHONUNBUFFERED": _LOG,
    "PYTHONVERBOSE": _LOG,
    "PYTHON_COLORS": _LOG,
    "PYTHON_BASIC_REPL": "a session at a terminal, which a worker has not",
    "PYTHON_HISTORY": "a session at a terminal, which a worker has not",
    "PYTHONBREAKPOINT": "a debugger, which a trial does not call",
    "PYTHONINSPECT": "what happens when a program has ended",
    "PYTHONSTARTUP": "a session at a terminal, which a worker has not",
    "PYTHONNOUSERSITE": _WHERE,
    "PYTHONPATH": _WHERE,
    "PYTHONSAFEPATH": _WHERE,
    "PYTHONUSERBASE": _WHERE,
    "JAX_PLATFORMS": _DEVICE,
    "JAX_PLATFORM_NAME": _DEVICE,
    "CUDA_DEVICE_ORDER": _DEVICE,
    "CUDA_VISIBLE_DEVICES": _DEVICE,
    "HIP_VISIBLE_DEVICES": _DEVICE,
    "ROCR_VISIBLE_DEVICES": _DEVICE,
    "TPU_VISIBLE_CHIPS": _DEVICE,
    "TPU_VISIBLE_DEVICES": _DEVICE,
    "XLA_PYTHON_CLIENT_ALLOCATOR": _MEMORY,
    "XLA_PYTHON_CLIENT_MEM_FRACTION": _MEMORY,
    "XLA_PYTHON_CLIENT_PREALLOCATE": _MEMORY,
    "CUDA_VERSION": _IMAGE,
    "PYTHON_GET_PIP_SHA256": _IMAGE,
    "PYTHON_GET_PIP_URL": _IMAGE,
    "PYTHON_PIP_VERSION": _IMAGE,
    "PYTHON_SETUPTOOLS_VERSION": _IMAGE,
    "PYTHON_SHA256": _IMAGE,
    "PYTHON_VERSION": _IMAGE,
}
"""Variables that cannot change numbers, although their names begin so, each with its reason."""

FILES = frozenset(
    {"LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "PJRT_NAMES_AND_LIBRARY_PATHS", "TF_XLA_FLAGS", "XLA_FLAGS"}
)
"""Variables that may name files (XLA reads its flags from one where the text does not begin with a dash)."""


def settings(environment: Mapping[str, str]) -> Settings:
    """The variables of a worker's environment that can change numbers, with their values."""
    counted = sorted(name for name in environment if name.startswith(COUNTED) and name not in FREE)
    return tuple((name, environment[name] + _digests(name, environment[name])) for name in counted)


def settings_digest(found: Settings) -> str:
    """One text for all settings, for fingerprints."""
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def differing_settings(ours: Settings, theirs: Settings) -> str:
    """Which variables differ, each with the value there and the one here; '' where none does."""
    here, there = dict(ours), dict(theirs)
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    unset = "(unset)"
    return ", ".join(f"{name}={there.get(name, unset)} (here {here.get(name, unset)})" for name in names)


def _digests(name: str, text: str) -> str:
    parts = re.split(r"[\s:,]+", text) if name in FILES else ()
    return "".join(f" {digest_of(os.path.abspath(part))}" for part in parts if part and os.path.isfile(part))
