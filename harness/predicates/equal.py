"""`equal`: two quantities, or their changes along an axis, are equal up to a margin."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from harness.predicates.comparison import Comparison
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Region


class Equal(Comparison, frozen=True):
    """The ratio or the difference lies inside ±margin."""

    NAME: ClassVar = "equal"
    ORDER: ClassVar = 10
    ABOUT: ClassVar = "a and b are equal up to a margin."
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"], within = "5%" }': "the centre of ln a/b lies inside ± ln 1.05",
        '{ of = ["a.error", "b.error"], within = 0.05 }': "the centre of a − b lies inside ±0.05",
        '{ of = "a.error", baseline = { commit = "v0.2.0" }, within = "5%" }': (
            "the same, b being a by the code of that commit ([below](#baselines))"
        ),
    }
    NEEDS_CONTROL: ClassVar = True

    margin: Annotated[
        Margin,
        Meta(description=f"The margin; {MEANING}", extra={"role": "margin", "written": MARGIN}),
    ] = field(name="within")

    def region(self, margin: float) -> Region:
        """Inside the margin on both sides."""
        return Region(-margin, margin)

    def describe(self) -> str:
        """Both, and the margin."""
        return f"{self.both()} equal within {self.margin.text}"
