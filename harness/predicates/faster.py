"""`faster`: one benchmark beats another by a factor, timed side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta

from harness.predicates.base import Asking, Predicate
from harness.predicates.factor import written_factor
from harness.questions import Question, Region

_FACTOR = written_factor(
    'a factor of 1 or more such as "3 x"',
    "3 x",
    least=1.0,
    beyond=False,
    too_small=r"^(0\d*(\.\d*)?|\.\d+) ?[x×]$",
)


class Faster(Predicate, frozen=True):
    """The centre of ln(seconds of y / seconds of x) lies above ln factor, of pairs of timings."""

    NAME: ClassVar = "faster"
    ORDER: ClassVar = 100
    ABOUT: ClassVar = "One benchmark beats another by a factor; timed side by side, alone on the machine."
    EXAMPLES: ClassVar = {
        '{ of = ["one", "two"], at-least = "3 x" }': (
            "the first benchmark beats the second by the factor, timed side by side "
            "([benchmarks.md](benchmarks.md))"
        ),
    }
    SUBJECTS: ClassVar = "benchmarks"

    of: Annotated[
        tuple[str, str],
        Meta(
            description="Two benchmarks with one sweep, the one that is faster first.",
            extra={"role": "benchmark", "expected": "two benchmarks, the one that is faster first"},
        ),
    ]
    at_least: Annotated[
        float,
        Meta(description="The factor.", extra={"role": "margin", "written": _FACTOR}),
    ]

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the logarithm of the speed-up."""
        effect = ask.linear(ask.timings(self.of), (-1.0, 1.0), "log")
        yield ask.question(effect, Region(low=math.log(self.at_least)), "speed-up")

    def describe(self) -> str:
        """Which is faster, and by what factor."""
        x, y = self.of
        return f"{x} at least {self.at_least:g} × as fast as {y}"
