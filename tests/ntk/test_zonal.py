"""Kernels on the sphere as functions of an angle: their values, spectra, and points."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import closed_form, radial, zonal
from harness.ntk.architecture import Architecture
from harness.ntk.gegenbauer import multiplicity
from harness.ntk.sphere_pairs import pairs

NETWORK = Architecture(2, 64, w_std=1.5, b_std=0.1)


@pytest.mark.parametrize("which", ["nngp", "ntk"])
@pytest.mark.parametrize("dimension", [2, 3, 9])
def test_a_networks_kernel_is_that_of_the_closed_form(which: str, dimension: int):
    """The spline's error is 1e-15 of κ(0), far pairs and near ones alike."""
    random = np.random.default_rng(0)
    x, y = zonal.uniform(20, dimension, random), zonal.uniform(10, dimension, random)
    y[0], y[1] = x[0], -x[1]
    y[2] = zonal.point_beside(x[2], 1e-6, random)
    column = 0 if which == "nngp" else 1
    exact = closed_form.nngp_ntk(NETWORK, x, y)[column] / closed_form.nngp_ntk(NETWORK, x[:1])[column]
    found = zonal.of_network(NETWORK, which, dimension)(x, y)
    assert np.max(np.abs(found - exact)) < 4e-15


@pytest.mark.parametrize("dimension", [2, *(pytest.param(d, marks=pytest.mark.slow) for d in (3, 6))])
def test_eigenvalues_agree_with_50_digits(dimension: int):
    """Laplace's, by mpmath's own quadrature of the definition, Gegenbauer polynomials by their formula."""
    found = zonal.of_distance(lambda r: radial.gamma_exponential(r, 0.7, 1.0), dimension).spectrum(12)

    def moment(integrand: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
        return mpmath.quad(lambda t: integrand(t) * mpmath.sin(t) ** (dimension - 2), [0, mpmath.pi])

    def polynomial(k: int, t: mpmath.mpf) -> mpmath.mpf:
        """By Rodrigues' sum over powers, not by the recurrence."""
        if dimension == 2:
            return mpmath.cos(k * t)
        a = mpmath.mpf(dimension - 2) / 2
        terms = (
            (-1) ** j * mpmath.rf(a, k - j) / (mpmath.factorial(j) * mpmath.factorial(k - 2 * j))
            * (2 * mpmath.cos(t)) ** (k - 2 * j)
            for j in range(k // 2 + 1)
        )  # fmt: skip
        return mpmath.fsum(terms) / (mpmath.rf(2 * a, k) / mpmath.factorial(k))

    with mpmath.workdps(50):
        whole = moment(lambda t: mpmath.mpf(1))
        for k in (0, 1, 4, 12):
            kernel = moment(
                lambda t, k=k: mpmath.exp(-2 * mpmath.sin(t / 2) / mpmath.mpf(0.7)) * polynomial(k, t)
            )
            assert abs(found.values[k] - float(kernel / whole)) < 3e-16


def test_eigenvalues_add_up_to_the_diagonal():
    """Σ N λ = κ(0), in four dimensions with Matérn-5/2: what is beyond degree k falls as k^(−5)."""
    found = zonal.of_distance(lambda r: radial.matern(r, 0.5, 2.5), 4)
    tails = [found.spectrum(highest).tail for highest in (25, 50, 100)]
    assert tails[-1] < 1e-6
    assert np.diff(np.log2(tails)) == pytest.approx([-5, -5], abs=0.3)
    assert found.spectrum(25).total == pytest.approx(1.0, abs=1e-15)
    assert len(found.spectrum(5).values) == 6, "what it keeps is by degree"
    assert found.spectrum(25) is found.spectrum(25)


@pytest.mark.parametrize("dimension", [2, 5])
def test_harmonics_are_orthogonal(dimension: int):
    """E P_j P_k = δ_jk / N(d,k), by a quadrature of the square of what is tested."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    theta = np.pi * (nodes + 1) / 2
    measure = weights * np.sin(theta) ** (dimension - 2)
    p = zonal.gegenbauer(dimension, 6, np.cos(theta))
    gram = (p * measure) @ p.T / measure.sum()
    assert gram == pytest.approx(np.diag([1 / multiplicity(dimension, k) for k in range(7)]), abs=1e-12)


def test_separated_points_keep_their_distance():
    """A cap of 1/n of the sphere in three dimensions has the angle arccos(1 − 2/n)."""
    x = zonal.separated(50, 3, 0.6, np.random.default_rng(0))
    apart = pairs(x, x).angle + 4 * np.eye(50)
    assert apart.min() >= 0.6 * np.arccos(1 - 2 / 50) > 0.9 * 0.6 * 0.28
    assert np.linalg.norm(x, axis=1) == pytest.approx(np.sqrt(3))
    with pytest.raises(StageError, match="expected room for 50"):
        zonal.separated(50, 3, 1.9, np.random.default_rng(0))


def test_a_point_beside_another():
    x = zonal.uniform(1, 4, np.random.default_rng(1))
    near = zonal.point_beside(x[0], 1e-3, np.random.default_rng(2))
    assert pairs(x, near[None]).angle[0, 0] == pytest.approx(1e-3, rel=1e-9)
