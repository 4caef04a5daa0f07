"""What `harness check --import` asks of a kernel implementation under test; it is not called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

from harness.declare import Point, Problem


def check(subject: str, function: Callable[..., object], points: Sequence[Point]) -> list[Problem | None]:
    """Whether it can be called as `kernel(x1, x2, architecture)`, with `seed` where it has one."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin without a signature
        return [None] * len(points)
    seeded = {"seed": 0} if "seed" in signature.parameters else {}
    try:
        signature.bind(None, None, None, **seeded)
    except TypeError as error:
        found = f"{subject}{signature}: {error}"
        return [Problem("a function kernel(x1, x2, architecture)", found)] * len(points)
    return [None] * len(points)
