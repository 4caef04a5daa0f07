"""`differ`: two quantities, or their changes along an axis, differ by more than a margin."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from harness.predicates.comparison import Comparison
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Region


class Differ(Comparison, frozen=True):
    """`equal` with the verdicts exchanged."""

    NAME: ClassVar = "differ"
    ORDER: ClassVar = 20
    ABOUT: ClassVar = "a and b differ by more than a margin."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"], by = "5%" }': "`equal` does not hold: the two verdicts are exchanged",
    }
    EXCHANGED: ClassVar = True

    margin: Annotated[
        Margin,
        Meta(description=f"The margin; {MEANING}", extra={"role": "margin", "written": MARGIN}),
    ] = field(name="by")

    def region(self, margin: float) -> Region:
        """Where they do not differ."""
        return Region(-margin, margin)

    def describe(self) -> str:
        """Both, and the margin."""
        return f"{self.both()} differ by more than {self.margin.text}"
