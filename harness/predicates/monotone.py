"""`monotone`: every adjacent pair along an axis is ordered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta

from harness.predicates.base import Asking, Predicate
from harness.predicates.comparison import UNITS
from harness.predicates.keys import Direction
from harness.questions import Question, Region


class Monotone(Predicate, frozen=True):
    """A conjunction: a question for each adjacent pair of values."""

    NAME: ClassVar = "monotone"
    ORDER: ClassVar = 80
    ABOUT: ClassVar = "Every adjacent pair along an axis is ordered."
    EXAMPLES: ClassVar = {
        '{ of = "a.error", along = "size", direction = "decreasing" }': (
            'every adjacent pair along the axis is ordered (`"increasing"`, `"decreasing"`)'
        ),
    }
    USE: ClassVar = "whole"

    of: Annotated[str, Meta(description="A quantity.", extra={"role": "quantity"})]
    along: Annotated[str, Meta(description="A swept axis.", extra={"role": "axis"})]
    direction: Annotated[Direction, Meta(description="Which way.", extra={"role": "law"})]

    def questions(self, ask: Asking) -> Iterator[Question]:
        """The change from each value to the next, on its side of 0."""
        pairs = list(itertools.pairwise(ask.over))
        scale = ask.scale(self.of)
        region = Region(low=0.0) if self.direction == "increasing" else Region(high=0.0)
        for before, after in pairs:
            readings = (ask.reading(self.of, after), ask.reading(self.of, before))
            effect = ask.linear(readings, (1.0, -1.0), scale)
            name = f"{self.along}={before}..{after}"
            yield ask.question(effect, region, UNITS[scale], name=name, parts=len(pairs))

    def describe(self) -> str:
        """The quantity, which way, and along what."""
        return f"{self.of} {self.direction} along {self.along}"
