"""The keys of a predicate's table, as its class declares them: each a field with its type, meaning and role.

    bound: Annotated[float, Meta(description="The bound.", extra={"role": "margin"})]

`extra` may also hold `expected`, what a message says of a value of another type, and `written`, how a value
that TOML has no type for is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from harness.text import label_of

Role = Literal["quantity", "benchmark", "axis", "label", "law", "margin", "baseline"]
"""What a key holds: the names of quantities or benchmarks, a swept axis, the label of one of its values, what
is stated of them (an exponent, a direction), a number that decides how near is near enough, or where else the
same trials are measured. A control is
judged by the claim's own margins; it may replace all else."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Direction = Literal["increasing", "decreasing"]


class Unreadable(ValueError):  # noqa: N818 (it becomes a mistake of the suite)
    """A value is not written as it should be; the text says what was expected."""


@dataclass(frozen=True)
class Written:
    """How a value is written that TOML has no type for: as which type, and what is made of it.

    `make` raises `Unreadable`. `schema` is the JSON Schema of the text, where `type` does not say it all.
    """

    type: Any
    make: Callable[[Any], Any]
    expected: str = ""
    schema: Mapping[str, Any] | None = None


LABEL = Written(str | int | float | bool, label_of, schema={"type": ["number", "string", "boolean"]})
"""A value of an axis, by which ids name it."""


@dataclass(frozen=True)
class Key:
    """One key of a predicate's table; made by `keys_of` from a field of its class."""

    name: str
    field: str
    type: Any
    role: Role
    about: str
    required: bool
    default: Any
    expected: str
    written: Written | None
    examples: tuple[Any, ...]


def keys_of(predicate: type[msgspec.Struct]) -> tuple[Key, ...]:
    """The keys of a class of predicates, in the order of its fields."""
    return tuple(map(_key, msgspec.structs.fields(predicate)))


def _key(field: msgspec.structs.FieldInfo) -> Key:
    type_, *constraints, meta = get_args(field.type)  # Annotated[type, *constraints, meta]
    type_ = _stated(type_)
    extra = dict(meta.extra or {})
    written = extra.get("written")
    return Key(
        name=field.encode_name,
        field=field.name,
        type=written.type if written else Annotated[type_, *constraints] if constraints else type_,
        role=extra["role"],
        about=meta.description or "",
        required=field.required,
        default=None if field.required else field.default,
        expected=extra.get("expected") or (written.expected if written else ""),
        written=written,
        examples=tuple(meta.examples or ()),
    )


def _stated(type_: Any) -> Any:
    """A type without None, which stands for a key that is left out: TOML has no null."""
    if get_origin(type_) in (Union, UnionType):
        return reduce(or_, (each for each in get_args(type_) if each is not NoneType))
    return type_
