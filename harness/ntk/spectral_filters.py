"""Ridge regression and gradient flow on one kernel, over a whole grid of strengths. NumPy only.

In the eigenvectors of the Gram matrix, of eigenvalues s, both multiply a label's component by a filter and a
prediction by filter/s: s/(s + δ) for the ridge δ, and 1 − e^(−ts) for gradient flow on ½Σr² after the time t.
Ali, Kolter & Tibshirani 2019 (arXiv:1810.10082) compare the two at t = 1/δ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.risk_estimates import TrainingLabels
from harness.ntk.solve import Cross, Gram

Strengths = Float[np.ndarray, " strengths"]
Risks = Float[np.ndarray, " strengths"]


@dataclass(frozen=True)
class Filters:
    """A training set in the eigenvectors of its kernel. `of` makes it."""

    values: TrainingLabels
    cross: Cross
    """The kernel between test points and eigenvectors."""
    labels: TrainingLabels
    """The components of the training labels."""
    clean: Float[np.ndarray, " test"]
    """The clean test targets."""

    @staticmethod
    def of(gram: Gram, cross: Cross, y: TrainingLabels, clean: Float[np.ndarray, " test"]) -> Filters:
        values, vectors = np.linalg.eigh(gram)
        return Filters(np.maximum(values, 0.0), cross @ vectors, vectors.T @ y, clean)

    def ridge(self, ridges: Strengths) -> Risks:
        """Risk over the clean targets at each ridge."""
        return self._risks(1 / (self.values + ridges[:, None]))

    def flow(self, times: Strengths) -> Risks:
        """Risk over the clean targets of gradient flow from 0 at each time."""
        safe = np.where(self.values > 0, self.values, 1.0)
        done = -np.expm1(-times[:, None] * self.values)
        return self._risks(np.where(self.values > 0, done / safe, times[:, None]))

    def _risks(self, weights: Float[np.ndarray, "strengths train"]) -> Risks:
        predictions = (weights * self.labels) @ self.cross.T
        risks: Risks = np.mean((predictions - self.clean) ** 2, axis=1)
        return risks
