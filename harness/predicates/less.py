"""`less`: one quantity, or its change along an axis, is below another."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from harness.predicates.comparison import Comparison
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Region


class Less(Comparison, frozen=True):
    """a is below b, by a margin if one is given."""

    NAME: ClassVar = "less"
    ORDER: ClassVar = 30
    ABOUT: ClassVar = "a is below b."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"] }': "a is below b",
        '{ of = ["a.error", "b.error"], by = "10%" }': "a is below b by at least the margin",
    }

    margin: Annotated[
        Margin | None,
        Meta(
            description=f"By at least this (default: none); {MEANING}",
            extra={"role": "margin", "written": MARGIN},
        ),
    ] = field(default=None, name="by")

    def region(self, margin: float) -> Region:
        """Below, by the margin."""
        return Region(high=0.0 - margin)  # not −0.0

    def describe(self) -> str:
        """Their order."""
        return self.ordered("below")
