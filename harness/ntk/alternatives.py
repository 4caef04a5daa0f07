"""Kernels that a claim must distinguish from the NTK, and the nearest of them.

A claim that one kernel regression predicts a network says little if another one predicts it too. The
alternatives of a trial are regressions with other kernels than the NTK: the NNGP, which depends on the
network but not on its training, and the RBF, Laplace and Matérn-3/2 kernels, which depend on neither. Which
of them is nearest depends on data and depth: Laplace and NTK span the same functions on the sphere (Chen & Xu
2021 arXiv:2009.10683), and the NNGP resembles a Matérn kernel (Muyskens et al. 2024 arXiv:2410.08311). So
each trial takes the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk import solve
from harness.ntk.blocked import Across
from harness.ntk.measures import ErrorRuler, Predictions
from harness.ntk.sizes import DIRECT
from harness.ntk.solve import AtTest, Cross, Gram, Regressor, Solver, Vector

KernelFunction = Callable[[Float[np.ndarray, "rows inputs"], Float[np.ndarray, "columns inputs"]], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """A kernel factored on the training points, and the same kernel between test and training points."""

    solver: Regressor
    cross: Cross | Across
    y: Float[np.ndarray, " train"]

    def regression(self) -> Float[np.ndarray, " test"]:
        """What regression predicts at the test points. Raises `StageError` as `Solver.coefficients` does."""
        return self.solver.regression(self.cross, self.y)

    def given(self, f0_train: Vector, f0_test: AtTest) -> AtTest:
        """Regression on the residuals of the initial functions, added to them.

        Raises as `regression` does.
        """
        return self.solver.given(self.cross, self.y, f0_train, f0_test)

    @property
    def factored(self) -> Solver:
        """The factored kernel. Raises `StageError` if there are too many points to factor it."""
        if not isinstance(self.solver, Solver):
            points = f"expected at most {DIRECT} points, found {len(self.y)}"
            raise StageError(f"{self.solver.name} kernel: to factor it, {points}")
        return self.solver

    def with_tuned_ridge(self) -> Float[np.ndarray, " test"]:
        """What regression predicts with the ridge that leave-one-out prefers, at any condition."""
        return self.factored.leave_one_out(self.cross, self.y).predictions


def fit(
    name: str,
    kernel: KernelFunction,
    x: Float[np.ndarray, "train inputs"],
    y: Float[np.ndarray, " train"],
    x_test: Float[np.ndarray, "test inputs"],
    ridge: float,
) -> Fitted:
    """Factor a kernel with a ridge of `ridge` times its mean diagonal.

    Raises `StageError` as `solve.factor` does.
    """
    return fitted(name, kernel(x, x), kernel(x_test, x), y, ridge)


def fitted(name: str, gram: Gram, cross: Cross, y: Float[np.ndarray, " train"], ridge: float) -> Fitted:
    """`fit` for a kernel that is already computed."""
    return Fitted(solve.factor(name, gram, ridge * float(np.trace(gram)) / len(y)), cross, y)


def nearest(ruler: ErrorRuler, network: Predictions, alternatives: Mapping[str, Predictions]) -> float:
    """The distance from networks to the nearest of the alternatives in this trial."""
    return min(ruler.distance(network, alternative) for alternative in alternatives.values())
