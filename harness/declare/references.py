"""Parameters that may name a function, and how such a name is checked before anything is measured.

    data: Annotated[str, Meta(…), Reference("data", check="my.checks:data")] = "diabetes"

A value of the form `package.module:function` is then a *reference*: `harness run`, `plan` and pytest check
that the function exists, and `harness check --import` calls the reference's check. Other values (names that
the experiment knows itself) are not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

Point = Mapping[str, Any]
"""Every parameter of an experiment at one point, named as suites do."""


@dataclass(frozen=True)
class Reference:
    """Metadata of a parameter's type: a value with a colon names a function.

    Arguments:
        kind: what the function gives, in a word.
        check: a `Check`, as `package.module:function`; it is imported only when references are checked, in a
            separate process.
        told_by: parameters that say how the function's result is used; records and reports show them beside
            it.

    >>> Annotated[str, harness.Reference("data")].__metadata__[0].kind
    'data'
    """

    kind: str
    check: str = ""
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with a function at a point, found by a `Check`.

    `parameters` are those that contribute to it beside the reference itself, such as `train` for too few
    points. The mistake is reported where the first of them is swept, else where the function is named.
    """

    expected: str
    found: str
    parameters: tuple[str, ...] = ()


Check = Callable[[str, Callable[..., object], Sequence[Point]], Sequence[Problem | None]]
"""A function of the reference, its function and points, which gives for each point what is wrong, or None. It
may call the function."""


MODEL = Annotated[str, Reference("model", check="harness.declare.models:check")]
"""The type of an experiment's parameter `model`: a model of this package, or `package.module:function`."""


def reference_of(type_: object) -> Reference | None:
    """The `Reference` in a parameter's type, if it has one."""
    return next((m for m in getattr(type_, "__metadata__", ()) if isinstance(m, Reference)), None)
