"""The kinds of predicates, found by listing this room: a module that declares one is all that it takes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from harness.predicates.base import AxisUse, Predicate, Subjects


class PredicateKind(NamedTuple):
    """What a program needs to know of a kind that sees suites as plain TOML."""

    name: str
    axis: str
    """The key of its table that names an axis; "" where it has none."""
    use: AxisUse
    subjects: Subjects


@cache
def predicates() -> Mapping[str, type[Predicate]]:
    """The class of each kind, by its name, in the order of messages and tables."""
    room = importlib.import_module(__package__)
    modules = (
        importlib.import_module(f"{__package__}.{info.name}") for info in pkgutil.iter_modules(room.__path__)
    )
    found = {
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Predicate) and hasattr(item, "NAME")
    }
    in_order = sorted(found, key=lambda each: (each.ORDER, each.NAME))
    return MappingProxyType({each.NAME: each for each in in_order})


def kinds() -> tuple[PredicateKind, ...]:
    """All kinds, in the same order."""
    axes = {
        name: [key.name for key in each.declared_keys() if key.role == "axis"]
        for name, each in predicates().items()
    }
    return tuple(
        PredicateKind(name, "".join(axes[name]), each.USE, each.SUBJECTS)
        for name, each in predicates().items()
    )
