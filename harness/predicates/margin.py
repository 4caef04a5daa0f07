"""Margins of a comparison, of the ratio or of the difference of two quantities; and how they are written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from harness.predicates.keys import Unreadable, Written

_PERCENT = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?%")


@dataclass(frozen=True)
class Margin:
    """`"5%"`: ln 1.05 on the ratio a/b; `0.05`: 0.05 on the difference a − b."""

    size: float
    relative: bool
    text: str


def _margin(raw: str | float) -> Margin:
    if isinstance(raw, str):
        match = _PERCENT.fullmatch(raw)
        if match is None or float(match[1]) == 0:
            raise Unreadable('a percentage above 0 such as "5%", or a number')
        return Margin(math.log1p(float(match[1]) / 100), True, raw)
    if not raw > 0 or math.isinf(raw):
        raise Unreadable("a margin above 0")
    return Margin(float(raw), False, f"{raw:g}")


MARGIN = Written(
    str | float,
    _margin,
    expected='a margin: "5%" of the ratio, or 0.05 of the difference',
    schema={
        "anyOf": [
            {"type": "string", "pattern": f"^({_PERCENT.pattern})$", "not": {"pattern": r"^[0.]+ ?%$"}},
            {"type": "number", "exclusiveMinimum": 0},
        ],
        "examples": ["5%", 0.05],
    },
)
MEANING = '`"5%"`: of the ratio a/b; `0.05`: of the difference a − b.'
