"""NNGP and NTK by sampling: random numbers estimate each Gaussian expectation of the recursion over layers.

It uses no formula for an activation's duals, only the activation, and so is an independent check of subjects
that use such formulas (the Monte Carlo estimates of Novak et al. 2019 arXiv:1810.05148 sample finite networks
instead).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from harness.ntk.architecture import Architecture
from harness.ntk.duals import evaluate
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.subjects import Kernels

SAMPLES = 4096
REPLICATES = 32

Grams = Float[np.ndarray, "replicates points points"]


def monte_carlo(
    x1: Rows,
    x2: Columns | None,
    architecture: Architecture,
    *,
    seed: int = 0,
    samples: int = SAMPLES,
    replicates: int = REPLICATES,
) -> Kernels:
    """The mean over `replicates` runs through the layers, each with `samples` draws per layer.

    Standard errors come from the spread between runs, and fall as (samples · replicates)^(-1/2). A run's
    nonlinear steps bias it by O(1/samples), which at the defaults is below a tenth of the standard error.
    """
    random = np.random.default_rng([seed, 0x4D43])
    points = np.asarray(x1 if x2 is None else np.concatenate([x1, x2]), dtype=np.float64)
    entering = np.broadcast_to(points @ points.T / points.shape[1], (replicates, len(points), len(points)))
    tangent: Matrix | Grams = np.zeros_like(entering)
    for number in range(architecture.hidden + 1):
        fan_in = architecture.width if number else points.shape[1]
        w_std, b_std = architecture.scales(number, fan_in)
        nngp = w_std**2 * entering + b_std**2
        of_weights = fan_in if architecture.parameterization == "standard" else w_std**2
        own = of_weights * entering + architecture.bias_slope(number) ** 2
        tangent = w_std**2 * tangent + own
        if number < architecture.hidden:
            draws = random.standard_normal((replicates, samples, len(points))) @ _root(nngp)
            values, slopes = evaluate(architecture.activation, draws, architecture.negative_slope)
            entering = values.transpose(0, 2, 1) @ values / samples
            tangent = tangent * (slopes.transpose(0, 2, 1) @ slopes / samples)
    rows, columns = slice(len(x1)), slice(None) if x2 is None else slice(len(x1), None)
    estimates = [kernel[:, rows, columns] for kernel in (nngp, tangent)]
    nngp_mean, ntk_mean = (each.mean(axis=0) for each in estimates)
    nngp_error, ntk_error = (each.std(axis=0, ddof=1) / np.sqrt(replicates) for each in estimates)
    return Kernels(nngp_mean, ntk_mean, nngp_error, ntk_error, replicates)


def _root(covariance: Grams) -> Grams:
    """R with RᵀR = covariance, which may be singular.

    Rows and columns are first scaled to a diagonal of one, so that points of very different lengths keep
    their digits.
    """
    deviations = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    scale = np.where(deviations == 0, 1, deviations)
    values, vectors = np.linalg.eigh(covariance / (scale[:, :, None] * scale[:, None, :]))
    root: Grams = np.sqrt(np.maximum(values, 0))[:, :, None] * vectors.transpose(0, 2, 1) * scale[:, None, :]
    return root
