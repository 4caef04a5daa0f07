"""`power-law`: the effective exponent of a quantity against an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from harness.predicates.base import Asking, Known, Mistaken, Predicate, linear_ones
from harness.predicates.keys import Positive
from harness.predicates.slopes import bend_weights, slope_weights
from harness.questions import Question, Region, Straightness

LEAST_BEND = 0.2
"""A change of the exponent between the halves of an axis that is no curve, whatever the claim's margin: each
half is then within 0.1 of their mean, as near as finite widths let exponents come to those of a limit."""

_SIDES = ("exponent", "at-most", "at-least")


class PowerLaw(Predicate, frozen=True):
    """The slope of ln a on ln(axis), between two exponents or on one side of one.

    A law with an exponent is also refuted as curved. A bound has no bend: curved laws may keep it.
    """

    NAME: ClassVar = "power-law"
    ORDER: ClassVar = 70
    ABOUT: ClassVar = (
        "The mean over seeds of the slope of ln a on ln(axis) lies inside exponent ± within, or "
        "keeps a bound."
    )
    EXAMPLES: ClassVar = {
        '{ of = "a.error", against = "size", exponent = -0.5, within = 0.1 }': (
            "the mean over seeds of the slope of ln a on ln(axis) lies inside exponent ± within, and the law "
            "is not shown to be curved: the slope changes by no more than max(2·within, 0.2) between the "
            "halves of the axis ([verdicts.md](verdicts.md#power-laws))"
        ),
        '{ of = "a.error", against = "size", exponent = -0.5, within = 0.1, straight = 0.3 }': (
            "the same, and it is shown that the slope changes by less than 0.3"
        ),
        '{ of = "a.error", against = "size", at-most = -0.4 }': "that slope is below a bound",
        '{ of = "a.error", against = "size", at-least = -0.6 }': "that slope is above a bound",
    }
    NEEDS_CONTROL: ClassVar = True
    USE: ClassVar = "whole"
    LEAST: ClassVar = 3  # two points always lie on a power law
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "oneOf": [{"required": [side]} for side in _SIDES],
        "dependencies": {"exponent": ["within"], "within": ["exponent"], "straight": ["exponent"]},
    }

    of: Annotated[str, Meta(description="A quantity.", extra={"role": "quantity"})]
    against: Annotated[
        str, Meta(description="A swept axis of at least three positive numbers.", extra={"role": "axis"})
    ]
    exponent: Annotated[
        float | None, Meta(description="The exponent.", examples=[-0.5], extra={"role": "law"})
    ] = None
    within: Annotated[
        Positive | None, Meta(description="The margin of the exponent.", extra={"role": "margin"})
    ] = None
    at_most: Annotated[
        float | None,
        Meta(description="An upper bound on the exponent, instead of `exponent`.", extra={"role": "margin"}),
    ] = None
    at_least: Annotated[
        float | None,
        Meta(description="A lower bound on the exponent, instead of `exponent`.", extra={"role": "margin"}),
    ] = None
    straight: Annotated[
        Positive | None,
        Meta(
            description="The change of the exponent from the lower half of the points to the upper, within "
            "which the law must be shown to be straight. Left out, it need only not be shown to be curved.",
            examples=[0.3],
            extra={"role": "margin"},
        ),
    ] = None

    @classmethod
    def misplaced(cls, stated: Mapping[str, object]) -> Iterator[Mistaken]:
        """It states one side, and a margin and straightness beside an exponent alone."""
        sides = [side for side in _SIDES if side in stated]
        found = " and ".join(f"`{side}`" for side in sides)
        if len(sides) != 1:
            yield Mistaken("", "exactly one of `exponent`, `at-most` and `at-least`", found or "none")
        if sides == ["exponent"] and "within" not in stated:
            yield Mistaken("", "a key `within`", "none")
        if sides and "exponent" not in sides and "within" in stated:
            yield Mistaken("within", "`within` beside `exponent`", found)
        if sides and sides != ["exponent"] and "straight" in stated:
            yield Mistaken("straight", "`straight` beside `exponent` and `within`", found)

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """Logarithms are taken of the quantity and of the axis."""
        for label, value in known.axes.get(self.against, {}).items():
            if isinstance(value, bool | str) or value is None or value <= 0:
                yield Mistaken("against", "an axis of positive numbers", f"`{self.against}` with {label}")
                break
        yield from linear_ones((self.of,), known)

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the slope, and whether the law is straight."""
        logs = [math.log(float(value or 0)) for value in ask.over.values()]
        readings = tuple(ask.reading(self.of, label) for label in ask.over)
        law = ask.linear(readings, slope_weights(logs), "log")
        straight = None
        if self.bend is not None:
            bend = ask.linear(readings, bend_weights(logs), "log")
            straight = Straightness(bend, self.bend, self.straight)
        yield ask.question(law, self.region, "exponent", straight=straight)

    @property
    def region(self) -> Region:
        """The exponents for which it holds."""
        if self.exponent is not None and self.within is not None:
            return Region(self.exponent - self.within, self.exponent + self.within)
        if self.at_most is not None:
            return Region(high=self.at_most)
        assert self.at_least is not None  # `misplaced` lets nothing else pass
        return Region(low=self.at_least)

    @property
    def bend(self) -> float | None:
        """How much the exponent may change between the halves of the axis before the law is refuted as
        curved; None of a bound."""
        if self.exponent is None or self.within is None:
            return None
        bend = max(2 * self.within, LEAST_BEND)
        return bend if self.straight is None else min(bend, self.straight)

    def describe(self) -> str:
        """The law, as it is written in papers."""
        if self.exponent is not None:
            exponent = f"{self.exponent:g} ± {self.within:g}"
        elif self.at_most is not None:
            exponent = f"at most {self.at_most:g}"
        else:
            exponent = f"at least {self.at_least:g}"
        straight = "" if self.straight is None else f", straight within {self.straight:g}"
        return f"{self.of} ~ {self.against}^({exponent}){straight}"
