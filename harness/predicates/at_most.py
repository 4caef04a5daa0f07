"""`at-most`: a quantity is below a bound."""

from __future__ import annotations

from typing import ClassVar

from harness.predicates.bound import Bound
from harness.questions import Region


class AtMost(Bound, frozen=True):
    """The centre of the quantity lies below the bound."""

    NAME: ClassVar = "at-most"
    ORDER: ClassVar = 50
    ABOUT: ClassVar = "The quantity is below a bound."
    EXAMPLES: ClassVar = {'{ of = "a.error", bound = 0.2 }': "the centre of a is below the bound"}

    def region(self, edge: float) -> Region:
        """Below the bound."""
        return Region(high=edge)
