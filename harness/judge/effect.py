"""From readings to one number per seed, x_s."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from harness.questions import Closeness, Linear


class BadValue(ValueError):  # noqa: N818  # the value is bad, not the program
    """A measured number from which no effect can be computed. It makes every claim that reads it an error.

    `seed` is the index of the row and `quantity` the name of the reading. `value` was found instead of
    `expected`.
    """

    def __init__(self, seed: int, quantity: str, value: float, expected: str) -> None:
        super().__init__(f"seed {seed}: expected {expected} for {quantity}, found {value!r}")
        self.seed = seed
        self.quantity = quantity
        self.value = value
        self.expected = expected


def effect_values(effect: Linear | Closeness, rows: Sequence[Sequence[float]], first: int = 0) -> list[float]:
    """The effect x_s of each seed.

    `rows[k]` holds a number of seed `first` + k for each of `effect.readings`, in their order. Every row
    gives one number: no seed is ever dropped. Raises `BadValue` at the first number that is not finite or, on
    a log scale, not positive; `ValueError` if a row does not have one number per reading.
    """
    for seed, row in enumerate(rows, first):
        if len(row) != len(effect.readings):
            raise ValueError(f"seed {seed}: expected {len(effect.readings)} numbers, found {len(row)}")
    if isinstance(effect, Closeness):
        return [_closeness(effect, seed, row) for seed, row in enumerate(rows, first)]
    return [_linear(effect, seed, row) for seed, row in enumerate(rows, first)]


def _linear(effect: Linear, seed: int, row: Sequence[float]) -> float:
    """Σ weight · g(value), correctly rounded once (`math.fsum`), so that the order of readings is free."""
    terms = []
    for reading, weight, value in zip(effect.readings, effect.weights, row, strict=True):
        if not math.isfinite(value):
            raise BadValue(seed, reading.quantity, value, "a finite number")
        if effect.scale == "log" and value <= 0:
            raise BadValue(seed, reading.quantity, value, "a positive number (its scale is log)")
        terms.append(weight * (math.log(value) if effect.scale == "log" else value))
    try:
        total = math.fsum(terms)
    except (OverflowError, ValueError):  # a partial sum beyond the largest float, or inf − inf
        total = math.inf
    if not math.isfinite(total):
        names = ", ".join(reading.quantity for reading in effect.readings)
        raise BadValue(seed, names, total, "a combination within the range of floats")
    return total


def _closeness(effect: Closeness, seed: int, row: Sequence[float]) -> float:
    """|a − b| / (atol + rtol·|b|), at most 1 exactly if numpy.allclose(a, b, rtol, atol) holds.

    Formula: numpy.isclose, https://numpy.org/doc/stable/reference/generated/numpy.isclose.html. The division
    keeps the comparison exact: for floats gap > tolerance the rounded quotient exceeds 1. A quotient beyond
    the largest float becomes the largest float, because a record holds only finite numbers.
    """
    for reading, value in zip(effect.readings, row, strict=True):
        if not math.isfinite(value):
            raise BadValue(seed, reading.quantity, value, "a finite number")
    a, b = row if len(row) == 2 else (*row, 0.0)
    gap = abs(a - b)
    tolerance = effect.atol + effect.rtol * abs(b)
    if tolerance == 0:
        return 0.0 if gap == 0 else sys.float_info.max
    return min(gap / tolerance, sys.float_info.max)
