"""The experiment `ntk.hermite-spectrum`: the eigenvalues of kernels on Gaussian data, and a formula for them.

Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, StageError, Value, experiment, stage
from harness.ntk.names import SphereKernel

CONTROL: Mapping[SphereKernel, SphereKernel] = {"ntk": "nngp", "nngp": "ntk", "gaussian": "matern"}
"""The measured kernels. Each maps to the kernel whose series its control uses."""
_MEDIAN = "median over the largest modes of |ln λ/λ'|, λ of the Gram matrix, λ'"
_ABOUT = {
    "eigenvalue-error": f"{_MEDIAN} of the ansatz",
    "eigenvalue-error-of-alike": f"{_MEDIAN} of the ansatz with one variance in all directions",
    "eigenvalue-error-of-the-control": f"{_MEDIAN} of the ansatz for the neighbouring kernel",
}

QUANTITIES = {
    f"{kernel}.{name}": Quantity(f"{kernel}: {about}", resolution=1e-6, stage=kernel)
    for kernel in CONTROL
    for name, about in _ABOUT.items()
}


@experiment(
    "ntk.hermite-spectrum",
    version=1,
    quantities=QUANTITIES,
    about={
        "model": "the network whose kernels ntk and nngp are: a model of the package",
        "inputs": "features of a point",
        "decay": "a: the i-th feature has a variance in proportion to i^(−a); together they have `inputs`",
        "points": "points that are drawn",
        "modes": "eigenvalues that are compared, the largest",
        "length": "length of the kernels of the distance, in units of √inputs",
    },
    precision="float64",
)
def hermite_spectrum(
    *,
    seed: int,
    stages: frozenset[str],
    model: str = "fully-connected",
    inputs: Annotated[int, Meta(ge=2, le=32)] = 20,
    decay: Annotated[float, Meta(ge=0, le=8)] = 0.5,
    points: Annotated[int, Meta(ge=2, le=8192)] = 1000,
    modes: Annotated[int, Meta(ge=2, le=512)] = 30,
    length: Annotated[float, Meta(gt=0)] = 2.0,
    **of_model: Value,
) -> dict[str, float]:
    """Draw Gaussian points, and compare eigenvalues of Gram matrices with what the data's variances predict.

    Karkada et al. 2025 (arXiv:2510.14878) predict products of the variances, times the coefficients of the
    kernel's series on a sphere.
    """
    import numpy as np

    from harness.ntk import hermite_spectrum as ansatz
    from harness.ntk.named_zonal import Family

    family = Family(model, of_model, length, 1.0, 1.5)
    gamma = ansatz.variances(inputs, decay)
    x = ansatz.gaussian_points(points, gamma, np.random.default_rng(seed))
    alike = np.full(inputs, gamma.mean())
    measured: dict[str, float] = {}
    for kernel, control in CONTROL.items():
        if kernel not in stages:
            continue
        with stage(kernel):
            found = ansatz.sampled(family.anywhere(kernel, x), modes)
            own, other = (
                ansatz.power_series(family.zonal(each, inputs).profile) for each in (kernel, control)
            )
            expected = {
                "eigenvalue-error": ansatz.ansatz_eigenvalues(own, gamma, modes),
                "eigenvalue-error-of-alike": ansatz.ansatz_eigenvalues(own, alike, modes),
                "eigenvalue-error-of-the-control": ansatz.ansatz_eigenvalues(other, gamma, modes),
            }
            try:
                errors = {name: ansatz.typical_log_error(found, each) for name, each in expected.items()}
            except FloatingPointError as error:
                raise StageError(str(error)) from error
            measured |= {f"{kernel}.{name}": error for name, error in errors.items()}
    return measured
