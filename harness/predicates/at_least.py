"""`at-least`: a quantity is above a bound."""

from __future__ import annotations

from typing import ClassVar

from harness.predicates.bound import Bound
from harness.questions import Region


class AtLeast(Bound, frozen=True):
    """The centre of the quantity lies above the bound."""

    NAME: ClassVar = "at-least"
    ORDER: ClassVar = 60
    ABOUT: ClassVar = "The quantity is above a bound."
    EXAMPLES: ClassVar = {'{ of = "a.error", bound = 0.2 }': "the centre of a is above the bound"}

    def region(self, edge: float) -> Region:
        """Above the bound."""
        return Region(low=edge)
