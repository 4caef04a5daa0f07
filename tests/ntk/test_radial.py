"""Radial kernels: against the kernels of `harness.ntk.kernels`, and each Matérn kernel against its Bessel
function."""

import mpmath
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from harness.ntk import kernels, radial

X = np.random.default_rng(0).standard_normal((6, 3))
R = cdist(X, X)


def test_they_are_the_kernels_that_experiments_know():
    assert radial.gaussian(R, 0.8) == pytest.approx(kernels.rbf(X, X, 0.8), rel=1e-14)
    assert radial.gamma_exponential(R, 0.8, 1.0) == pytest.approx(kernels.laplace(X, X, 0.8), rel=1e-14)
    assert radial.matern(R, 0.8, 0.5) == pytest.approx(kernels.laplace(X, X, 0.8), rel=1e-14)
    assert radial.matern(R, 0.8, 1.5) == pytest.approx(kernels.matern32(X, X, 0.8), rel=1e-14)
    assert radial.gamma_exponential(R, 0.8, 2.0) == pytest.approx(
        radial.gaussian(R, 0.8 / np.sqrt(2)), rel=1e-14
    )


@pytest.mark.parametrize("nu", [0.3, 0.5, 1.0, 1.5, 2.5, 7.0])
def test_matern_agrees_with_30_digits(nu: float):
    distances = np.array([1e-3, 0.1, 1.0, 5.0])
    for distance, found in zip(distances, radial.matern(distances, 0.7, nu), strict=True):
        with mpmath.workdps(30):
            s = mpmath.sqrt(2 * mpmath.mpf(nu)) * mpmath.mpf(distance) / mpmath.mpf(0.7)
            exact = 2 ** (1 - mpmath.mpf(nu)) / mpmath.gamma(nu) * s**nu * mpmath.besselk(nu, s)
        assert found == pytest.approx(float(exact), rel=1e-12)
    assert radial.matern(np.zeros(1), 0.7, nu) == 1
