"""How far an effect is from the edge of a question's region, in margins.

A *distance* is 1 on the edge, and at most 1 if the effect satisfies the question (a verdict says more: that
the interval does). With x an effect, in the question's unit:

    an interval must hold x        |x − middle| / half its length
        equal, power-law with `exponent`
    x must lie beyond an edge      exp(how far it falls short of the edge / step)
        less, greater, at-most, at-least, faster, monotone, differ, power-law with a bound
    exact                          the violation, as it is
    boundary                       its ratio to the bound on it; without one, to the end of its range

The step is 1 for logarithms, so that the distance is a ratio (of the measured value to its bound, of the
factor to the speed-up), and for exponents. For differences and values it is the margin or the bound, or 1 if
that is 0. So the distance depends only on the question and on x, not on the width of an interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.questions import Region, Unit

LARGEST = 1e9
"""The largest distance; as a ratio, 1/LARGEST is the smallest. asv can draw it, and divide by it."""

_WITHOUT_SCALE: frozenset[Unit] = frozenset({"ratio", "log-value", "speed-up", "exponent"})
"""Units in which a step of 1 means the same at every bound: logarithms, and slopes of these."""


@dataclass(frozen=True)
class Ruler:
    """Distances from the edge on the side of the estimate. `ruler` makes it.

    If distances are measured from one side, the distance of the centre is the centre of the distances: a seed
    on the other side of an interval's middle counts as negative. `zero` is the middle of an interval that
    must hold x, or that x must avoid (`exchanged`, with `half` half its length), or the edge beyond which x
    must lie.
    """

    zero: float
    step: float
    side: float
    ratio: bool
    half: float = 0.0
    exchanged: bool = False
    logarithms: bool = False
    """Whether x is taken by its logarithm."""

    def __call__(self, x: float) -> float:
        """The distance of x."""
        if self.logarithms:
            x = math.log(x) if x > 0 else -math.inf
        away = self.side * (x - self.zero)
        if not self.ratio:
            return _bounded(away / self.step)
        short = (self.half - away if self.exchanged else away) / self.step
        most = math.log(LARGEST)
        return math.exp(min(most, max(-most, short)))

    def position(self, x: float) -> float:
        """The place of x on an axis of margins: at its distance, left or right of 0.

        Larger x lie further right.
        """
        return (-self.side if self.exchanged else self.side) * self(x)


def ruler(region: Region, unit: Unit, estimate: float, *, exchanged: bool = False) -> Ruler | None:
    """The ruler of a question about `region`; None if the region has no edge, or holds nothing."""
    low, high = region.low, region.high
    if unit == "violation":
        return Ruler(0.0, 1.0, 1.0, ratio=False)
    if low > -math.inf and high < math.inf:
        if not low < high:
            return None
        middle, half = (low + high) / 2, (high - low) / 2
        side = 1.0 if estimate >= middle else -1.0
        if not exchanged:
            return Ruler(middle, half, side, ratio=False)
        step = 1.0 if unit in _WITHOUT_SCALE else half
        return Ruler(middle, step, side, ratio=True, half=half, exchanged=True)
    edge, side = (high, 1.0) if high < math.inf else (low, -1.0)
    if math.isinf(edge):
        return None
    if unit == "boundary":
        return Ruler(math.log(edge), 1.0, side, ratio=True, logarithms=True)
    step = 1.0 if unit in _WITHOUT_SCALE else abs(edge) or 1.0
    return Ruler(edge, step, side, ratio=True)


def ruler_of_range(start: float, end: float) -> Ruler:
    """The ruler of a boundary about which nothing is claimed.

    The middle of its range is 0, its ends are −1 and 1.
    """
    middle, half = (math.log(start) + math.log(end)) / 2, (math.log(end) - math.log(start)) / 2
    return Ruler(middle, half, 1.0, ratio=False, logarithms=True)


def _bounded(x: float) -> float:
    return min(LARGEST, max(-LARGEST, x))
