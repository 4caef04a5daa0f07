"""Which modules of the project a trial used, to compare with those that its closure foresaw.

A module may be used without being loaded, because an earlier trial in the same process loaded it; so
imports are watched as they are asked for, and what they loaded in turn is read from `sys.modules`.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from harness.measure.modules import kind_of


def loaded_sources(names: Iterable[str]) -> set[str]:
    """Those of `names` that are loaded modules, and source by the closure's meaning of it."""
    found = set()
    for name in names:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and name != "__main__" and kind_of(name, file) == "source":
            found.add(name)
    return found


@contextlib.contextmanager
def watching_imports() -> Iterator[set[str]]:
    """Gather the names that import statements and `import_module` ask for inside the block.

    The set holds some names that are no modules: attributes taken with `from module import name`.
    """
    asked: set[str] = set()
    plain_import, import_module = builtins.__import__, importlib.import_module

    def watched_import(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        module = plain_import(name, globals, locals, fromlist, level)
        base = name
        if level:
            base = importlib.util.resolve_name("." * level + name, (globals or {}).get("__package__") or "")
        asked.add(base)
        asked.update(f"{base}.{item}" for item in fromlist or ())
        return module

    def watched_import_module(name: str, package: str | None = None) -> Any:
        module = import_module(name, package)
        asked.add(module.__name__)
        return module

    builtins.__import__ = watched_import
    importlib.import_module = watched_import_module
    try:
        yield asked
    finally:
        builtins.__import__, importlib.import_module = plain_import, import_module
