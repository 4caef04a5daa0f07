"""How far an instance is from the edge of its claim: one number for each run, and one for each seed.

asv wants finite numbers of which lower is better. A distance is 1 on the edge, and at most 1 where the
estimate satisfies the predicate (a verdict says more: that the interval does). With x the effect that is
judged, in the units of `harness.report.record`:

    an interval is to hold x       |x − middle| / half its length
        equal, power-law with `exponent`
    x is to lie beyond an edge     exp(how far it falls short of the edge / unit)
        less, greater, at-most, at-least, faster, monotone, differ, power-law with a bound
    exact                          the largest violation of any seed, as it is

Of a power law that is curved, the effect is its bend, and the interval ±the margin of straightness.

The unit is 1 for logarithms, so that the distance is a ratio (what was measured to its bound, the factor to
the speed-up), and for exponents. For differences and values it is the margin or the bound, or 1 where that
is 0.

A seed's distance is measured from the side on which the estimate lies, so that the distance of the centre
is the centre of the distances: a seed on the other side of an interval's middle counts as negative.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from harness.judge import interval
from harness.questions import Center, Unit
from harness.report.record import InstanceRecord, PartRecord, StraightnessRecord

LARGEST = 1e9
"""Nothing is farther, nor (as a ratio) nearer than 1/LARGEST: asv can draw it, and divide by it."""

LEVEL = 0.005
"""One-sided, of the interval that asv shows and, with few seeds, compares by: it calls it ci_99."""

_LOGARITHMS: frozenset[Unit] = frozenset({"ratio", "log-value", "speed-up"})


@dataclass(frozen=True)
class Distance:
    """The distance of an instance; made by `distance`. Without statistics (`exact`), no samples."""

    value: float
    samples: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    @property
    def quartiles(self) -> tuple[float, float]:
        """Of at least two samples."""
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high


def distance(instance: InstanceRecord) -> Distance | None:
    """The distance of an instance, that of its worst part; None where nothing was estimated."""
    curve = _curve(instance)
    if curve is not None:
        return _of_a_curve(curve, instance.center)
    found = _worst(instance)
    if found is None:
        return None
    value, part = found
    if instance.unit == "violation" or part.estimate is None:
        return Distance(value)
    far = _measure(instance, part, part.estimate)
    shown = interval(part.values, instance.center, LEVEL)
    low, high = sorted((far(shown.low), far(shown.high)))
    return Distance(value, tuple(map(far, part.values)), low, high)


def how_far(instance: InstanceRecord) -> float | None:
    """The value of `distance` alone, at a hundredth of the cost."""
    curve = _curve(instance)
    if curve is not None:
        return _bounded(abs(curve.estimate) / curve.margin)
    found = _worst(instance)
    return None if found is None else found[0]


def _curve(instance: InstanceRecord) -> StraightnessRecord | None:
    """The bend of a power law that is curved."""
    bend = instance.straightness
    return bend if bend is not None and bend.state == "curved" and len(bend.values) > 1 else None


def _of_a_curve(bend: StraightnessRecord, center: Center) -> Distance:
    far = math.copysign(bend.margin, bend.estimate)
    shown = interval(bend.values, center, LEVEL)
    low, high = sorted((_bounded(shown.low / far), _bounded(shown.high / far)))
    samples = tuple(_bounded(x / far) for x in bend.values)
    return Distance(_bounded(bend.estimate / far), samples, low, high)


def _worst(instance: InstanceRecord) -> tuple[float, InstanceRecord | PartRecord] | None:
    parts = instance.parts or (instance,)
    found = [(value, part) for part in parts if (value := _value(instance, part)) is not None]
    return max(found, key=lambda pair: pair[0]) if found else None


def _value(instance: InstanceRecord, part: InstanceRecord | PartRecord) -> float | None:
    if instance.unit == "violation":
        return _bounded(max(part.values)) if part.values else None
    low, high = part.region
    if part.estimate is None or len(part.values) < 2 or (low is None and high is None):
        return None
    if low is not None and high is not None and not low < high:
        return None
    return _measure(instance, part, part.estimate)(part.estimate)


def _measure(
    instance: InstanceRecord, part: InstanceRecord | PartRecord, estimate: float
) -> Callable[[float], float]:
    """From an effect to its distance, on the side of the estimate."""
    low, high = part.region
    ratio = instance.unit in _LOGARITHMS or instance.unit == "exponent"
    if low is not None and high is not None:
        middle, half = (low + high) / 2, (high - low) / 2
        side = 1.0 if estimate >= middle else -1.0
        if "differ" in instance.toml:
            return lambda x: _ratio((half - side * (x - middle)) / (1.0 if ratio else half))
        return lambda x: _bounded(side * (x - middle) / half)
    edge, sign = (high, 1.0) if high is not None else (low, -1.0)
    assert edge is not None  # a region has at least one edge
    unit = 1.0 if ratio else abs(edge) or 1.0
    return lambda x: _ratio(sign * (x - edge) / unit)


def _ratio(short: float) -> float:
    most = math.log(LARGEST)
    return math.exp(min(most, max(-most, short)))


def _bounded(x: float) -> float:
    return min(LARGEST, max(-LARGEST, x))
