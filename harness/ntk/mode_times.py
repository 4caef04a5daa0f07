"""How long gradient flow on a kernel takes to learn a frequency on the circle. NumPy and SciPy only.

n points on the circle, a target cos(kφ), the flow df/dt = −K (f − y)/n from f = 0: the residual is e^(−tK/n)
y. If points have the density p, a frequency high enough to be local is learned at the rate p(φ) λ_k: in a
time ∝ k²/p(φ) if λ_k ~ k^(−2) (Basri et al. 2019 arXiv:1906.00425, 2020 arXiv:2003.04560).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import brentq

from harness.declare import StageError
from harness.ntk.risk_estimates import TrainingLabels
from harness.ntk.solve import Gram

LEARNED = 0.05
"""The share of a target's root mean square that is left when it counts as learned."""
LATEST = 1e12
"""The latest time, in units of 1/K(x,x). Far beyond it, rounding of eigenvalues decides."""


def half_circles(points: int, dense: float) -> Float[np.ndarray, " points"]:
    """Angles: a share `dense` of the points evenly spaced on the upper half, the rest on the lower half."""
    upper = round(points * dense)
    if not 0 < upper < points:
        raise StageError(f"points: expected some on either half, found {upper} of {points} on the upper")
    above, below = (np.pi * (np.arange(number) + 0.5) / number for number in (upper, points - upper))
    return np.concatenate([above, np.pi + below])


def on_circle(angle: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 2"]:
    """The points at these angles, of norm √2."""
    points: Float[np.ndarray, "points 2"] = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points


@dataclass(frozen=True)
class Flow:
    """Gradient flow on a kernel, in its eigenvectors. `flow` makes it."""

    values: TrainingLabels
    vectors: Gram
    back: TrainingLabels
    """The factor for each point that turns eigenvectors of the symmetric form into those of the flow."""

    def time(self, target: TrainingLabels, where: Bool[np.ndarray, " train"]) -> float:
        """The time at which the residual over the points `where` has fallen to `LEARNED` of the target.

        Both are root mean squares. Raises `StageError` if that takes longer than `LATEST`.
        """
        modes = self.vectors.T @ (target / self.back)
        size = float(np.sqrt(np.mean(target[where] ** 2)))

        def left(logarithm: float) -> float:
            residual = self.back * (self.vectors @ (np.exp(-np.exp(logarithm) * self.values) * modes))
            return float(np.sqrt(np.mean(residual[where] ** 2))) / size - LEARNED

        first, last = -7.0, float(np.log(LATEST))
        if left(last) > 0:
            raise StageError(
                f"gradient flow: expected {1 - LEARNED:.0%} learned by the time {LATEST:g}, found less"
            )
        found: float = brentq(left, first, last, xtol=1e-13)
        return float(np.exp(found))


def flow(gram: Gram, normalised: bool = False) -> Flow:
    """The flow by K/n. If `normalised`, each row of K is divided by its sum, which removes the density."""
    size = len(gram)
    weight = gram.sum(axis=1) if normalised else np.full(size, float(size))
    root = np.sqrt(weight)
    values, vectors = np.linalg.eigh(gram / root[:, None] / root[None, :])
    return Flow(np.maximum(values, 0.0), vectors, 1 / root * np.sqrt(size))
