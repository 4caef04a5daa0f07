"""What passes from planning to measuring and judging.

A *trial* is what is measured: one experiment at one point with one seed. A *reading* is one quantity of
the trials at a point. An *effect* reduces readings to one number x_s per seed. A *question* asks whether
the centre of the x_s lies in a region, at a stated error rate. Every claim is a conjunction of questions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Value = int | float | str | bool
Params = tuple[tuple[str, Value], ...]
Center = Literal["mean", "pseudomedian", "median"]
Scale = Literal["log", "linear"]


@dataclass(frozen=True)
class Trial:
    """One experiment at one point with one seed.

    `params` holds every parameter of the experiment, defaults filled in, each of its declared type (so
    that 1 and 1.0 are one), sorted by name.
    """

    run: str
    params: Params
    seed: int

    @cached_property
    def key(self) -> str:
        """Canonical JSON text: equal for equal trials, on every machine."""
        return json.dumps([self.run, self.params, self.seed], ensure_ascii=True, separators=(",", ":"))

    def __hash__(self) -> int:
        """Of the key, which a string computes once; trials are looked up millions of times."""
        return hash(self.key)

    def arguments(self) -> dict[str, Value]:
        """The parameters as Python keyword arguments."""
        return arguments(self.params)


def arguments(params: Params) -> dict[str, Value]:
    """Parameters, named as suites do, as Python keyword arguments."""
    return {name.replace("-", "_"): value for name, value in params}


@dataclass(frozen=True)
class Reading:
    """One quantity at one point, over all seeds."""

    run: str
    params: Params
    quantity: str

    def trial(self, seed: int) -> Trial:
        """The trial that yields this reading's number for `seed`."""
        return Trial(self.run, self.params, seed)


@dataclass(frozen=True)
class Region:
    """An open interval (low, high) of effects; an infinite end is an open side."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Linear:
    """x_s = Σ weight · g(reading), g the logarithm or the identity. Every interval predicate is one."""

    readings: tuple[Reading, ...]
    weights: tuple[float, ...]
    scale: Scale
    floor: float = 0.0
    """The size of an x_s that is only rounding: √Σ(weight · resolution)², in units of x."""


@dataclass(frozen=True)
class Closeness:
    """x_s = |a − b| / (atol + rtol·|b|): at most 1 where numpy.allclose holds. Of one reading, b is 0."""

    readings: tuple[Reading, ...]
    rtol: float
    atol: float


@dataclass(frozen=True)
class Question:
    """Does the centre of the effect lie in the region? One sequential test (or, for `Closeness`, one
    look at exactly `budget` seeds).

    `alpha` is the one-sided chance of a wrong *supported*, `alpha_refute` of a wrong *refuted* (a
    conjunction of k parts refutes each at α/(k−1)).
    `exchanged` swaps the two verdicts (`differ`). No look is smaller than `least` (`rare`).
    """

    name: str
    effect: Linear | Closeness
    region: Region
    center: Center
    alpha: float
    alpha_refute: float
    budget: int
    exchanged: bool = False
    least: int = 0

    def trials(self, seeds: Iterable[int]) -> list[Trial]:
        """The distinct trials that the question reads for these seeds."""
        return list(dict.fromkeys(r.trial(s) for s in seeds for r in self.effect.readings))
