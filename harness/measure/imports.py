"""Which modules of the project a trial used, to compare with those that its closure foresaw.

A module may be used without being loaded, because an earlier trial in the same process loaded it; so
imports are watched as they are asked for, and what they loaded in turn is read from `sys.modules`.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Protocol

from harness.measure.modules import kind_of
from harness.measure.reads import note_import


def loaded_sources(names: Iterable[str]) -> set[str]:
    """Those of `names` that are loaded modules, and source by the closure's meaning of it."""
    found = set()
    for name in names:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        # multiprocessing names the main module a second time
        if (
            isinstance(file, str)
            and name not in ("__main__", "__mp_main__")
            and (os.path.isabs(file) or os.path.exists(file))  # torch.ops is an object, its file in no folder
            and kind_of(name, file) == "source"
        ):
            found.add(name)
    return found


class Listener(Protocol):
    """What wants to know of modules that are loaded inside `watching_imports`."""

    def before_import(self, name: str) -> None:
        """`name`, or a part of it that is asked for, is not loaded yet."""

    def after_import(self, name: str, parts: Iterable[str]) -> None:
        """It is loaded, and so are those of `parts` that are modules; or its import has failed."""


class watching_imports:  # noqa: N801  # a context manager, used as a function
    """Gather the names that import statements and `import_module` ask for inside the block.

    The set holds some names that are no modules: attributes taken with `from module import name`.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._asked: set[str] = set()

    def __enter__(self) -> set[str]:
        self._plain_import, self._import_module = builtins.__import__, importlib.import_module
        builtins.__import__ = self._watched_import
        importlib.import_module = self._watched_import_module
        return self._asked

    def __exit__(self, *exception: object) -> None:
        builtins.__import__, importlib.import_module = self._plain_import, self._import_module

    def _watched_import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> ModuleType:
        base = name
        if level:
            above = (globals or {}).get("__package__") or ""
            with contextlib.suppress(ImportError):  # the import itself says what is wrong
                base = importlib.util.resolve_name("." * level + name, above)
        parts = [f"{base}.{item}" for item in fromlist or ()]
        listener = self._listener if _is_new(base, fromlist or ()) else None
        if listener is not None:
            listener.before_import(base)
        try:
            module = self._plain_import(name, globals, locals, fromlist, level)
        finally:
            if listener is not None:
                listener.after_import(base, parts)
        self._asked.add(base)
        self._asked.update(parts)
        return module

    def _watched_import_module(self, name: str, package: str | None = None) -> ModuleType:
        absolute = importlib.util.resolve_name(name, package) if package else name
        listener = self._listener if _is_new(absolute, ()) else None
        if listener is not None:
            listener.before_import(absolute)
        try:
            module = self._import_module(name, package)
        finally:
            if listener is not None:
                listener.after_import(absolute, ())
        self._asked.add(module.__name__)
        note_import(module.__name__)
        return module


def _is_new(name: str, parts: Iterable[str]) -> bool:
    """Whether the module is not loaded, or has not all parts that are asked for."""
    module = sys.modules.get(name)
    return module is None or any(part not in getattr(module, "__dict__", ()) for part in parts)
