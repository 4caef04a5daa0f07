"""Ticks at round numbers, as people read them: percentages of ratios, values of logarithms."""

from __future__ import annotations

import math

from harness.questions import Unit
from harness.report.record.printed import printed
from harness.report.words import effect

_MANTISSAS = (1.0, 2.0, 5.0)


def ticks(low: float, high: float, unit: Unit) -> list[tuple[float, str]]:
    """(x, label) of about five round numbers within [low, high]; x is in the units of x_s."""
    if unit in ("ratio", "log-value", "speed-up") and -300 < low < high < 300:
        shift = 1.0 if unit == "ratio" else 0.0
        if high - low < math.log(8) and low > -20:
            found = [math.log(v + shift) for v in _round(math.exp(low) - shift, math.exp(high) - shift)]
        else:
            found = _decades(low, high)
    else:
        found = _round(low, high)
    return [(x, _label(0.0 if abs(x) < 1e-12 * (high - low) else x, unit)) for x in found]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """(ln value, label) of round values; low and high are logarithms."""
    return [(x, _label(x, "log-value")) for x in _decades(low, high)]


def plain(value: float) -> str:
    """A number of an axis, as one writes widths: `1024`, `0.05`; `1e+06` from a million on."""
    return f"{value:.6g}"


def _label(x: float, unit: Unit) -> str:
    """A number as reports print it, but 2000 for 2e+03: ticks are round, so that all its digits are true."""
    shown = printed(x, unit)
    if unit in ("value", "log-value") and 999.5 <= abs(shown) < 999_999.5:
        return plain(shown)
    return effect(x, unit)


def _round(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten: three to six of them."""
    width = high - low
    if not (1e-9 * max(abs(low), abs(high), 1e-250) < width < math.inf):
        return [low] if math.isfinite(low) else []
    step = 10.0 ** math.floor(math.log10(width))
    for factor in (0.1, 0.2, 0.5, 1.0):
        if width / (step * factor) <= 6:
            step *= factor
            break
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)] if last - first < 12 else []


def _decades(low: float, high: float) -> list[float]:
    """Logarithms of 1, 2 and 5 times powers of ten, or of powers of ten alone if these are many."""
    first, last = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    every = max(1, (last - first) // 5)
    mantissas = _MANTISSAS if high - low < math.log(200) else (1.0,)
    found = [
        math.log(m) + k * math.log(10) for k in range(first, last + 1) if k % every == 0 for m in mantissas
    ]
    return [x for x in found if low - 1e-9 <= x <= high + 1e-9]
