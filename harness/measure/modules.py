"""Where a module lives and what kind it is, found without importing it or anything above it."""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from typing import Literal

from harness.whose import is_standard, site_root

ModuleKind = Literal["source", "installed", "stdlib", "namespace"]
OWN = __name__.partition(".")[0]
"""This package: its modules are source wherever they are installed."""


@dataclass(frozen=True)
class Located:
    """A module's file ('' for a namespace package) and, for a package, where its submodules are."""

    name: str
    kind: ModuleKind
    file: str
    locations: tuple[str, ...]
    is_package: bool


def kind_of(name: str, file: str) -> ModuleKind:
    """Source is what an editor may change: everything outside site-packages and the standard library."""
    if name == OWN or name.startswith(OWN + "."):
        return "source"
    if site_root(file):
        return "installed"
    return "stdlib" if is_standard(file) else "source"


class Finder:
    """Finds modules on `sys.path` as it is now. Each name is looked up once."""

    def __init__(self) -> None:
        self._found: dict[str, Located | None] = {}

    def find(self, name: str) -> Located | None:
        """Where the module `name` lives, or None if an import would fail (or needs no file)."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Located | None:
        above, _, _ = name.rpartition(".")
        if not above:
            if name in sys.builtin_module_names:
                return None
            return _search(name, sys.path) or _editable(name)
        package = self.find(above)
        return _search(name, package.locations) if package else None


def _search(name: str, folders: Iterable[str]) -> Located | None:
    # `PathFinder.find_spec` needs the parent in sys.modules where a namespace package lies in another.
    portions: list[str] = []
    for folder in folders:
        finder = pkgutil.get_importer(folder or os.getcwd())
        spec = finder.find_spec(name) if finder is not None else None
        if spec is None:
            continue
        if spec.loader is not None:
            return _located(spec)
        portions += spec.submodule_search_locations or ()
    return Located(name, "namespace", "", tuple(portions), True) if portions else None


def _editable(name: str) -> Located | None:
    """Editable installs of setuptools may put a finder on `sys.meta_path` instead of a folder on the path."""
    for finder in sys.meta_path:
        where = finder.__module__ if isinstance(finder, type) else type(finder).__module__
        if where.startswith("__editable__"):
            spec = finder.find_spec(name, None)
            if spec is not None and spec.loader is not None:
                return _located(spec)
    return None


def _located(spec: ModuleSpec) -> Located:
    file = spec.origin if spec.has_location and spec.origin else ""
    locations = spec.submodule_search_locations
    return Located(spec.name, kind_of(spec.name, file), file, tuple(locations or ()), locations is not None)
