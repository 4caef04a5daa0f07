"""The types of a function's parameters, evaluated one by one.

`typing.get_type_hints` evaluates all annotations of a function at once. A name in the return annotation that
only type checkers know (imported under `if TYPE_CHECKING:`) would then make the parameters fail too.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any


def written(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The function's annotations by parameter, evaluated or not."""
    if sys.version_info >= (3, 14):  # there, annotations are evaluated when they are read
        import annotationlib

        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(function)


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """The signature, as `inspect.signature` gives it, even if annotations name what only type checkers know.

    From Python 3.14 on `inspect.signature` evaluates the annotations, and fails at such a name.
    """
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The function's parameters. An annotation may be a name that only type checkers know."""
    return signature(function).parameters


def evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """The type that an annotation of the function names.

    Raises `NameError`, or any other error of the evaluation, if it names no type at run time.
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
    """Whether the function takes the wanted stages, as `stages: frozenset[str]`."""
    if "stages" not in parameters(function):
        return False
    try:
        return bool(evaluated(written(function).get("stages", object), function) == frozenset[str])
    except Exception:  # an annotation is any expression; its error is reported for the parameter
        return False
