"""What a function declares for each of its parameters: a type, a default and a meaning."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from harness.declare.annotations import definition_place, evaluated, has_stages, parameters, written
from harness.declare.portable import portable
from harness.declare.references import MODEL, reference_of

Value = int | float | str | bool
"""The value of a parameter: one TOML scalar."""


Kind = Literal["experiment", "benchmark", "model"]


OF_MODEL = inspect.Parameter.VAR_KEYWORD
"""The kind of the argument that takes the parameters of an experiment's model."""


class DeclarationError(TypeError):
    """A function does not declare what it must (keyword-only, typed, with defaults)."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an experiment: its type (with msgspec constraints, if any), default and meaning."""

    name: str
    type: Any
    default: Value
    about: str = ""


def declared_parameters(
    name: str, function: Callable[..., Any], about: Mapping[str, str], kind: Kind
) -> dict[str, Parameter]:
    """The parameters of a function, by the names that suites write. Raises `DeclarationError`."""
    signature = parameters(function)
    if kind == "experiment" and not {"seed", "seeds"} & set(signature):
        raise DeclarationError(f"{name}: expected a keyword-only `seed: int`, found none")
    if kind == "experiment" and {"seed", "seeds"} <= set(signature):
        raise DeclarationError(f"{name}: expected one of `seed` and `seeds`, found both")
    keyword, either = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    allowed = (keyword, either) if kind == "model" else (keyword,)
    declared = {}
    takes_model = False
    for python_name, parameter in signature.items():
        if kind == "experiment" and parameter.kind is OF_MODEL:
            takes_model = True
            continue
        if parameter.kind not in allowed:
            expected = "a keyword" if kind == "model" else "keyword-only"
            found = parameter.kind.description
            raise DeclarationError(f"{name}, parameter {python_name}: expected {expected}, found {found}")
        if kind == "experiment" and python_name in ("seed", "seeds"):
            continue
        if kind == "experiment" and python_name == "stages" and has_stages(function):
            continue
        key = python_name.replace("_", "-")
        type_ = _type(f"{name}, parameter {python_name}", function, parameter, kind)
        declared[key] = Parameter(key, type_, parameter.default, about.get(python_name, ""))
    unknown = set(about) - set(signature)
    if unknown:
        raise DeclarationError(f"{name}: `about` describes no parameters: {sorted(unknown)}")
    if takes_model:
        _check_takes_model(name, declared)
    return declared


def _type(where: str, function: Callable[..., Any], parameter: inspect.Parameter, kind: Kind) -> Any:
    types = written(function)
    if parameter.name not in types and kind != "model":
        raise DeclarationError(f"{where}: expected a type annotation, found none")
    if parameter.default is inspect.Parameter.empty:
        raise DeclarationError(f"{where}: expected a default, found none")
    if kind == "model" and parameter.name == "seed":
        raise DeclarationError(f"{where}: expected another name, for experiments have their seed by this one")
    if kind == "model" and not isinstance(parameter.default, Value):
        expected = "a default that a suite can state, a number, a string or a boolean"
        raise DeclarationError(f"{where}: expected {expected}, found {parameter.default!r}")
    try:
        type_ = evaluated(types.get(parameter.name, type(parameter.default)), function)
    except Exception as error:  # an annotation is any expression
        raise DeclarationError(
            f"{where}: expected a type that is known when the module runs, found"
            f" {types[parameter.name]!r}: {error} ({definition_place(function)}; a name that is imported"
            " under `if TYPE_CHECKING:` is known to type checkers only)"
        ) from None
    if kind == "model":
        try:
            portable(type_)
            msgspec.convert(parameter.default, type_)
        except (TypeError, msgspec.ValidationError) as error:
            raise DeclarationError(f"{where}: {error}") from None
    return type_


def _check_takes_model(name: str, declared: dict[str, Parameter]) -> None:
    """Check that an experiment with `**` has a default model, and a type which says that models are named."""
    parameter = declared.get("model")
    if parameter is None:
        raise DeclarationError(f"{name}: expected a parameter `model: str` beside `**`, found none")
    if parameter.type is str:
        declared["model"] = replace(parameter, type=MODEL)
    elif (reference := reference_of(parameter.type)) is None or reference.kind != "model":
        found = getattr(parameter.type, "__name__", parameter.type)
        raise DeclarationError(f"{name}, parameter model: expected the type str, found {found}")
