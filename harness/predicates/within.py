"""Margins of whole suites (`--within`): by how much quantities may be worse than a baseline, or other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.declare import Scale
from harness.errors import OptionError
from harness.predicates.keys import Unreadable
from harness.predicates.margin import MARGIN, Margin

WITHIN = "5%"
"""The margin of comparisons on a log scale unless another is given: what a suite of ours calls equal."""


@dataclass(frozen=True)
class Within:
    """How much a quantity may be worse, or differ: a share on a log scale, a number on a linear one.

    A scale that no margin is given for has the `WITHIN` of logarithms; on a linear one, quantities have to be
    the same.
    """

    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self._margins) != len(self.texts):
            expected = "one share such as 5% and one number such as 0.01"
            raise OptionError(f"expected {expected}, found {' and '.join(self.texts)}", "within")

    @cached_property
    def _margins(self) -> dict[bool, Margin]:
        """The margins, by whether they are relative."""
        found: dict[bool, Margin] = {}
        for text in self.texts:
            try:
                margin = MARGIN.make(text if text.strip().endswith("%") else float(text))
            except (Unreadable, ValueError):
                expected = 'a margin above 0: "5%" of the ratio, or 0.05 of the difference'
                raise OptionError(f"expected {expected}, found {text!r}", "within") from None
            found[margin.relative] = margin
        return found

    def of(self, scale: Scale) -> Margin | None:
        """The margin of a quantity of this scale."""
        default: Margin | None = MARGIN.make(WITHIN) if scale == "log" else None
        return self._margins.get(scale == "log", default)
