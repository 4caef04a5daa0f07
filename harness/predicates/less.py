"""`less`: one quantity, or its change along an axis, is below another."""

from __future__ import annotations

from typing import ClassVar

from harness.predicates.comparison import Ordered
from harness.questions import Region


class Less(Ordered, frozen=True):
    """a is below b, by a margin if one is given."""

    NAME: ClassVar = "less"
    ORDER: ClassVar = 30
    ABOUT: ClassVar = "a is below b."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"] }': "a is below b",
        '{ of = ["a.error", "b.error"], by = "10%" }': (
            "b is at least 10% above a: the centre of ln a/b lies below −ln 1.10 (a is 9.1% below b)"
        ),
    }
    WORD: ClassVar = "below"

    def region(self, margin: float) -> Region:
        """Below, by the margin."""
        return Region(high=0.0 - margin)  # not −0.0
