"""`exact`: allclose on each seed, of two quantities, or of one and 0; no statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from harness.predicates.base import Asking, Mistaken, Predicate
from harness.predicates.keys import NotNegative, Written
from harness.questions import Closeness, Question, Region


def _quantities(raw: tuple[str, str] | str) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else raw


class Exact(Predicate, frozen=True):
    """|a − b| ≤ atol + rtol·|b| on each seed, as numpy.allclose has it; of one quantity, b is 0."""

    NAME: ClassVar = "exact"
    ORDER: ClassVar = 90
    ABOUT: ClassVar = (
        "|a − b| ≤ atol + rtol·|b| on each of exactly `seeds` seeds; no statistics. "
        "Of one quantity: |a| ≤ atol."
    )
    EXAMPLES: ClassVar = {
        '{ of = ["a.error", "b.error"], rtol = 1e-6 }': (
            "\\|a − b\\| ≤ atol + rtol·\\|b\\| on each of exactly `seeds` seeds; no statistics"
        ),
        '{ of = "gap", atol = 1e-6 }': "\\|a\\| ≤ atol on each of them",
    }
    NEEDS_CONTROL: ClassVar = True
    STATISTICS: ClassVar = False
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "anyOf": [{"required": ["rtol"]}, {"required": ["atol"]}],
        "allOf": [
            {"if": {"properties": {"of": {"type": "string"}}}, "then": {"not": {"required": ["rtol"]}}}
        ],
    }

    of: Annotated[
        tuple[str, ...],
        Meta(
            description="Two quantities, a and b; or one, to compare with 0.",
            extra={
                "role": "quantity",
                "expected": "two quantities, or one to compare with 0",
                "written": Written(tuple[str, str] | str, _quantities),
            },
        ),
    ]
    rtol: Annotated[NotNegative, Meta(description="Relative tolerance.", extra={"role": "margin"})] = 0.0
    atol: Annotated[NotNegative, Meta(description="Absolute tolerance.", extra={"role": "margin"})] = 0.0

    @classmethod
    def misplaced(cls, stated: Mapping[str, object]) -> Iterator[Mistaken]:
        """It has a tolerance, and one quantity no relative one."""
        if "rtol" not in stated and "atol" not in stated:
            yield Mistaken("", "a key `rtol` or `atol`", "neither")
        if isinstance(stated.get("of"), str) and "rtol" in stated:
            yield Mistaken("rtol", "`atol` alone, for one quantity against 0", "`rtol`")

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the largest violation of any seed."""
        readings = tuple(map(ask.reading, self.of))
        yield ask.question(Closeness(readings, self.rtol, self.atol), Region(high=1.0), "violation")

    def describe(self) -> str:
        """The inequality."""
        if len(self.of) == 1:
            return f"|{self.of[0]}| ≤ {self.atol:g} on every seed"
        a, b = self.of
        return f"|{a} − {b}| ≤ {self.atol:g} + {self.rtol:g}·|{b}| on every seed"
