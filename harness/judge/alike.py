"""Equality of the judge's results, in which a number may be NaN."""

from __future__ import annotations

import math


class Alike:
    """A frozen dataclass, declared with `eq=False`, that is equal to one of its class with the same fields.

    NaN equals NaN. A dataclass's own comparison treats NaN as equal only if it is the same object, and from
    Python 3.13 on not even then.
    """

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Alike) or type(other) is not type(self):
            return NotImplemented
        return self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())

    def _said(self) -> tuple[object, ...]:
        return tuple(None if isinstance(x, float) and math.isnan(x) else x for x in vars(self).values())
