"""Bytes that an experiment's own function estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def estimated_bytes(
    estimate: Callable[[Mapping[str, Any]], object] | None, parameters: Mapping[str, Any]
) -> int:
    """What the function gives for the parameters; 0 without a function.

    Raises ValueError, with what was expected and what was found, if it is not a number of bytes.
    """
    if estimate is None:
        return 0
    try:
        found = estimate(parameters)
    except Exception as error:  # a user's function may raise anything
        raise ValueError(f"expected a number of bytes, found {error!r}") from error
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise ValueError(f"expected a whole number of bytes, at least 0, found {found!r}")
    return found
