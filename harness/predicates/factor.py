"""Factors as suites write them, `"3 x"`: how much faster, or how near the ends of an interval."""

from __future__ import annotations

import re
from typing import Any

from harness.predicates.keys import Unreadable, Written

_FACTOR = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?(?:x|×)")


def written_factor(expected: str, example: str, *, least: float, beyond: bool, too_small: str) -> Written:
    """How a factor of `least` or more is written; `beyond`: of more than that.

    `too_small` is the pattern of what a schema must exclude besides, as it cannot compare.
    """

    def make(raw: str) -> float:
        match = _FACTOR.fullmatch(raw)
        if match is None or float(match[1]) < least or (beyond and float(match[1]) == least):
            raise Unreadable(expected)
        return float(match[1])

    schema: dict[str, Any] = {
        "type": "string",
        "pattern": f"^({_FACTOR.pattern})$",
        "not": {"pattern": too_small},
        "examples": [example],
    }
    return Written(str, make, expected, schema)
