"""A training kernel of several outputs, as far as it is measured, and regression with it. Imports no JAX.

If the kernel is too large to be computed, it is multiplied with `PROBES` random vectors:

    ‖Θ‖² = E ‖Θ v‖²   for v of independent entries of variance one    (Hutchinson 1989)

Regression, given f₀, from the residual r = y − f₀(X):

    at time      f₀(x) + Θ(x,X) Θ⁻¹ (I − (I − ηΘ)^t) r    gradient descent on ½Σr², t steps of η
    to the end   f₀(x) + Θ(x,X) Θ⁻¹ r
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, cg

from harness.declare import StageError
from harness.ntk import solve
from harness.ntk.solve import TRUSTED_RESIDUAL

PROBES = 32
"""The number of random vectors. The relative error of ‖Θ‖, and of its change, is at most 1/√(2 · 32) = 12%,
and smaller if a kernel has more eigenvalues."""

ITERATIONS = 500
"""The most conjugate-gradient iterations. Each costs about two steps of training in float64."""

OutputsAtPoints = Float[np.ndarray, "points outputs"]
Multiply = Callable[[OutputsAtPoints], OutputsAtPoints]
"""A function v ↦ Θ v."""


@dataclass(frozen=True)
class SeenKernel:
    """The training kernel of some parameters. `whole_kernel` and `probed_kernel` make it.

    products: Θ V, [points · outputs, columns]
    probes: the number of random columns of V; 0 means that V is the identity, and the products are the kernel
    times: v ↦ Θ v
    """

    products: Float[np.ndarray, "flat columns"]
    probes: int
    times: Multiply

    @property
    def norm(self) -> float:
        """‖Θ‖, the Frobenius norm."""
        return float(np.linalg.norm(self.products) / np.sqrt(max(self.probes, 1)))

    def change_from(self, before: SeenKernel) -> float:
        """‖Θ − Θ_before‖ / ‖Θ_before‖."""
        gap = np.linalg.norm(self.products - before.products)
        return float(gap / np.linalg.norm(before.products))

    def alignment(self, y: OutputsAtPoints) -> float:
        """yᵀΘy / (‖y‖² ‖Θ‖), with each output's targets centred (Cortes et al. 2012 arXiv:1203.0550)."""
        centred = y - y.mean(axis=0)
        return float(np.sum(centred * self.times(centred)) / np.sum(centred**2)) / self.norm

    def after_steps(self, residual: OutputsAtPoints, rate: float, steps: int) -> OutputsAtPoints:
        """The coefficients c for which regression at time is f₀ + Θ(x,X) c."""
        if self.probes:
            left, taken = residual, np.zeros_like(residual)
            for _ in range(steps):
                taken = taken + rate * left
                left = left - rate * self.times(left)
            return taken
        size, nothing = residual.size, np.zeros(residual.size)
        solver = solve.factor("own NTK", self.products)
        of_steps = np.asarray(float(steps)), np.asarray(rate)
        return solver.after(*of_steps, np.eye(size), residual.ravel(), nothing, nothing).reshape(
            residual.shape
        )

    def to_the_end(self, name: str, residual: OutputsAtPoints) -> OutputsAtPoints:
        """The coefficients c for which regression to the end is f₀ + Θ(x,X) c.

        Raises `StageError` if it would leave more than `TRUSTED_RESIDUAL` of the residual.
        """
        if not self.probes:
            return solve.factor(name, self.products).coefficients(residual.ravel()).reshape(residual.shape)
        operator = LinearOperator(
            (residual.size,) * 2, matvec=lambda v: self._flat(v, residual), dtype=np.float64
        )
        found, _ = cg(operator, residual.ravel(), rtol=TRUSTED_RESIDUAL / 10, maxiter=ITERATIONS)
        left = float(
            np.linalg.norm(self._flat(found, residual) - residual.ravel()) / np.linalg.norm(residual)
        )
        if not left <= TRUSTED_RESIDUAL:
            raise StageError(
                f"{name} kernel: after at most {ITERATIONS} conjugate gradients the regression leaves "
                f"{left:.1e} of the targets (trusted: {TRUSTED_RESIDUAL:.0e})"
            )
        coefficients: OutputsAtPoints = found.reshape(residual.shape)
        return coefficients

    def _flat(self, vector: np.ndarray, like: OutputsAtPoints) -> np.ndarray:
        return self.times(vector.reshape(like.shape)).ravel()


def whole_kernel(kernel: Float[np.ndarray, "points points outputs outputs"]) -> SeenKernel:
    """A kernel from its matrix, [points, points, outputs, outputs]."""
    points, _, outputs, _ = kernel.shape
    flat = kernel.transpose(0, 2, 1, 3).reshape(points * outputs, points * outputs)
    return SeenKernel(flat, 0, lambda v: (flat @ v.ravel()).reshape(v.shape))


def probed_kernel(times: Multiply, points: int, outputs: int) -> SeenKernel:
    """A kernel from its products with `PROBES` random vectors, the same for all kernels of one size."""
    vectors = np.random.default_rng(0).standard_normal((PROBES, points, outputs))
    products = [times(vector).ravel() for vector in vectors]
    return SeenKernel(np.stack(products, axis=1), PROBES, times)
