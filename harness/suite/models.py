"""The models that experiments of a suite take, and which parameters exist where.

A parameter in `with` or on an axis belongs to every model that the table sweeps; one in a named variant that
sets `model` to that model alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.declare import Declaration, Signature, find, is_reference, model_names, names_main
from harness.declare.models import OF_MODEL
from harness.suite.errors import KeyPath, nearest_name, one_of, shown
from harness.suite.reader import Notes

if TYPE_CHECKING:
    from harness.declare.inspection import Answer


class Models:
    """Looks up what the models of one suite declare, each once; those of users in a process of their own.

    `named` are the models that may be asked for: what must be inspected is inspected together.
    """

    def __init__(self, notes: Notes, *, imports: bool, named: Iterable[object] = ()) -> None:
        self._notes = notes
        self._imports = imports
        self._named = [str(name) for name in dict.fromkeys(named) if _is_elsewhere(name)]
        self._inspected: dict[str, Answer] = {}

    def find(self, name: str, path: KeyPath) -> Declaration | None:
        """What a model declares; None if it is not imported, or is none: then with a note at `path`."""
        if name in model_names():
            return find(name)
        if _is_elsewhere(name):
            return self._inspect(name, path) if self._imports else None
        if not is_reference(name):
            expected = f"{one_of(model_names())}, or package.module:function"
            self._notes.add(path, expected, shown(name), nearest_name(name, model_names()))
        return None

    def _inspect(self, name: str, path: KeyPath) -> Declaration | None:
        if name not in self._inspected:
            from harness.declare.inspection import Asked, inspect_references

            names = list(dict.fromkeys((name, *self._named)))
            answers = inspect_references([Asked(each, model=True) for each in names])
            self._inspected.update(zip(names, answers, strict=True))
        answer = self._inspected[name]
        if answer.model is not None:
            return answer.model.declaration(name)
        assert answer.problem is not None
        module = name.partition(":")[0]
        if answer.where != "module" or module not in self._notes.unimportable:
            self._notes.add(path, answer.problem.expected, answer.problem.found)
        if answer.where == "module":
            self._notes.unimportable.add(module)
        return None


def named_models(document: Mapping[str, Any], overrides: Mapping[str, object]) -> Iterator[str]:
    """Every text that stands for a model in a suite as it was parsed, or in `overrides`."""
    tables = document.get("experiments")
    rest: list[object] = [{"model": overrides.get("model")}, tables if isinstance(tables, Mapping) else {}]
    while rest:
        table = rest.pop()
        for key, value in table.items() if isinstance(table, Mapping) else ():
            if key == "model":
                yield from (each for each in (value if isinstance(value, list) else [value])
                            if isinstance(each, str))  # fmt: skip
            rest.append(value)


@dataclass(frozen=True)
class Choices:
    """The signatures of a table's points. None, where nothing is known of the experiment."""

    everywhere: tuple[Signature, ...] = ()
    """Of all points: what stands in `with` or on an axis must exist in each."""
    variants: Mapping[tuple[str, str], Signature] = field(default_factory=dict)
    """Of a named variant that chooses the model, by axis and label."""
    models: Mapping[str, Declaration | None] = field(default_factory=dict)

    def of_variant(self, axis: str, label: str) -> tuple[Signature, ...]:
        """The signatures of the points that have this variant."""
        signature = self.variants.get((axis, label))
        return self.everywhere if signature is None else (signature,)

    def declares(self, name: str) -> bool:
        """Whether some point has such a parameter."""
        return any(name in signature.parameters for signature in self.everywhere)

    def knows(self, name: str) -> bool:
        """Whether some point has, or may have, such a parameter."""
        return self.declares(name) or any(signature.is_open for signature in self.everywhere)


class Chooser:
    """Finds the models of one table's points; `overrides` stands for values of its `with`."""

    def __init__(
        self,
        run: str,
        declaration: Declaration,
        path: KeyPath,
        overrides: Mapping[str, object],
        models: Models,
    ) -> None:
        self._run = run
        self._declaration = declaration
        self._path = path
        self._overrides = overrides
        self._models = models
        self._signatures: dict[str, Signature] = {}
        self._places: dict[str, KeyPath] = {}

    def choices(self, fixed: Mapping[str, object], sweep: Mapping[str, object], notes: Notes) -> Choices:
        """The signatures at each place of the table, whose `with` and `sweep` have been read as TOML."""
        if not self._declaration.takes_model:
            return Choices((Signature(self._declaration),))
        variants: dict[tuple[str, str], Signature] = {}
        for axis, labels in sweep.items():
            tables = _tables(labels)
            if any("model" in table for table in tables.values()):
                for label, table in tables.items():
                    path = (*self._path, "sweep", axis, label, "model")
                    chosen = self._signature(table["model"], path) if "model" in table else None
                    variants[axis, label] = chosen or self._base(fixed)
        everywhere = list(variants.values())
        swept = sweep.get("model")
        if isinstance(swept, list):
            path = (*self._path, "sweep", "model")
            everywhere += [self._signature(name, (*path, index)) for index, name in enumerate(swept)]
        everywhere = everywhere or [self._base(fixed)]
        self._note_shared(_written(fixed, sweep) | self._overrides.keys(), notes)
        models = {name: signature.model for name, signature in self._signatures.items()}
        return Choices(tuple(dict.fromkeys(everywhere)), variants, models)

    def _base(self, fixed: Mapping[str, object]) -> Signature:
        """The signature where no axis chooses the model."""
        if "model" in self._overrides:
            return self._signature(self._overrides["model"], (OVERRIDE, "model"))
        if "model" in fixed:
            return self._signature(fixed["model"], (*self._path, "with", "model"))
        return self._signature(self._declaration.defaults()["model"], (*self._path, "run"))

    def _signature(self, name: object, path: KeyPath) -> Signature:
        if not isinstance(name, str):  # noted where it is read
            return Signature(self._declaration)
        if name not in self._signatures:
            self._signatures[name] = Signature(self._declaration, self._models.find(name, path))
            self._places[name] = path
        return self._signatures[name]

    def _note_shared(self, written: set[str], notes: Notes) -> None:
        """Note each name that experiment and model both declare, unless the table tells them apart."""
        for model, signature in self._signatures.items():
            for name in signature.shared:
                if f"{OF_MODEL}{name}" not in written:
                    expected = f'`"{OF_MODEL}{name}"` for the model\'s own `{name}`, beside it'
                    found = f"`{name}`, which both {self._run} and {model} declare"
                    notes.add(self._places[model], expected, found)


OVERRIDE = "--override"
"""Where a value comes from that the suite does not state: the option of the command line."""


def _written(fixed: Mapping[str, object], sweep: Mapping[str, object]) -> set[str]:
    """Every parameter that a table sets somewhere."""
    variants = [table for axis in sweep.values() for table in _tables(axis).values()]
    return {*fixed, *sweep, *(key for table in variants for key in table)}


def _tables(axis: object) -> dict[str, Mapping[str, object]]:
    """The named variants of an axis; none of an axis of values."""
    labels = axis if isinstance(axis, Mapping) else {}
    return {label: table for label, table in labels.items() if isinstance(table, Mapping)}


def _is_elsewhere(name: object) -> bool:
    """Whether a model is a user's, in a module that can be imported."""
    return is_reference(name) and not names_main(name)
