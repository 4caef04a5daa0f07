"""What the names of a module are bound to, and which of them a trial has changed.

Plain values (numbers, texts, and lists, dicts, sets and tuples of them), functions, classes and modules are
compared. What an object holds is not looked into.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from harness.measure.modules import OWN

LARGEST = 1000
"""How many values a list, dict or set may hold, nested ones included, to be compared by its contents."""

_PLAIN = (int, float, complex, str, bytes, types.NoneType)
_CONTAINERS = (list, dict, set)
_MISSING = object()


class Bindings:
    """What the names of some modules are bound to."""

    def __init__(self) -> None:
        self._spaces: list[_Space] = []
        self._quick: list[tuple[Callable[[], Iterable[object]], list[object]]] = []
        self._contents: list[tuple[object, object]] = []

    def add(self, module: ModuleType, *, own: bool) -> None:
        """Note the names of a module as they are. `own`: it is of the trial's closure, and its classes count
        as well; of others, such as NumPy, only public names and functions do."""
        name = module.__name__
        self._spaces.append(_Space(name, "", vars(module), own))
        if own and name.partition(".")[0] != OWN:
            for item, value in list(vars(module).items()):
                if isinstance(value, type) and value.__module__ == name:
                    self._spaces.append(_Space(name, f"{item}.", vars(value), own))
        self._prepare()

    def changed(self) -> list[str]:
        """`module: NAME, …` for each module that has names bound to something else; it is accepted."""
        try:
            # Lists ask no object whether it equals itself: a tenth of a microsecond for twenty names.
            for values, before in self._quick:
                if list(values()) != before:
                    break
            else:
                if all(container == held for container, held in self._contents):
                    return []
        except Exception:  # of objects that cannot be compared, such as arrays
            pass
        found: dict[str, list[str]] = {}
        for space in self._spaces:
            found.setdefault(space.module, []).extend(space.changed())
            space.accept()
        self._prepare()
        return [f"{module}: {', '.join(sorted(names))}" for module, names in found.items() if names]

    def _prepare(self) -> None:
        self._quick = [(space.names.values, space.values) for space in self._spaces]
        self._contents = [(item, held) for space in self._spaces for _, item, held in space.contents]


class _Space:
    """The names of a module, or of a class in it (then with a prefix)."""

    def __init__(self, module: str, prefix: str, names: Mapping[str, Any], own: bool) -> None:
        self.module = module
        self.prefix = prefix
        self.names = names
        self.own = own
        self.accept()

    def accept(self) -> None:
        """Take the names as they are."""
        self.before = dict(self.names)
        self.values = list(self.before.values())
        self.contents = list(_contents(self.before)) if self.own else []

    def changed(self) -> Iterator[str]:
        """The names that count, of those that are bound to something else."""
        for name in self.before.keys() | self.names.keys():
            old, new = self.before.get(name, _MISSING), self.names.get(name, _MISSING)
            if old is new or (name.startswith("__") and name.endswith("__")):
                continue
            if _counts(old, new) if self.own else _counts_elsewhere(name, old, new, self.module):
                yield self.prefix + name
        for name, container, held in self.contents:
            cache = not held and not _is_plain(container)  # of objects, which has just been begun
            if self.names.get(name) is container and not _equal(container, held) and not cache:
                yield self.prefix + name


def _counts(old: object, new: object) -> bool:
    """Whether a name of the closure that is bound anew is a trace. An object where nothing was is a cache."""
    if old is _MISSING or old is None:
        return new is _MISSING or (_is_plain(new) and not isinstance(new, ModuleType))
    return not (_is_plain(old) and type(old) is type(new) and _equal(old, new))


def _counts_elsewhere(name: str, old: object, new: object, module: str) -> bool:
    """Whether a name of a library that is bound anew is a trace. Many bind their own parts at first use."""
    if old is _MISSING:
        origin = str(getattr(new, "__module__", None) or "")
        own = origin.partition(".")[0] == module.partition(".")[0]
        return not (name.startswith("_") or isinstance(new, ModuleType) or own)
    same = _is_plain(old) and _is_plain(new) and _equal(old, new)
    return not same and (callable(old) or not name.startswith("_"))


def _contents(names: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Containers of plain values, each with a copy of what it holds."""
    for name, item in names.items():
        if isinstance(item, _CONTAINERS) and not name.startswith("__") and _is_plain(item):
            yield name, item, copy.deepcopy(item)


def _is_plain(item: object) -> bool:
    """Whether it is a plain value, or holds nothing but plain values and not too many."""
    todo, left = [item], LARGEST
    while todo and left > 0:
        value = todo.pop()
        left -= 1
        if isinstance(value, dict):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            todo += value
        elif not isinstance(value, _PLAIN):
            return False
    return not todo


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) or (a != a and b != b)
    except Exception:  # an object that cannot be compared: it is another
        return False
