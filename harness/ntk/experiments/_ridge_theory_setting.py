"""The words of `ntk.ridge-theory`, and its parameters as one record. Importing this module imports no
library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Domain = Literal["sphere", "circle", "hypercube"]
TargetName = Literal["none", "linear", "quadratic", "cubic", "mixed"]

POWER: Mapping[TargetName, Mapping[int, float]] = {
    "none": {}, "linear": {1: 1.0}, "quadratic": {2: 1.0}, "cubic": {3: 1.0}, "mixed": {1: 0.5, 2: 0.3, 3:
    0.2}
}  # fmt: skip
"""The share of a target's variance, 1 in all, that lies in each degree of spherical harmonics."""


@dataclass(frozen=True)
class TheorySetting:
    """The parameters of `ntk.ridge-theory`, but for the model's."""

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
        """Features of a point."""
        return 2 if self.geometry == "circle" else self.inputs

    @property
    def added(self) -> float:
        """δ, all that is added to the Gram matrix's diagonal, in units of K(x,x)."""
        return self.ridge + self.train * self.ridge_per_point
