"""Regression with networks' own tangent kernels, before or after training.

The after-kernel, that of a trained network's parameters, has learned from the data (Long 2021
arXiv:2105.10585). The kernel at initialisation is the one that the infinitely wide network's NTK
approximates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.model import Model, Params
from harness.ntk.solve import Cross, Gram, Solver, factor


@dataclass(frozen=True)
class OwnKernels:
    """The tangent kernels of several networks, factored, float64. `own_kernels` makes it."""

    grams: list[Gram]
    crosses: list[Cross]
    solvers: list[Solver]

    def regression(self, y: Float[np.ndarray, "train nets"]) -> Float[np.ndarray, "test nets"]:
        """K(x,X) (K(X,X) + ridge)⁻¹ y, with each network's kernel and its own column of targets.

        Raises `StageError` as `Solver.coefficients` does.
        """
        columns = [
            solver.regression(cross, y[:, number])
            for number, (solver, cross) in enumerate(zip(self.solvers, self.crosses, strict=True))
        ]
        return np.stack(columns, axis=1)

    def change_from(self, before: OwnKernels) -> Float[np.ndarray, " nets"]:
        """‖Θ − Θ_before‖ / ‖Θ_before‖ on the training points, Frobenius norms."""
        pairs = zip(self.grams, before.grams, strict=True)
        return np.array([np.linalg.norm(now - then) / np.linalg.norm(then) for now, then in pairs])


def own_kernels(
    name: str,
    params: list[Params],
    model: Model,
    x: Float[np.ndarray, "train inputs"],
    x_test: Float[np.ndarray, "test inputs"],
    ridge: float,
) -> OwnKernels:
    """The kernels of networks with these parameters, each with a ridge of `ridge` times its mean diagonal.

    Raises `StageError` as `solve.factor` does; `name` appears in the message.
    """
    grams = [model.tangent_kernel(each, x) for each in params]
    crosses = [model.tangent_kernel(each, x_test, x) for each in params]
    return factored(name, grams, crosses, ridge)


def factored(name: str, grams: list[Gram], crosses: list[Cross], ridge: float) -> OwnKernels:
    """The same for kernels that are already computed."""
    solvers = [factor(name, gram, ridge * float(np.trace(gram)) / len(gram)) for gram in grams]
    return OwnKernels(grams, crosses, solvers)
