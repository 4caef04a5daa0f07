"""Reading a predicate's table, key by key as its class declares them, and checking it where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, get_args

import msgspec

from harness.predicates import Key, Known, Mistaken, Predicate, Unreadable
from harness.suite.errors import KeyPath, shown
from harness.suite.reader import Notes, Table, convert, expectation
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
    axis, whole = axes.get(predicate.axis or ""), whole_numbers(experiment)
    in_range = predicate.USE == "range"
    names: dict[str, Collection[str] | None] = {
        "axis": _ranged(predicate, experiment) if in_range else axes,
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
    better = {name: quantity.better for name, quantity in known.items()}
    values = {axis.name: {value.label: value.value for value in axis.values} for axis in axes.values()}
    _note(predicate.mistakes(Known(scales, values, whole, better)), path, notes)
    if in_range and "axis" not in wrong:
        _check_range(predicate, experiment, path, notes)


def _ranged(predicate: Predicate, experiment: Experiment) -> Collection[str] | None:
    """The names that the axis of a range may have: between ends that it states it is any number; None: any
    name."""
    if predicate.ends:
        return None if _is_open(experiment) else whole_numbers(experiment)
    return {**experiment.axes, **whole_numbers(experiment)}


def whole_numbers(experiment: Experiment) -> dict[str, bool]:
    """The parameters that are numbers at every point where they exist, and whether these are whole."""
    found: dict[str, bool | None] = {}
    for parameters in experiment.parameters:
        for name, parameter in parameters.items():
            kind = _takes_whole(parameter.type)
            found[name] = kind if found.get(name, kind) == kind else None
    return {name: kind for name, kind in found.items() if kind is not None}


def _takes_whole(type_: Any) -> bool | None:
    """Whether a type of numbers takes whole ones alone; None of any other type."""
    base = type_.__origin__ if hasattr(type_, "__metadata__") else type_
    kinds = set(get_args(base) or (base,))
    return None if not kinds or not kinds <= {int, float} else float not in kinds


def _is_open(experiment: Experiment) -> bool:
    """Whether it may have parameters of which nothing is known."""
    return not experiment.signatures or any(each.is_open for each in experiment.signatures.values())


def _check_range(predicate: Predicate, experiment: Experiment, path: KeyPath, notes: Notes) -> None:
    """The axis takes the ends that the predicate states, and nothing else sets it."""
    name = predicate.axis or ""
    setters = [axis.name for axis in experiment.axes.values() for v in axis.values if name in v.sets]
    other = next((axis for axis in setters if axis != name), None)
    if other is not None:
        at = next(key.name for key in predicate.declared_keys() if key.role == "axis")
        notes.add((*path, at), "a parameter that no other axis sets", f"`{name}`, which `{other}` sets")
    for parameters in experiment.parameters:
        for key, value in predicate.ends.items() if name in parameters else ():
            try:
                convert(value, parameters[name].type)
            except msgspec.ValidationError as error:
                if all(mistake.path != (*path, key) for mistake in notes.mistakes):
                    notes.add((*path, key), f"{expectation(error)}, as `{name}` takes", f"{value:g}")


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
