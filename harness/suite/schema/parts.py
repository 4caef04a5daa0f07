"""What schemas are put together from: types, tables with known keys, tables by id."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from harness.suite.explored import MOST, Seed
from harness.suite.reader import ID

Schema = dict[str, Any]
SCALAR: Schema = {"type": ["number", "string", "boolean"]}


def of_type(type_: Any, about: str, **more: Any) -> Schema:
    """The schema of a type that msgspec converts to, with what it means; names keep their order."""
    schema = msgspec.json.schema(type_)
    if typing.get_origin(type_) is typing.Literal:
        schema["enum"] = list(typing.get_args(type_))
    return {"description": about, **schema, **more}


def table(about: str, keys: Mapping[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """The schema of a table with these keys and no others."""
    needed = {"required": list(required)} if required else {}
    return {
        "description": about,
        "type": "object",
        "properties": dict(keys),
        **needed,
        "additionalProperties": False,
        **more,
    }


def tables(about: str, each: Schema, **more: Any) -> Schema:
    """The schema of a table of tables by id."""
    return {
        "description": about,
        "type": "object",
        "patternProperties": {whole(ID.pattern): each},
        "additionalProperties": False,
        **more,
    }


def partly(keys: Mapping[str, Schema] | None = None, required: Iterable[str] = ()) -> Schema:
    """A condition on some keys of a table, for `if`, `then` and `anyOf`.

    It says that others may stand beside them: by default Tombi warns of keys that a schema does not name.
    """
    properties = {"properties": dict(keys)} if keys else {}
    needed = {"required": list(required)} if required else {}
    return {**properties, **needed, "additionalProperties": True}


def explored(about: str) -> Schema:
    """The schema of ranges of explored seeds; that the lower end comes first only the reader sees."""
    ends = {"type": "array", "items": msgspec.json.schema(Seed), "minItems": 2, "maxItems": 2}
    items = {"description": "The first and the last seed of a range.", **ends}
    return {
        "description": about,
        "type": "array",
        "items": items,
        "maxItems": MOST,
        "examples": [[[0, 242]]],
    }


def any_table(value: Schema) -> Schema:
    """A condition on every value of a table."""
    return {"additionalProperties": value}


def whole(pattern: str) -> str:
    """A pattern that must match all of the text, as `fullmatch` has it."""
    return f"^({pattern})$"
