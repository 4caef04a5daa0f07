"""The schema of predicates and their controls, made from the kinds of `harness.predicates`."""

from __future__ import annotations

from types import UnionType
from typing import Any, get_args, get_origin

from harness.predicates import Key, Predicate, predicates
from harness.suite.schema.parts import SCALAR, Schema, of_type, partly, table

KNOWN: Schema = {"$ref": "#/definitions/quantity"}
QUANTITY: Schema = {"anyOf": [KNOWN, {"type": "string"}]}  # completed, but those of others are fine


def at(about: str) -> Schema:
    """The schema of values of axes."""
    values: Schema = {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]}
    return {"description": about, "type": "object", "additionalProperties": values}


def predicate(kind: type[Predicate]) -> Schema:
    """The schema of a predicate's table."""
    keys = kind.declared_keys()
    required = [key.name for key in keys if key.required]
    return table(kind.ABOUT, {key.name: _key(key) for key in keys}, required, **_opened(kind.SCHEMA))


def control() -> Schema:
    """A reason for none, or keys of the predicate (but no margins) and `at`."""
    about = "A key of the predicate, for the control."
    keys: dict[str, Schema] = {}
    for kind in predicates().values():
        for key in _replaced(kind):
            named = key.role in ("quantity", "benchmark")  # of whatever kind: one quantity, or two
            more = {"anyOf": [QUANTITY, _pair("Two quantities.", QUANTITY)]} if named else _key(key)
            keys[key.name] = _about(about, more)
    keys["at"] = at("Another point, `{ width = 64 }`.")
    return {
        "description": "What the predicate must fail for: the keys of the predicate "
        'that it replaces, or another point, `at`. `"none: reason"` declines one.',
        "anyOf": [
            table("What the control replaces.", keys, minProperties=1),
            {"description": "Why there is none.", "type": "string", "pattern": r"^none:\s*\S"},
        ],
    }


def control_of(kind: type[Predicate]) -> Schema:
    """What a control may replace of this predicate, in a claim and in its `where`."""
    replaced = _replaced(kind)
    shapes = {
        key.name: {"type": ["array" if shape is not str else "string" for shape in _shapes(key)]}
        for key in replaced
        if key.role in ("quantity", "benchmark")
    }
    names = {"enum": [*(key.name for key in replaced), "at"]}
    control = {**partly(shapes), "propertyNames": names}
    then = partly({"control": control, "where": {"items": partly({"control": control})}})
    return {"if": partly(required=[kind.NAME]), "then": then, "additionalProperties": True}


def may_name_baseline(kind: type[Predicate]) -> bool:
    """Whether it may be said with a baseline, and without."""
    return any(key.role == "baseline" and not key.required for key in kind.declared_keys())


def controls_of_two(kind: type[Predicate]) -> Schema:
    """What a control may replace of a claim without a baseline: one quantity only with one."""
    single = partly({"of": {"type": "string"}}, required=["of"])
    control = {"if": single, "then": partly(required=["baseline"]), "additionalProperties": True}
    bare = {"not": partly(required=["baseline"])}
    then = partly({"control": control, "where": {"items": partly({"control": control})}})
    return {"if": partly({kind.NAME: bare}, required=[kind.NAME]), "then": then, "additionalProperties": True}


def only_known_quantities() -> Schema:
    """What holds of a claim besides where every experiment is known: so are its quantities."""
    pair: Schema = {"type": "array", "items": KNOWN}
    kinds, all_keys = {}, {}
    for name, kind in predicates().items():
        keys = {}
        for key in kind.declared_keys():
            if key.role == "quantity":
                allowed = [KNOWN if shape is str else pair for shape in _shapes(key)]
                keys[key.name] = allowed[0] if len(allowed) == 1 else {"anyOf": allowed}
                all_keys[key.name] = {"anyOf": [KNOWN, pair]}
        if keys:
            kinds[name] = partly(keys)
    control = partly(all_keys)
    return partly({**kinds, "control": control, "where": {"items": partly({"control": control})}})


def without_margin() -> Schema:
    """A claim whose predicate has no margin, bound or tolerance."""
    bare = []
    for name, kind in predicates().items():
        margins = [key for key in kind.declared_keys() if key.role == "margin"]
        stated = [partly(required=[key.name]) for key in margins]
        if not margins:
            bare.append(partly(required=[name]))
        elif all(key.default is None and not key.required for key in margins):
            any_ = stated[0] if len(stated) == 1 else {"anyOf": stated, "additionalProperties": True}
            bare.append(partly({name: {"not": any_}}, required=[name]))
    return {"anyOf": bare, "additionalProperties": True}


def _replaced(kind: type[Predicate]) -> list[Key]:
    """The keys that a control may replace."""
    return [key for key in kind.declared_keys() if key.role != "margin"]


def _key(key: Key) -> Schema:
    """What a key holds and means."""
    more: dict[str, Any] = {} if key.default is None else {"default": key.default}
    if key.examples:
        more["examples"] = list(key.examples)
    if key.role == "quantity":
        shapes = [
            QUANTITY if shape is str else _pair("Two quantities, a and b.", QUANTITY)
            for shape in _shapes(key)
        ]
        shown = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
        return {**_about(key.about, shown), **more}
    if key.role == "benchmark":
        two = _pair("The id of a `[benchmarks.ID]` table.", {"type": "string"})
        return {**_about(key.about, two), **more}
    if key.written is not None and key.written.schema is not None:
        return {"description": key.about, **key.written.schema, **more}
    return of_type(key.type, key.about, **more)


def _about(text: str, schema: Schema) -> Schema:
    """A schema with another description, which stands first."""
    return {"description": text, **{name: value for name, value in schema.items() if name != "description"}}


def _shapes(key: Key) -> tuple[Any, ...]:
    """Whether a key takes one name (`str`), two (a tuple), or either."""
    return get_args(key.type) if get_origin(key.type) is UnionType else (key.type,)


def _pair(about: str, one: Schema) -> Schema:
    """Two of a kind."""
    items = {"description": about, **one}
    return {"description": about, "type": "array", "items": items, "minItems": 2, "maxItems": 2}


def _opened(schema: Any) -> Any:
    """A schema whose conditions say that other keys may stand beside theirs; see `partly`."""
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {key: _opened(value) for key, value in schema.items()}
    return {**opened, "additionalProperties": True} if {"required", "properties"} & schema.keys() else opened
