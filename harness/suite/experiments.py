"""Reading `[experiments.ID]`: the function, its fixed parameters, and the grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.declare import (
    IMPORTABLE,
    Declaration,
    ImportFailedError,
    Kind,
    Repeatable,
    Signature,
    UnknownExperimentError,
    Value,
    benchmark_names,
    experiment_names,
    find,
    is_reference,
    names_main,
    read_repeatable,
)
from harness.declare.models import OF_MODEL
from harness.declare.registry import AN, module_of
from harness.declare.repeatable import EXPECTED
from harness.suite.errors import KeyPath, nearest_name, one_of, shown
from harness.suite.inputs import note_unmatched, read_inputs
from harness.suite.models import OVERRIDE, Choices, Chooser, Models, named_models
from harness.suite.reader import ID, Notes, Seconds, Table, convert, expectation
from harness.suite.records import Axis, AxisValue, Benchmark, Experiment
from harness.text import label_of

LABEL = re.compile(r"[A-Za-z0-9._:+-]+")
MAX_POINTS = 100_000


def read_benchmark(
    id_: str, table: Table, *, imports: bool, overrides: Mapping[str, object] | None = None, folder: str = "."
) -> Benchmark | None:
    """The benchmark of one table, as `read_experiment`."""
    limit = table.take("time-limit", Seconds, Benchmark.time_limit)
    grid = read_experiment(id_, table, imports=imports, overrides=overrides, kind="benchmark", folder=folder)
    if grid is None:
        return None
    return Benchmark(grid.id, grid.run, grid.fixed, grid.axes, grid.declaration, limit, inputs=grid.inputs)


def read_experiment(
    id_: str,
    table: Table,
    *,
    imports: bool,
    overrides: Mapping[str, object] | None = None,
    kind: Kind = "experiment",
    folder: str = ".",
    models: Models | None = None,
) -> Experiment | None:
    """The experiment of one table; None, with notes, where its function is not known.

    `overrides` are values that replace those of `with`, where the experiment has such parameters. `folder` is
    the suite's, `models` looks up those of all its experiments.
    """
    run = table.take("run", str)
    declaration = _declaration(run, table, kind, imports=imports)
    inputs = read_inputs(table, folder)
    if declaration is not None and declaration.inputs is not None:
        places = [(*table.path, "run")] * len(declaration.inputs.patterns)
        note_unmatched(declaration.inputs, table.notes, places)
    overrides = overrides or {}
    raw_fixed, raw_axes = table.take("with", dict[str, Any], {}), table.take("sweep", dict[str, Any], {})
    choices = Choices()
    if declaration is not None and run is not None:
        if models is None:
            named = named_models({"experiments": {"with": raw_fixed, "sweep": raw_axes}}, overrides)
            models = Models(table.notes, imports=imports, named=named)
        chooser = Chooser(run, declaration, table.path, overrides, models)
        choices = chooser.choices(raw_fixed, raw_axes, table.notes)
    reader = _Parameters(run or "", choices, table.notes)
    fixed = {
        name: value
        for name, raw in raw_fixed.items()
        if (value := reader.value(name, raw, (*table.path, "with", name))) is not None
    }
    own = {name: raw for name, raw in overrides.items() if name in fixed or choices.knows(name)}
    for name, raw in own.items():
        if (value := reader.value(name, raw, (OVERRIDE, name))) is not None:
            fixed[name] = value
    axes = {
        name: axis
        for name, raw in raw_axes.items()
        if (axis := _axis(name, raw, (*table.path, "sweep", name), reader)) is not None
    }
    repeats = _repeats(table) if kind == "experiment" else None
    table.close()
    swept = {name for axis in axes.values() for item in axis.values for name in item.sets} & own.keys()
    for name in sorted(swept):
        table.notes.add((OVERRIDE, name), f"a parameter that {kind} {id_} does not sweep", f"`{name}`")
    _check_disjoint(axes, {name: value for name, value in fixed.items() if name not in swept}, table)
    points = 1
    for axis in axes.values():
        points *= len(axis.values)
    if points > MAX_POINTS:
        table.notes.add((*table.path, "sweep"), f"at most {MAX_POINTS:,} points", f"{points:,}")
        return None
    if run is None or (declaration is None and not (is_reference(run) and not imports)):
        return None
    return Experiment(
        id_, run, fixed, axes, declaration, repeats=repeats, inputs=inputs, models=choices.models
    )


def _repeats(table: Table) -> Repeatable | None:
    text = table.take("repeatable", str, None, expected=EXPECTED)
    if text is None:
        return None
    try:
        return read_repeatable(text)
    except ValueError:
        table.notes.add((*table.path, "repeatable"), EXPECTED, shown(text))
        return None


def _declaration(run: str | None, table: Table, kind: Kind, *, imports: bool) -> Declaration | None:
    if run is None:
        return None
    if names_main(run):
        table.notes.add((*table.path, "run"), IMPORTABLE, shown(run))
        return None
    if is_reference(run) and not imports:
        return None
    try:
        declaration = find(run)
        if declaration.kind == kind:
            return declaration
        table.notes.add((*table.path, "run"), AN[kind], f"{AN[declaration.kind]}, {shown(run)}")
        return None
    except ImportFailedError as error:
        module = module_of(run)
        if module not in table.notes.unimportable:
            table.notes.add((*table.path, "run"), f"{AN[kind]} that can be imported", str(error))
        table.notes.unimportable.add(module)
        return None
    except UnknownExperimentError as error:
        names = experiment_names() if kind == "experiment" else benchmark_names()
        if is_reference(run):
            table.notes.add((*table.path, "run"), f"{AN[kind]} that can be imported", str(error))
        else:
            expected = f"{one_of(names)}, or package.module:function"
            table.notes.add((*table.path, "run"), expected, shown(run), nearest_name(run, names))
        return None


class _Parameters:
    """Checks values against the declared parameters, where these are known."""

    def __init__(self, run: str, choices: Choices, notes: Notes) -> None:
        self.run = run
        self.choices = choices
        self.notes = notes

    def value(
        self, name: str, raw: object, path: KeyPath, signatures: Sequence[Signature] | None = None
    ) -> Value | None:
        """The value of a parameter at the points with these signatures, by default at all.

        None, with a note, where it is no value of it.
        """
        if not isinstance(raw, int | float | str | bool):
            hint = f'a parameter of a model is `"{OF_MODEL}NAME"`, in quotes' if name == "model" else ""
            self.notes.add(path, "a number, a string or a boolean", shown(raw), hint)
            return None
        if not self.notes.number(path, raw):
            return None
        if names_main(raw):
            self.notes.add(path, IMPORTABLE, shown(raw))
            return None
        values: list[Value] = []
        for signature in self.choices.everywhere if signatures is None else signatures:
            value = self._converted(name, raw, path, signature)
            if value is None:
                return None
            values.append(value)
        return values[0] if values else raw

    def exists(self, name: str, path: KeyPath, signature: Signature) -> bool:
        """Whether a signature has the parameter, or may have it; a note if not."""
        if signature.is_open and name not in signature.parameters:
            return True
        if signature.model is None:
            return self.notes.name(path, name, signature.parameters)
        names = dict.fromkeys((*signature.model.parameters, *signature.parameters))
        valid = [each for each in names if each in signature.parameters]
        found = f"no parameter `{name}` of {signature.model.name}, nor of {self.run}"
        return self.notes.name(path, name, valid, found)

    def _converted(self, name: str, raw: Value, path: KeyPath, signature: Signature) -> Value | None:
        if not self.exists(name, path, signature):
            return None
        if name not in signature.parameters:
            return raw
        type_ = signature.parameters[name].type
        try:
            value: Value = convert(raw, type_)
        except msgspec.ValidationError as error:
            examples = _examples(type_)
            expected = one_of(examples) if examples else expectation(error) + _reason(type_)
            self.notes.add(path, expected, shown(raw), nearest_name(raw, examples))
            return None
        return value


def _reason(type_: Any) -> str:
    """Why a parameter is bounded, in parentheses, where its type says so (`Meta(description=…)`)."""
    metas = getattr(type_, "__metadata__", ())
    told = [meta.description for meta in metas if isinstance(meta, msgspec.Meta) and meta.description]
    return f" ({told[0]})" if told else ""


def _examples(type_: Any) -> list[Any]:
    """The names that a parameter takes, where its type lists them (`Literal`, `Meta(examples=…)`)."""
    if getattr(type_, "__metadata__", None):
        return [e for meta in type_.__metadata__ for e in (getattr(meta, "examples", None) or [])]
    return list(getattr(type_, "__args__", []))


def _axis(name: str, raw: object, path: KeyPath, reader: _Parameters) -> Axis | None:
    if isinstance(raw, Mapping):
        return _variants(name, raw, path, reader)
    if not isinstance(raw, list) or not raw:
        reader.notes.add(path, "a list of values, or a table of named variants", shown(raw))
        return None
    if not all(reader.exists(name, path, signature) for signature in reader.choices.everywhere):
        return None
    values: dict[str, AxisValue] = {}
    for index, item in enumerate(raw):
        value = reader.value(name, item, (*path, index))
        if value is None:
            continue
        label = label_of(value)
        if not LABEL.fullmatch(label):
            reader.notes.add((*path, index), "a value of the characters A-Z a-z 0-9 . _ : + -", shown(value))
        elif label in values:
            reader.notes.add((*path, index), "each value once", f"{label} again")
        else:
            values[label] = AxisValue(label, value, {name: value})
    return Axis(name, tuple(values.values())) if values else None


def _variants(name: str, raw: Mapping[str, object], path: KeyPath, reader: _Parameters) -> Axis | None:
    if not ID.fullmatch(name):
        reader.notes.add(path, "an axis name of a-z, 0-9 and -", shown(name))
    if reader.choices.declares(name):
        reader.notes.add(path, "variants under a name that is no parameter", f"the parameter `{name}`")
    values = []
    for label, table in raw.items():
        if not LABEL.fullmatch(label):
            reader.notes.add((*path, label), "a name of A-Z a-z 0-9 . _ : + -", shown(label))
        if not isinstance(table, Mapping):
            reader.notes.add((*path, label), "a table of parameters", shown(table))
            continue
        signatures = reader.choices.of_variant(name, label)
        sets = {key: reader.value(key, item, (*path, label, key), signatures) for key, item in table.items()}
        values.append(AxisValue(label, None, {k: v for k, v in sets.items() if v is not None}))
    if not raw:
        reader.notes.add(path, "at least one named variant", "none")
    return Axis(name, tuple(values)) if values else None


def _check_disjoint(axes: Mapping[str, Axis], fixed: Mapping[str, Any], table: Table) -> None:
    """A parameter is set by one axis only, and not both fixed and swept (variants may override `with`)."""
    setters: dict[str, str] = {}
    for axis in axes.values():
        for key in {key: None for value in axis.values for key in value.sets}:
            if key in setters:
                where = (*table.path, "sweep", axis.name)
                table.notes.add(where, f"`{key}` set by one axis", f"by `{setters[key]}` and `{axis.name}`")
            setters[key] = axis.name
            if key == axis.name and key in fixed:
                table.notes.add((*table.path, "with", key), f"`{key}` fixed or swept", "both")
