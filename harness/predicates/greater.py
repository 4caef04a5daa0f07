"""`greater`: one quantity, or its change along an axis, is above another."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from harness.predicates.comparison import Comparison
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Region


class Greater(Comparison, frozen=True):
    """a is above b, by a margin if one is given."""

    NAME: ClassVar = "greater"
    ORDER: ClassVar = 40
    ABOUT: ClassVar = "a is above b."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"] }': "a is above b",
        '{ of = ["a.error", "b.error"], by = "10%" }': "a is above b by at least the margin",
    }

    margin: Annotated[
        Margin | None,
        Meta(
            description=f"By at least this (default: none); {MEANING}",
            extra={"role": "margin", "written": MARGIN},
        ),
    ] = field(default=None, name="by")

    def region(self, margin: float) -> Region:
        """Above, by the margin."""
        return Region(low=margin)

    def describe(self) -> str:
        """Their order."""
        return self.ordered("above")
