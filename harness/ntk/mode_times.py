"""How long gradient flow on a kernel takes to learn a frequency on the circle. NumPy and SciPy only.

n points on the circle, a target cos(kφ), the flow df/dt = −K (f − y)/n from f = 0: the residual is
e^(−tK/n) y. Where points have the density p, a frequency high enough to be local is learned at the rate
 p(φ) λ_k: in a time ∝ k²/p(φ) if λ_k ~ k^(−2) (Basri et al. 2019 arXiv:1906.00425, 2020 arXiv:2003.04560).
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
"""Of a target's root mean square: what is left of one that counts as learned."""
LATEST = 1e12
"""In units of 1/K(x,x): far beyond, rounding of eigenvalues decides."""


def half_circles(points: int, dense: float) -> Float[np.ndarray, " points"]:
    """Angles: a share `dense` of the points at equal distances on the upper half, the rest on the lower."""
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
    """Gradient flow on a kernel, in its eigenvectors; made by `flow`."""

    values: TrainingLabels
    vectors: Gram
    back: TrainingLabels
    """What eigenvectors of the symmetric form are multiplied with, by point."""

    def time(self, target: TrainingLabels, where: Bool[np.ndarray, " train"]) -> float:
        """When the residual's root mean square over the points `where` is down to `LEARNED` of the target's.

        Raises `StageError` if that takes longer than `LATEST`.
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
    """The flow by K/n; `normalised`, by each row of K over its sum, which no longer knows the density."""
    size = len(gram)
    weight = gram.sum(axis=1) if normalised else np.full(size, float(size))
    root = np.sqrt(weight)
    values, vectors = np.linalg.eigh(gram / root[:, None] / root[None, :])
    return Flow(np.maximum(values, 0.0), vectors, 1 / root * np.sqrt(size))
