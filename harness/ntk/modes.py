"""How fast each eigenmode of a kernel decays in training, as measured and as the kernel predicts.

Under gradient descent with a fixed kernel of eigenvalues λ and eigenvectors v, each step multiplies the
component v·r of the residual by 1 − ηλ (Jacot et al. 2018 arXiv:1806.07572, section 5; Arora et al. 2019
arXiv:1901.08584, Theorem 4.1).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from harness.ntk.solve import Solver

Rates = Float[np.ndarray, " train"]


def decay_rates(
    residuals: Float[np.ndarray, "steps_and_one train"], solver: Solver, rate: float
) -> tuple[Rates, Rates]:
    """Measured and predicted decay per step of each mode of the solver's kernel, where `rate` is η.

    Decay is measured over the first 1/(ηλ) steps, rounded, in which the kernel predicts a fall to about 1/e.
    A mode that needs more steps than there are is measured over all of them. It is negative if a component
    grew.
    """
    pace = rate * np.maximum(solver.eigenvalues, 0.0)
    longest = len(residuals) - 1
    steps = np.clip(np.rint(1 / np.maximum(pace, 1 / longest)), 1, longest).astype(int)
    components = residuals @ solver.eigenvectors
    with np.errstate(divide="ignore"):  # a component that is 0 has an infinite rate
        measured = -np.log(np.abs(components[steps, np.arange(len(steps))] / components[0])) / steps
        predicted = -np.log(np.abs(1 - pace))
    return measured, predicted


def typical_error(measured: Rates, predicted: Rates) -> float:
    """The median over modes of |measured / predicted − 1|.

    A mode whose initial residual is small receives what leaks from the others, so a mean over modes would
    depend on the smallest component alone.
    """
    return float(np.median(np.abs(measured / predicted - 1)))
