"""The `experiment` decorator and the `Declaration` that it makes from a function's signature."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Scale = Literal["log", "linear"]
Value = int | float | str | bool
"""What a parameter may be: one TOML scalar."""


class DeclarationError(TypeError):
    """An experiment's function does not declare what it must (keyword-only, typed, with defaults)."""


@dataclass(frozen=True)
class Quantity:
    """A named number that a trial measures.

    `scale="log"` says that the number is positive and that its logarithm is what varies evenly between
    seeds; claims then take logarithms, and a number that is not positive is an error. `resolution` is
    the size of a difference that is only rounding: relative on a log scale, in the quantity's own unit
    on a linear one. Give at least twice the standard deviation of the rounding noise: a guard of the
    judge tells distinct values from rounding by it. `stage` names the stage of the trial that yields it:
    claims that read only other stages do not suffer when this one fails.
    """

    about: str
    scale: Scale = "log"
    unit: str = ""
    resolution: float = 0.0
    stage: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an experiment: its type (with msgspec constraints, if any), default and meaning."""

    name: str
    type: Any
    default: Value
    about: str = ""


@dataclass(frozen=True, eq=False)
class Declaration:
    """What is known of an experiment without running it; made by `@experiment`."""

    name: str
    version: int
    about: str
    parameters: Mapping[str, Parameter]
    quantities: Mapping[str, Quantity]
    function: Callable[..., dict[str, float]] = field(repr=False)
    precision: str = ""
    """The floating-point types that it computes with, in words."""

    def defaults(self) -> dict[str, Value]:
        """Every parameter's default."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def experiment(
    name: str,
    *,
    version: int,
    quantities: Mapping[str, Quantity],
    about: Mapping[str, str] | None = None,
    precision: str = "",
) -> Callable[[Callable[..., dict[str, float]]], Callable[..., dict[str, float]]]:
    """Declare a function as an experiment.

    The function takes `seed` and its parameters as keywords, each annotated with `int`, `float`, `str`,
    `bool`, a `Literal` of these, or an `Annotated` with a `msgspec.Meta` that bounds it, and each but
    `seed` with a default. Parameter names use `_` in Python and `-` in suites. `about` says in a line
    what each parameter means, `precision` which floating-point types it uses. Raise `version` when the
    meaning of a quantity changes.

    Raises `DeclarationError` when the signature does not say all this.
    """

    def declare(function: Callable[..., dict[str, float]]) -> Callable[..., dict[str, float]]:
        declaration = Declaration(
            name=name,
            version=version,
            about=inspect.getdoc(function) or "",
            parameters=_parameters(name, function, about or {}),
            quantities=dict(quantities),
            function=function,
            precision=precision,
        )
        function.__harness_declaration__ = declaration  # type: ignore[attr-defined]
        return function

    return declare


def _parameters(
    name: str, function: Callable[..., Any], about: Mapping[str, str]
) -> dict[str, Parameter]:
    types = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters
    if "seed" not in signature:
        raise DeclarationError(f"experiment {name}: expected a keyword-only `seed: int`, found none")
    parameters = {}
    for python_name, parameter in signature.items():
        where = f"experiment {name}, parameter {python_name}"
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise DeclarationError(f"{where}: expected keyword-only, found {parameter.kind.description}")
        if python_name == "seed":
            continue
        if python_name not in types:
            raise DeclarationError(f"{where}: expected a type annotation, found none")
        if parameter.default is inspect.Parameter.empty:
            raise DeclarationError(f"{where}: expected a default, found none")
        key = python_name.replace("_", "-")
        parameters[key] = Parameter(key, types[python_name], parameter.default, about.get(python_name, ""))
    unknown = set(about) - set(signature)
    if unknown:
        raise DeclarationError(f"experiment {name}: `about` describes no parameters: {sorted(unknown)}")
    return parameters
