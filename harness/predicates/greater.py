"""`greater`: one quantity, or its change along an axis, is above another."""

from __future__ import annotations

from typing import ClassVar

from harness.predicates.comparison import Ordered
from harness.questions import Region


class Greater(Ordered, frozen=True):
    """a is above b, by a margin if one is given."""

    NAME: ClassVar = "greater"
    ORDER: ClassVar = 40
    ABOUT: ClassVar = "a is above b."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"] }': "a is above b",
        '{ of = ["a.error", "b.error"], by = "10%" }': (
            "a is at least 10% above b: the centre of ln a/b lies above ln 1.10"
        ),
    }
    WORD: ClassVar = "above"

    def region(self, margin: float) -> Region:
        """Above, by the margin."""
        return Region(low=margin)
