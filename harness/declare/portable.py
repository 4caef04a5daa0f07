"""The types of a model's parameters as data, which pass from the process that imports it to this one.

Both directions:

    Annotated[int, Meta(ge=1)] ──▶ portable ──▶ JSON ──▶ type_of ──▶ Annotated[int, Meta(ge=1)]
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal

import msgspec

from harness.declare.noted import Noted, noted_of
from harness.declare.references import Reference, reference_of

_SCALARS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_BOUNDS = (
    "gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "title", "description",
    "examples",
)  # fmt: skip


class Portable(msgspec.Struct, frozen=True, gc=False):
    """A parameter's type as data.

    It holds the scalar types of its values, or the values that it may have, and the rest of an `Annotated`.
    """

    scalars: tuple[str, ...] = ()
    choices: tuple[int | float | str | bool, ...] = ()
    bounds: tuple[dict[str, Any], ...] = ()
    reference: Reference | None = None
    noted: Noted | None = None


def portable(type_: Any) -> Portable:
    """The type as data. Raises TypeError for a type other than scalars."""
    metas = getattr(type_, "__metadata__", ())
    scalars, choices = _values(type_.__origin__ if metas else type_)
    bounds = tuple(_bounds(meta) for meta in metas if isinstance(meta, msgspec.Meta))
    return Portable(scalars, choices, bounds, reference_of(type_), noted_of(type_))


def _values(base: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The scalars of a type, or its choices."""
    if typing.get_origin(base) is Literal:
        return (), typing.get_args(base)
    union = typing.get_origin(base) in (typing.Union, types.UnionType)
    members = typing.get_args(base) if union else (base,)
    names = tuple(name for member in members for name, scalar in _SCALARS.items() if member is scalar)
    if len(names) != len(members):
        found = base if union else getattr(base, "__name__", base)
        raise TypeError(f"expected int, float, str, bool or a Literal, found the type {found}")
    return names, ()


def type_of(data: Portable) -> Any:
    """The type that `portable` turned into this data."""
    base: Any = (
        Literal[data.choices]
        if data.choices
        else typing.Union[  # noqa: UP007 (of a tuple)
            tuple(_SCALARS[name] for name in data.scalars)
        ]
    )
    extras = [msgspec.Meta(**bounds) for bounds in data.bounds]
    more = [each for each in (data.reference, data.noted) if each is not None]
    return Annotated[base, *extras, *more] if extras or more else base


def _bounds(meta: msgspec.Meta) -> dict[str, Any]:
    return {name: value for name in _BOUNDS if (value := getattr(meta, name)) is not None}
