"""The schema of `[experiments.ID]` and `[benchmarks.ID]`, made from what this package declares.

For a known `run`, `with` and `sweep` take exactly its parameters; for `package.module:function`, whose
declaration is not known before it is imported, any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.declare import REFERENCE, REPEATABLE, Declaration, Parameter
from harness.suite.experiments import LABEL, Seconds
from harness.suite.inputs import Patterns
from harness.suite.reader import ID
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


def experiment(declarations: Sequence[Declaration]) -> Schema:
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
    return _grid(about, declarations, keys)


def benchmark(declarations: Sequence[Declaration]) -> Schema:
    """The schema of one `[benchmarks.ID]` table; it refers to `parameters`."""
    limit = "Seconds that a pair of timings of it may take, its preparation included."
    keys = {"time-limit": of_type(Seconds, limit, default=Benchmark.time_limit)}
    return _grid("A function that is timed, with fixed parameters and a grid.", declarations, keys)


def _grid(about: str, declarations: Sequence[Declaration], more: dict[str, Schema]) -> Schema:
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
    rules = [
        {
            "if": partly({"run": {"const": name}}, ["run"]),
            "then": partly({key: _reference(name, key) for key in any_of}),
            "additionalProperties": True,
        }
        for name in names
    ]
    return table(
        about,
        {"run": run, **keys, **more},
        ["run"],
        **({"allOf": rules} if rules else {}),
    )


def parameters(declarations: Iterable[Declaration]) -> dict[str, Schema]:
    """Definitions: what `with` and `sweep` may set, by experiment."""
    definitions = {}
    for declaration in declarations:
        each = {name: _parameter(parameter) for name, parameter in declaration.parameters.items()}
        axes = {name: _axis(schema["description"], schema) for name, schema in each.items()}
        names = {"anyOf": [{"enum": list(each)}, {"pattern": whole(ID.pattern)}]}
        variants = _variants({"properties": each, "additionalProperties": False})
        definitions[f"{declaration.name}.with"] = table(_WITH, each)
        definitions[f"{declaration.name}.sweep"] = table(_SWEEP, axes) | {
            "additionalProperties": variants,
            "propertyNames": names,
        }
    return definitions


def _reference(name: str, key: str) -> Schema:
    return {"$ref": f"#/definitions/{name}.{key}"}


def _parameter(parameter: Parameter) -> Schema:
    about = parameter.about or parameter.name
    default = parameter.default
    shown = f'"{default}"' if isinstance(default, str) else str(default).lower()
    return of_type(parameter.type, f"{about[0].upper()}{about[1:]}. Default: `{shown}`.", default=default)


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
