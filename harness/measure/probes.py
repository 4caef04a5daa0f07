"""Process-wide state that one trial can leave to the next, each kind read by a *probe*.

A probe reads a value that is cheap to compare: some microseconds for all of them. Libraries are looked at
only where they are loaded already; nothing is imported here for its own sake.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` without the conversion to enumerations
import ctypes
import gc
import locale
import os
import platform
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from harness.measure.digests import SETTLED


@dataclass(frozen=True)
class Probe:
    """One kind of state: its name in words, how it is read, and the library that it belongs to ('' if none).

    `setup`: what the import of an installed library changes is that library's own set-up, and no trace.
    `reseed` puts a generator of random numbers into the state in which a new process would have it.
    `detail` names what differs between two values; `named`: what it does not name is no trace.
    """

    name: str
    read: Callable[[], Any]
    library: str = ""
    setup: bool = False
    reseed: Callable[[], object] | None = None
    detail: Callable[[Any, Any], Iterable[str]] = lambda before, after: ()
    named: bool = False

    def describe(self, before: object, after: object) -> str:
        """What differs, in words: `os.environ: MODE`; '' if nothing that counts."""
        try:
            names = sorted(set(self.detail(before, after)))
        except Exception:  # one of them could not be read
            return self.name
        if not names:
            return "" if self.named else self.name
        return f"{self.name}: {', '.join(names)}"


def probes(library: str) -> list[Probe]:
    """The probes of a library that has just been imported; '' for those of every process."""
    return [probe for probe in _PROBES if probe.library == library]


def scratch(folder: str) -> Probe:
    """A probe of what lies in a worker's own folder for temporary files."""
    return Probe("temporary files", _names_in(folder), setup=True, detail=_left, named=True)


def _names_in(folder: str) -> Callable[[], set[str]]:
    """A function that gives the names in a folder, which it lists only where the folder's time may have
    changed: in a fifth of the time. A time of the last seconds may stand for several changes."""
    names: set[str] = set()
    listed = -1  # the folder's time when it was listed; -1 if the next change may leave it as it is

    def read() -> set[str]:
        nonlocal names, listed
        changed = os.stat(folder).st_mtime_ns
        if changed != listed:
            names = set(os.listdir(folder))
            listed = changed if time.time_ns() - changed > SETTLED else -1
        return names

    return read


MOST_FILES = 64
"""How many more descriptors than at first a worker may hold; a process may have 1024 by default. Some stay
open for good, as those of a library's own files."""


def _open_files() -> Callable[[], int]:
    """A function that gives by how much the lowest free descriptor has risen; 0 if it is not by many."""
    first: list[tuple[int, int]] = []  # the descriptor, and how many more there may be

    def read() -> int:
        free = os.dup(2)
        os.close(free)
        if not first:
            import resource

            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            first.append((free, MOST_FILES if limit < 0 else max(1, min(MOST_FILES, limit // 8))))
        lowest, most = first[0]
        risen = free - lowest
        return risen if risen >= most else 0

    return read


def _control_word() -> Callable[[], object]:
    """Reads how this thread rounds, and whether it flushes denormal numbers to zero; no status flags."""
    library = ctypes.CDLL(None)
    try:
        get_environment, get_rounding = library.fegetenv, library.fegetround
    except AttributeError:
        return lambda: None
    held = ctypes.create_string_buffer(256)
    address = ctypes.addressof(held)
    get_environment.argtypes = [ctypes.c_void_p]
    machine = platform.machine()
    if sys.platform.startswith("linux") and machine in ("x86_64", "AMD64"):
        word, mxcsr = ctypes.c_uint16.from_buffer(held, 0), ctypes.c_uint32.from_buffer(held, 28)

        def read_x86() -> object:
            get_environment(address)
            return word.value, mxcsr.value & ~0x3F  # its low six bits are status flags

        return read_x86
    if sys.platform.startswith("linux") and machine == "aarch64":
        control = ctypes.c_uint32.from_buffer(held, 0)

        def read_arm() -> object:
            get_environment(address)
            return control.value

        return read_arm
    return get_rounding


def _current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""  # it was removed


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _limits() -> tuple[tuple[int, int], tuple[int, int]]:
    import resource

    return resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_NOFILE)


_SIGNALS = [
    int(getattr(signal, f"SIG{name}"))
    for name in ("INT", "TERM", "ALRM", "CHLD", "FPE", "HUP", "PIPE", "USR1", "USR2", "XCPU")
    if hasattr(signal, f"SIG{name}")  # Windows imports this, and measures nothing
]


def _signals() -> object:
    handlers = [_signal.getsignal(number) for number in _SIGNALS]
    blocked = _signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return handlers, blocked, signal.getitimer(signal.ITIMER_REAL)[0] > 0  # an alarm that is set


def _interpreter() -> object:
    return (
        sys.getrecursionlimit(),
        sys.getswitchinterval(),
        sys.get_int_max_str_digits(),
        sys.gettrace(),
        sys.getprofile(),
        sys.excepthook,
        sys.stdin,
        sys.stdout,
        sys.stderr,
        gc.get_threshold(),
        gc.isenabled(),
    )


def _processors() -> object:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _decimal() -> object:
    import decimal

    now, new = decimal.getcontext(), decimal.DefaultContext  # of this thread, of threads to come
    limits = now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, new.prec, new.rounding
    return limits, now.traps.copy()


def _generator() -> object:
    """Where the state of `random` lies in memory: reading it takes a tenth of the time of `getstate`."""
    import random

    size = _random_state_size()
    instance = getattr(random, "_inst", None)
    if not size or instance is None:
        return random.getstate()
    return ctypes.string_at(id(instance) + object.__basicsize__, size), getattr(instance, "gauss_next", None)


def _random_state_size() -> int:
    """Bytes of the state of a generator, which in CPython follow the header of its object; else 0."""
    if sys.implementation.name != "cpython":
        return 0
    import _random

    size = 4 * 625  # an index and 624 words
    return size if 0 <= _random.Random.__basicsize__ - object.__basicsize__ - size < 8 else 0


def _reseed_random() -> None:
    import random

    random.seed()


def _numpy_generator() -> object:
    import numpy as np

    generator = np.random.mtrand._rand._bit_generator
    if type(generator).__name__ != "MT19937":
        return id(generator), repr(generator.state)
    return id(generator), ctypes.string_at(generator.ctypes.state_address, 4 * 625)


def _reseed_numpy() -> None:
    import numpy as np

    np.random.seed()


def _numpy_errors() -> object:
    import numpy as np

    return np.geterr()


def _numpy_printing() -> object:
    import numpy as np

    return np.get_printoptions()


def _jax_settings() -> list[object]:
    """The values of JAX's options, as this thread has them."""
    import jax

    holders = getattr(jax.config, "_value_holders", None)
    if holders is None:
        return list(jax.config.values.values())
    return [holder.value for holder in holders.values()]


def _jax_options(before: list[object], after: list[object]) -> Iterable[str]:
    """The names of those that differ. An option that a later import has added at the end does not count."""
    import jax

    names = zip(jax.config.values, before, after, strict=False)
    return [name for name, old, new in names if old is not new and old != new]


def _multiprocessing() -> object:
    """How processes are started. Whoever asks for the default, as every pool and joblib do, binds it, and a
    later choice is an error: here it is let go, so that a later trial may choose as in a new process."""
    import multiprocessing

    chosen, default = (
        multiprocessing.get_start_method(allow_none=True),
        multiprocessing.get_all_start_methods()[0],
    )
    if chosen == default:
        multiprocessing.set_start_method(None, force=True)
    return chosen or default


def _keys(before: Any, after: Any) -> Iterable[str]:
    """The keys under which two mappings differ, as text."""
    both = before.keys() | after.keys()
    missing = object()
    different = (key for key in both if before.get(key, missing) != after.get(key, missing))
    return [key.decode(errors="replace") if isinstance(key, bytes) else str(key) for key in different]


def _left(before: set[str], after: set[str]) -> Iterable[str]:
    """How many there are that were not there before, if any; names would say nothing."""
    return [f"{len(after - before)} left behind"] if after - before else []


def _risen(before: int, after: int) -> Iterable[str]:
    return [f"{after - before} more"] if after > before else []


def _many(before: int, after: int) -> Iterable[str]:
    return ["many more"] if after > before else []


_environment = getattr(os.environ, "_data", os.environ)  # what it holds undecoded: a fiftieth of the time

_PROBES = [
    Probe("os.environ", lambda: dict(_environment), setup=True, detail=_keys),
    Probe("the current folder", _current_folder),
    Probe("the umask", _umask),
    Probe("the locale", lambda: locale.setlocale(locale.LC_ALL)),
    Probe("floating-point control (rounding, denormal numbers)", _control_word()),
    Probe("warnings.filters", lambda: (list(warnings.filters), warnings.showwarning), setup=True),
    Probe("signal handlers", _signals, setup=True),
    Probe("settings of the interpreter (sys, gc)", _interpreter, setup=True),
    Probe("sys.path", lambda: (list(sys.path), list(sys.path_hooks)), setup=True),
    Probe("sys.meta_path", lambda: list(sys.meta_path), setup=True),
    Probe("limits of the process", _limits),
    Probe("the processors that may be used", _processors),
    Probe("the decimal context", _decimal, "decimal"),
    Probe("the state of random", _generator, "random", setup=True, reseed=_reseed_random),
    Probe("the state of numpy.random", _numpy_generator, "numpy.random", setup=True, reseed=_reseed_numpy),
    Probe("NumPy's error state", _numpy_errors, "numpy"),
    Probe("NumPy's print options", _numpy_printing, "numpy"),
    Probe("jax.config", _jax_settings, "jax", detail=_jax_options, named=True),
    Probe("multiprocessing's start method", _multiprocessing, "multiprocessing"),
]

LEAKS = [
    Probe("threads that still run", threading.active_count, setup=True, detail=_risen, named=True),
    Probe("open files", _open_files(), setup=True, detail=_many, named=True),
]
"""What a trial may leave behind that makes later ones fail. A timing keeps what it has prepared."""

LIBRARIES = frozenset(probe.library for probe in _PROBES if probe.library)
