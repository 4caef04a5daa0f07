"""The operations of a program that JAX has traced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax


def equations(jaxpr: Any) -> Iterator[Any]:
    """Every operation of a program, with those of inner programs first."""
    for equation in jaxpr.eqns:
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if _is_program(inner):
                yield from equations(getattr(inner, "jaxpr", inner))
        yield equation


def _is_program(value: object) -> bool:
    """Whether a parameter of an operation is itself a program, closed or not."""
    return hasattr(getattr(value, "jaxpr", value), "eqns")
