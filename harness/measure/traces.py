"""What a trial leaves in its worker that a later one could see.

A *trace* is process-wide state that is not as it was before: the environment, the current folder, NumPy's
error state, JAX's options, functions of NumPy that were replaced, plain values of the experiment's own
modules (`probes`, `bindings`). The *watcher* knows the state as a new worker has it and compares it after
each trial; that takes some tens of microseconds (`tests/measure/trace_cost.py`). What a library is like is
noted when its import has ended, before the module that imports it goes on.

An import is no trace by itself. What the import of an *installed* library does to the environment, to
warnings and the like is that library's set-up; where it changes numbers (JAX's options, rounding) it is a
trace as any other.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from harness.measure.bindings import Bindings
from harness.measure.modules import OWN, kind_of
from harness.measure.probes import LEAKS, LIBRARIES, Probe, probes, scratch
from harness.measure.records import Traces

_PATCHABLE = (
    "builtins math random time numpy numpy.linalg numpy.random scipy scipy.linalg scipy.special"
    " jax jax.nn jax.numpy jax.random"
)
PATCHABLE = frozenset(_PATCHABLE.split())
"""Modules whose functions may be replaced for all that use them."""

PATIENCE = 0.1
"""Seconds that threads may need to end after the trial that started them."""


@dataclass(slots=True)
class _Watched:
    """A probe, and its value as it should be. `leak`: it reads what a timing may keep, as it has prepared it.
    `imported`: the import of a trial's modules changed it."""

    probe: Probe
    value: Any
    leak: bool = False
    imported: bool = False
    read: Callable[[], Any] = field(init=False)

    def __post_init__(self) -> None:
        self.read = self.probe.read


class Watcher:
    """Compares the state of this process with what it was; made by a worker before its first trial.

    `folder` is this worker's own for temporary files ('' if it has none). For the thread that makes it.
    """

    def __init__(self, folder: str = "") -> None:
        self._thread = threading.get_ident()
        self._declared: frozenset[str] = frozenset()
        self._own: frozenset[str] = frozenset()
        self._known: set[str] = set()
        self._bindings = Bindings()
        self._noticed: dict[str, None] = {}
        self._importing: list[str] = []
        self._before: dict[str, Any] = {}  # as it was before an installed library was imported
        leaks = [*LEAKS, *([scratch(folder)] if folder else [])]
        self._watched = [_Watched(probe, _read(probe)) for probe in probes("")]
        self._watched += [_Watched(probe, _read(probe), leak=True) for probe in leaks]
        self._threads = next(w for w in self._watched if w.probe is LEAKS[0])
        for name in PATCHABLE | LIBRARIES:
            self._learn(name)
        self._loaded: list[ModuleType] = []
        self._modules: dict[str, Any] = {}
        self._accept_modules()

    def begin(self, own: frozenset[str]) -> None:
        """A trial begins whose closure has the modules `own`."""
        if own != self._declared:
            self._declared, self._own = own, frozenset(name for name in own if not _is_engine(name))
        for name in self._own - self._known:
            self._learn(name)

    def before_import(self, name: str) -> None:
        """A module is about to be loaded."""
        if threading.get_ident() == self._thread:
            if not any(map(_is_installed, self._importing)):
                self._before = {w.probe.name: _read(w.probe) for w in self._watched if w.probe.setup}
            self._importing.append(name)

    def after_import(self, name: str, parts: Iterable[str]) -> None:
        """It is loaded, or has failed. What an installed library imports in turn is part of its set-up."""
        if threading.get_ident() != self._thread:
            return
        self._importing.pop()
        if _is_installed(name) and not any(map(_is_installed, self._importing)):
            for watched in (watched for watched in self._watched if watched.probe.setup):
                before = self._before.get(watched.probe.name, watched.value)
                watched.value = _set_up(watched.value, before, _read(watched.probe))
        for part in (*_prefixes(name), *parts):
            self._learn(part)

    def imported(self) -> tuple[str, ...]:
        """What the imports of the trial's modules have changed, as it is about to run. It is accepted: a new
        worker would come to it in the same way."""
        found = self._changes()
        for watched in found:
            watched.imported = True
        return self._taken()

    def traces(self, imported: tuple[str, ...] = (), *, timed: bool = False) -> Traces:
        """What the trial has changed. Generators of random numbers are seeded anew, as in a new process,
        unless imports had seeded them. A timing may keep what it has prepared: threads, files."""
        if not timed:
            self._wait_for_threads()
        reseeded = []
        for watched in self._changes(leaks=not timed):
            if watched.probe.reseed is not None and not watched.imported:
                watched.probe.reseed()
                watched.value = _read(watched.probe)
                self._noticed.pop(watched.probe.name, None)
                reseeded.append(watched.probe.name)
        return Traces(changed=self._taken(), reseeded=tuple(reseeded), imported=imported)

    def _changes(self, *, leaks: bool = True) -> list[_Watched]:
        """Compare everything; what is different is noticed, and accepted. Gives the probes that differ."""
        differing = []
        if not self._is_same(leaks):
            differing = [w for w in self._watched if (leaks or not w.leak) and self._compare(w)]
        for text in self._bindings.changed():
            self._notice(text)
        self._compare_modules()
        return differing

    def _is_same(self, leaks: bool) -> bool:
        """Whether every probe reads what it should: the rule, and quickly found."""
        try:
            for watched in self._watched:
                if watched.read() != watched.value and (leaks or not watched.leak):
                    return False
        except Exception:  # something cannot be read, or compared
            return False
        return True

    def _compare(self, watched: _Watched) -> bool:
        value = _read(watched.probe)
        if _same(value, watched.value):
            return False
        text = watched.probe.describe(watched.value, value)
        watched.value = value
        if text:
            self._notice(text)
        return bool(text)

    def _compare_modules(self) -> None:
        """Find entries that were replaced or deleted. Deep inside an installed library none is looked at."""
        with contextlib.suppress(Exception):  # of objects that cannot be compared
            if list(sys.modules.values()) == self._loaded:  # the rule: in a third of the time
                return
        lost = sorted(name for name, module in self._modules.items() if sys.modules.get(name) is not module)
        if lost:
            self._notice(f"sys.modules: {', '.join(lost[:3])}")
        self._accept_modules()

    def _accept_modules(self) -> None:
        self._loaded = list(sys.modules.values())
        self._modules = {name: module for name, module in sys.modules.items() if self._is_looked_at(name)}

    def _is_looked_at(self, name: str) -> bool:
        root, _, inside = name.partition(".")
        return not inside or root in sys.stdlib_module_names or name in PATCHABLE or name in self._own

    def _notice(self, text: str) -> None:
        self._noticed[text] = None

    def _taken(self) -> tuple[str, ...]:
        taken, self._noticed = tuple(self._noticed), {}
        return taken

    def _learn(self, name: str) -> None:
        """Note what a module that matters is like, once, as soon as its import has ended."""
        if name in self._known or not (name in self._own or name in PATCHABLE or name in LIBRARIES):
            return
        module = sys.modules.get(name)
        if not isinstance(module, ModuleType) or _is_initializing(module):
            return
        self._known.add(name)
        if name in LIBRARIES:
            self._watched += [_Watched(probe, _read(probe)) for probe in probes(name)]
        if name in self._own or name in PATCHABLE:
            self._bindings.add(module, own=name in self._own)

    def _wait_for_threads(self) -> None:
        """Threads that are about to end are not left behind."""
        if threading.active_count() > self._threads.value:
            end = time.monotonic() + PATIENCE
            while threading.active_count() > self._threads.value and time.monotonic() < end:
                time.sleep(0.002)


def _read(probe: Probe) -> Any:
    try:
        return probe.read()
    except Exception as error:  # a library's own affair, or what a trial has broken
        return f"{type(error).__name__}: {error}"


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception:  # of objects that cannot be compared
        return False


def _set_up(kept: Any, before: Any, after: Any) -> Any:
    """What was `kept`, with what an import has changed. What the trial had changed by then stays a change."""
    if _same(before, kept):
        return after
    if isinstance(kept, int) and isinstance(before, int) and isinstance(after, int):
        return kept + max(0, after - before)
    if isinstance(kept, set) and isinstance(before, set) and isinstance(after, set):
        return kept | (after - before)
    if isinstance(kept, dict) and isinstance(before, dict) and isinstance(after, dict):
        return kept | {key: value for key, value in after.items() if before.get(key) != value}
    return kept


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _is_installed(name: str) -> bool:
    """Whether a module that is loaded, or being loaded, is none of anybody's source."""
    for part in reversed(_prefixes(name)):
        file = getattr(sys.modules.get(part), "__file__", None)
        if isinstance(file, str):
            return kind_of(part, file) != "source"
    return name in sys.modules  # a built-in module


@functools.cache
def _is_engine(name: str) -> bool:
    """Whether it is a module of the harness that computes nothing."""
    return name.partition(".")[0] == OWN and not name.startswith(f"{OWN}.ntk.")


def _is_initializing(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
