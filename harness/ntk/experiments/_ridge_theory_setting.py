"""The types of `ntk.ridge-theory`'s parameters, and the parameters as one record.

Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Domain = Literal["sphere", "circle", "hypercube"]
TargetName = Literal["none", "linear", "quadratic", "cubic", "mixed", "teacher"]

_POWER: Mapping[TargetName, Mapping[int, float]] = {
    "none": {},
    "linear": {1: 1.0},
    "quadratic": {2: 1.0},
    "cubic": {3: 1.0},
    "mixed": {1: 0.5, 2: 0.3, 3: 0.2},
}


def power_by_degree(target: TargetName, dimension: int) -> Mapping[int, float]:
    """The share of a target's variance in each degree of spherical harmonics. Shares add up to 1.

    "teacher" has those of x₁ + x₁x₂ (`harness.ntk.data.sphere_teacher`): E x₁² = 1 and E x₁²x₂² = d/(d+2).
    """
    if target == "teacher":
        whole = 1 + dimension / (dimension + 2)
        return {1: 1 / whole, 2: 1 - 1 / whole}
    return _POWER[target]


@dataclass(frozen=True)
class TheorySetting:
    """The parameters of `ntk.ridge-theory`, except those of the model."""

    seed: int
    geometry: Domain
    inputs: int
    points: int
    train: int
    test: int
    sets: int
    target: TargetName
    noise: float
    ridge: float
    ridge_per_point: float
    length: float
    gamma: float
    nu: float
    gap: float
    separation: float
    spike: float

    @property
    def dimension(self) -> int:
        """The number of features of a point."""
        return 2 if self.geometry == "circle" else self.inputs

    @property
    def added(self) -> float:
        """δ: the total that is added to the Gram matrix's diagonal, in units of K(x,x)."""
        return self.ridge + self.train * self.ridge_per_point
