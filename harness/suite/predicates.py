"""Reading a predicate's table, key by key as its class declares them, and checking it where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.predicates import Key, Known, Mistaken, Predicate, Unreadable
from harness.suite.errors import KeyPath, shown
from harness.suite.reader import Notes, Table
from harness.suite.records import Experiment

_MISSING: Any = object()


def read_predicate(kind: type[Predicate], table: Table) -> Predicate | None:
    """The predicate of a table; None, with notes, where a key that it needs cannot be read."""
    stated = table.peek()
    values = {key.field: _take(key, table) for key in kind.declared_keys()}
    _note(kind.misplaced(stated), table.path, table.notes)
    table.close()
    return None if _MISSING in values.values() else kind(**values)


def check_predicate(predicate: Predicate, experiment: Experiment, path: KeyPath, notes: Notes) -> None:
    """Cross-references of a predicate: its axis and the values on it, its quantities and their scales."""
    axes, declaration = experiment.axes, experiment.declaration
    axis = axes.get(predicate.axis or "")
    names = {
        "axis": axes,
        "label": axis.by_label if axis else None,
        "quantity": declaration.quantities if declaration else None,
    }
    wrong = {
        key.role
        for key, name in predicate.named()
        if (valid := names.get(key.role)) is not None and not notes.name((*path, key.name), name, valid)
    }
    known = {} if declaration is None or "quantity" in wrong else declaration.quantities
    scales = {name: quantity.scale for name, quantity in known.items()}
    values = {axis.name: {value.label: value.value for value in axis.values} for axis in axes.values()}
    _note(predicate.mistakes(Known(scales, values)), path, notes)


def _take(key: Key, table: Table) -> Any:
    """The value of a key, or its default; `_MISSING`, with a note, for a required one that cannot be read."""
    default = _MISSING if key.required else key.default
    if key.required and not table.has(key.name):
        table.take(key.name, key.type)
        return _MISSING
    raw = table.take(key.name, key.type, default, expected=key.expected)
    if key.written is None or raw is default:
        return raw
    try:
        return key.written.make(raw)
    except Unreadable as error:
        table.notes.add((*table.path, key.name), str(error), shown(raw))
        return default


def _note(mistakes: Iterable[Mistaken], path: KeyPath, notes: Notes) -> None:
    for mistake in mistakes:
        at = (*path, mistake.key) if mistake.key else path
        notes.add(at, mistake.expected, mistake.found, mistake.hint)
