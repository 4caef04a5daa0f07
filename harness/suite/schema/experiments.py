"""The schema of `[experiments.ID]` and `[benchmarks.ID]`, made from what this package declares.

For a known `run`, `with` and `sweep` take exactly its parameters; for `package.module:function`, whose
declaration is not known before it is imported, any. Where an experiment takes a model they take that model's
parameters too: exactly these of a known one; any of another, or where the model is swept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.declare import (
    REFERENCE,
    REPEATABLE,
    Declaration,
    Parameter,
    Signature,
    model_names,
    reference_of,
)
from harness.suite.experiments import LABEL
from harness.suite.inputs import Patterns
from harness.suite.reader import ID, Seconds
from harness.suite.records import Benchmark
from harness.suite.schema.parts import SCALAR, Schema, any_table, of_type, partly, table, whole

_WITH = 'Fixed parameters, `{ train = 64, activation = "relu" }`; the others have their defaults.'
_SWEEP = (
    "The grid: an axis per parameter, `{ width = [64, 512] }`, or an axis of named variants, each of which "
    'sets parameters: `sweep.setting = { textbook = {}, everyday = { parameterization = "standard" } }`.'
)

_INPUTS = (
    "The files that trials read, relative to the suite: paths and patterns with `*`, `?`, `**`; a folder "
    "stands for all files beneath it. When their bytes change, trials are measured again; a trial that reads "
    "other files is not stored."
)


def experiment(declarations: Sequence[Declaration], models: Sequence[Declaration] = ()) -> Schema:
    """The schema of one `[experiments.ID]` table; it refers to `parameters`."""
    about = "A function with fixed parameters and a grid. Measured once, judged by many claims."
    keys: dict[str, Schema] = {
        "repeatable": {
            "description": "How exactly a trial's numbers come again when it is measured again: a relative "
            'tolerance, or `"no: reason"`. In place of what the function declares; left out: to the bit.',
            "type": "string",
            "pattern": whole(REPEATABLE),
            "examples": ["1e-6", "no: it adds up in the order in which threads finish"],
        }
    }
    return _grid(about, declarations, keys, models)


def benchmark(declarations: Sequence[Declaration]) -> Schema:
    """The schema of one `[benchmarks.ID]` table; it refers to `parameters`."""
    limit = "Seconds that a pair of timings of it may take, its preparation included."
    keys = {"time-limit": of_type(Seconds, limit, default=Benchmark.time_limit)}
    return _grid("A function that is timed, with fixed parameters and a grid.", declarations, keys)


def _grid(
    about: str,
    declarations: Sequence[Declaration],
    more: dict[str, Schema],
    models: Sequence[Declaration] = (),
) -> Schema:
    """A table with `run`, `with` and `sweep`.

    What holds for each `run` is said with if and then, so that a mistake is reported at its own key. The
    alternatives before it refuse nothing: Tombi and taplo complete and explain what those say, not what a
    `then` says.
    """
    names = [declaration.name for declaration in declarations]
    more = {"inputs": of_type(Patterns, _INPUTS, examples=[["data/*.csv"]]), **more}
    run = {
        "description": "What is run: a name from `harness describe`, or `package.module:function`.",
        "anyOf": [{"type": "string", "enum": names}, {"type": "string", "pattern": whole(REFERENCE)}],
        "examples": [*names, "package.module:function"],
    }
    any_axis = {"anyOf": [_axis("An axis.", SCALAR), _variants(any_table(SCALAR))]}
    any_of = {
        "with": {"description": _WITH, "type": "object", **any_table(SCALAR)},
        "sweep": {"description": _SWEEP, "type": "object", **any_table(any_axis)},
    }
    keys = {
        key: {
            "description": other["description"],
            "anyOf": [*(_reference(name, key) for name in names), other],
        }
        for key, other in any_of.items()
    }
    rules = [rule for declaration in declarations for rule in _rules(declaration, models)]
    return table(
        about,
        {"run": run, **keys, **more},
        ["run"],
        **({"allOf": rules} if rules else {}),
    )


def _rules(declaration: Declaration, models: Sequence[Declaration]) -> list[Schema]:
    """What `with` and `sweep` may set where a table runs the experiment or benchmark."""
    run = partly({"run": {"const": declaration.name}}, ["run"])
    if not declaration.takes_model:
        return [_rule(run, declaration.name)]
    rules = [_rule(run, f"{declaration.name}.{_ANY_MODEL}")]
    for model in models:
        of_model = {"allOf": [run, _takes(declaration, model)], "additionalProperties": True}
        rules.append(_rule(of_model, _pair(declaration, model)))
    return rules


def _rule(condition: Schema, definition: str) -> Schema:
    allowed = partly({key: _reference(definition, key) for key in ("with", "sweep")})
    return {"if": condition, "then": allowed, "additionalProperties": True}


_ANY_MODEL = "any-model"


def _pair(declaration: Declaration, model: Declaration) -> str:
    """The name of the definitions of an experiment with a model; with its default, the experiment's own."""
    default = declaration.defaults()["model"] == model.name
    return declaration.name if default else f"{declaration.name}.{model.name}"


def _takes(declaration: Declaration, model: Declaration) -> Schema:
    """A condition on a table: all its points take this model."""
    needed = [] if declaration.defaults()["model"] == model.name else ["model"]
    fixed = partly({"model": {"const": model.name}}, needed)
    sets_model: Schema = {"type": "object", **partly(required=["model"])}
    varied: Schema = {"type": "object", "not": any_table({"not": sets_model})}
    swept = {"anyOf": [partly(required=["model"]), {"not": any_table({"not": varied})}]}
    return partly({"with": fixed, "sweep": {"not": swept}}, ["with"] if needed else [])


def parameters(declarations: Iterable[Declaration], models: Sequence[Declaration] = ()) -> dict[str, Schema]:
    """Definitions: what `with` and `sweep` may set, by experiment, and by model where it takes one; and each
    distinct parameter and axis, once: the parameters of a model are those of many pairs."""
    definitions: dict[str, Schema] = {}
    shared = _Referred()
    for declaration in declarations:
        own = declaration.parameters
        if declaration.takes_model:
            definitions |= _definitions(f"{declaration.name}.{_ANY_MODEL}", own, shared, more=True)
            definitions |= _definitions(declaration.name, own, shared, more=True)
            for model in models:
                both = Signature(declaration, model).parameters
                definitions |= _definitions(_pair(declaration, model), both, shared)
        else:
            definitions |= _definitions(declaration.name, own, shared)
    return definitions | shared.definitions


class _Referred:
    """Schemas to which others refer, each once."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._names: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def refer(self, name: str, schema: Schema) -> Schema:
        """A reference to the schema, which is kept as `name`; where others have the name, with a number."""
        text = json.dumps([name, schema])
        if text not in self._names:
            self._counts[name] += 1
            count = self._counts[name]
            self._names[text] = name if count == 1 else f"{name}.{count}"
            self.definitions[self._names[text]] = schema
        return {"$ref": f"#/definitions/{self._names[text]}"}


def _definitions(
    name: str, declared: Mapping[str, Parameter], shared: _Referred, *, more: bool = False
) -> dict[str, Schema]:
    """What `with` and `sweep` may set, by the name of the definition; with `more`, other parameters too."""
    whole_ones = {name: _parameter(parameter) for name, parameter in declared.items()}
    each = {name: shared.refer(f"parameter.{name}", schema) for name, schema in whole_ones.items()}
    axes = {
        name: shared.refer(f"axis.{name}", _axis(schema["description"], schema))
        for name, schema in whole_ones.items()
    }
    others = SCALAR if more else False
    variants = _variants({"properties": each, "additionalProperties": others})
    fixed, sweep = table(_WITH, each), table(_SWEEP, axes)
    if more:
        any_axis = {"anyOf": [_axis("An axis.", SCALAR), variants]}
        return {
            f"{name}.with": fixed | {"additionalProperties": SCALAR},
            f"{name}.sweep": sweep | {"additionalProperties": any_axis},
        }
    names = {"anyOf": [{"enum": list(each)}, {"pattern": whole(ID.pattern)}]}
    return {
        f"{name}.with": fixed,
        f"{name}.sweep": sweep | {"additionalProperties": variants, "propertyNames": names},
    }


def _reference(name: str, key: str) -> Schema:
    return {"$ref": f"#/definitions/{name}.{key}"}


def _parameter(parameter: Parameter) -> Schema:
    about = parameter.about or parameter.name
    default = parameter.default
    shown = f'"{default}"' if isinstance(default, str) else str(default).lower()
    text = f"{about[0].upper()}{about[1:]}. Default: `{shown}`."
    reference = reference_of(parameter.type)
    names: Schema = {}
    if reference is not None and reference.kind == "model":
        names = {"anyOf": [{"enum": list(model_names())}, {"pattern": whole(REFERENCE)}]}
    return of_type(parameter.type, text, default=default, **names)


def _axis(about: str, value: Schema) -> Schema:
    """An axis of values, each once, and such that an id can name it."""
    items = {key: entry for key, entry in value.items() if key != "default"}
    if "string" in items.get("type", ()) and not items.keys() & {"pattern", "enum"}:
        items["pattern"] = whole(LABEL.pattern)
    return {"description": about, "type": "array", "items": items, "minItems": 1, "uniqueItems": True}


def _variants(sets: Schema) -> Schema:
    one = {"description": "The parameters that this variant sets.", "type": "object", **sets}
    return {
        "description": "An axis of named variants.",
        "type": "object",
        "propertyNames": {"pattern": whole(LABEL.pattern)},
        "additionalProperties": one,
        "minProperties": 1,
    }
