"""The check of `harness check --import` for an implementation under test. It does not call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.declare import Point, Problem
from harness.declare.annotations import signature


def check(subject: str, function: Callable[..., object], points: Sequence[Point]) -> list[Problem | None]:
    """Whether it can be called as `kernel(x1, x2, architecture)`, with `seed` if it has that."""
    return _callable_as(("x1", "x2", "architecture"), subject, function, points)


def check_empirical(
    subject: str, function: Callable[..., object], points: Sequence[Point]
) -> list[Problem | None]:
    """Whether it can be called as `kernel(apply, params, x1, x2)`."""
    return _callable_as(("apply", "params", "x1", "x2"), subject, function, points)


def _callable_as(
    names: tuple[str, ...], subject: str, function: Callable[..., object], points: Sequence[Point]
) -> list[Problem | None]:
    try:
        signed = signature(function)
    except (TypeError, ValueError):  # a builtin without a signature
        return [None] * len(points)
    seeded = {"seed": 0} if "seed" in signed.parameters else {}
    try:
        signed.bind(*names, **seeded)
    except TypeError as error:
        found = f"{subject}{signed}: {error}"
        return [Problem(f"a function kernel({', '.join(names)})", found)] * len(points)
    return [None] * len(points)
