"""What `at-most` and `at-least` share: one quantity and a number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from harness.declare import Scale
from harness.predicates.base import Asking, Known, Mistaken, Predicate
from harness.questions import Question, Region, Unit

UNITS: Mapping[Scale, Unit] = {"log": "log-value", "linear": "value"}


class Bound(Predicate, frozen=True):
    """One quantity and a number on one side of which its centre lies."""

    NEEDS_CONTROL: ClassVar = True

    of: Annotated[str, Meta(description="A quantity.", extra={"role": "quantity"})]
    bound: Annotated[float, Meta(description="The bound, in the quantity's unit.", extra={"role": "margin"})]

    def region(self, edge: float) -> Region:
        """Where the effect must lie."""
        raise NotImplementedError

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """A bound has a logarithm if its quantity has one."""
        if known.scales.get(self.of) == "log" and self.bound <= 0:
            yield Mistaken("bound", f"a bound above 0 for `{self.of}`", str(self.bound))

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the quantity itself."""
        scale = ask.scale(self.of)
        edge = math.log(self.bound) if scale == "log" else self.bound
        effect = ask.linear((ask.reading(self.of),), (1.0,), scale)
        yield ask.question(effect, self.region(edge), UNITS[scale])

    def describe(self) -> str:
        """The quantity and its bound."""
        return f"{self.of} {self.NAME.replace('-', ' ')} {self.bound:g}"
