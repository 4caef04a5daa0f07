"""The types of a function's parameters, each on its own.

`typing.get_type_hints` evaluates all annotations of a function at once, so that a name in the return
annotation which only type checkers know (imported under `if TYPE_CHECKING:`) would spoil the parameters.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any


def written(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The function's annotations as they stand, evaluated or not, by parameter."""
    if sys.version_info >= (3, 14):  # there they are evaluated when they are asked for
        import annotationlib

        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(function)


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """As `inspect.signature`, also where annotations name what only type checkers know.

    From Python 3.14 `inspect.signature` evaluates the annotations, and fails at such a name.
    """
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The function's parameters; an annotation may be a name that only type checkers know."""
    return signature(function).parameters


def evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """The type that an annotation of the function names.

    Raises `NameError`, or whatever else the evaluation raises, if it names none at run time.
    """

    def alone() -> None: ...

    alone.__annotations__ = {"parameter": annotation}
    names = getattr(inspect.unwrap(function), "__globals__", {})
    return typing.get_type_hints(alone, globalns=names, include_extras=True)["parameter"]


def definition_place(function: Callable[..., Any]) -> str:
    """`FILE, line N` of a function's definition."""
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}, line {code.co_firstlineno}"


def has_stages(function: Callable[..., Any]) -> bool:
    """Whether the function takes the stages that are wanted, as `stages: frozenset[str]`."""
    if "stages" not in parameters(function):
        return False
    try:
        return bool(evaluated(written(function).get("stages", object), function) == frozenset[str])
    except Exception:  # an annotation is any expression; what is wrong with it is said of the parameter
        return False
