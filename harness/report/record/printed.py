"""Numbers as reports print them: a ratio in percent, a logarithm as its value.

Verdicts are reached on another scale (`InstanceRecord.unit`): ratios, positive quantities and speed-ups are
judged by their logarithms. Everything that shows a number uses `printed`, so that a report, an array and a
figure show the same one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.questions import Unit
from harness.report.record.kinds import Side

LOGARITHMIC: tuple[Unit, ...] = ("ratio", "log-value", "speed-up")
"""The units that are judged by logarithms."""
_LARGEST = 700.0  # exp of a larger number exceeds float64


@dataclass(frozen=True)
class PrintedNumbers:
    """The numbers of an instance in the unit that reports print. `InstanceRecord.printed` makes it.

    An open side is None, as in the record. `unit` is "%", "×" or the unit that the experiment declares.
    """

    estimate: Side
    low: Side
    high: Side
    region_low: Side
    region_high: Side
    values: tuple[float, ...]
    """One value for each seed."""
    unit: str


def printed(x: float, unit: Unit) -> float:
    """A judged number as reports print it: percent of a ratio, the value of a logarithm, else itself."""
    if unit not in LOGARITHMIC:
        return x
    if x >= _LARGEST:
        return math.inf
    return 100 * math.expm1(x) if unit == "ratio" else math.exp(x)


def printed_numbers(
    unit: Unit,
    quantity_unit: str,
    estimate: Side,
    interval: tuple[Side, Side],
    region: tuple[Side, Side],
    values: Iterable[float],
) -> PrintedNumbers:
    """The numbers of an instance that is judged in `unit`; its quantities have `quantity_unit`."""
    low, high, bottom, top = (None if side is None else printed(side, unit) for side in (*interval, *region))
    signs = {"ratio": "%", "speed-up": "×"}
    plain = quantity_unit if unit in ("log-value", "value", "difference") else ""
    return PrintedNumbers(
        estimate=None if estimate is None else printed(estimate, unit),
        low=low,
        high=high,
        region_low=bottom,
        region_high=top,
        values=tuple(printed(x, unit) for x in values),
        unit=signs.get(unit, plain),
    )
