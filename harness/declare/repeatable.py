"""How exactly an experiment repeats, as it or a suite declares: `"1e-6"`, or `"no: reason"`."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOLERANCE = r"0|0\.[0-9]+|[1-9](\.[0-9]+)?[eE]-0*[1-9][0-9]*"
REPEATABLE = rf"({TOLERANCE})|no:\s*\S[\s\S]*"
"""The pattern of the text: a relative tolerance below 1, or the reason why there is none."""
EXPECTED = 'a relative tolerance below 1 such as "1e-6", or "no: reason"'


@dataclass(frozen=True)
class Repeatable:
    """How exactly the numbers of a trial repeat when it is measured again. `read_repeatable` makes it.

    `tolerance` is relative; 0 means every bit. `because` says why they do not repeat at all ('' if they do).
    """

    tolerance: float = 0.0
    because: str = ""


EXACTLY = Repeatable()


def read_repeatable(text: str) -> Repeatable:
    """What the text declares. Raises ValueError, which says what was expected and what was found."""
    if not re.fullmatch(REPEATABLE, text):
        raise ValueError(f"expected {EXPECTED}, found {text!r}")
    if text.startswith("no:"):
        return Repeatable(because=" ".join(text.removeprefix("no:").split()))
    return Repeatable(float(text))
