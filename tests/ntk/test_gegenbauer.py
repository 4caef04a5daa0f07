"""Eigenvalues on the sphere, against closed forms and against 50 digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from harness.ntk.gegenbauer import NOISE, AngleKernel, gegenbauer_coefficients, multiplicity
from harness.ntk.sphere import SphereNetwork
from harness.ntk.sphere_kernels import Stationary, sphere_kernel


def kernel(name: str, hidden: int = 1, b_std: float = 0.0, **shape: float) -> AngleKernel:
    network = SphereNetwork(b_std=b_std)
    return sphere_kernel(name, network, hidden, Stationary(**shape))  # type: ignore[arg-type]


def precise(function: object, dimension: int, degree: int) -> float:
    """λ by adaptive quadrature with 50 digits."""
    with mpmath.workdps(50):
        alpha = mpmath.mpf(dimension - 2) / 2

        def polynomial(t: mpmath.mpf) -> mpmath.mpf:
            if dimension == 2:
                return mpmath.chebyt(degree, t)
            return mpmath.gegenbauer(degree, alpha, t) / mpmath.gegenbauer(degree, alpha, 1)

        def integrand(angle: mpmath.mpf) -> mpmath.mpf:
            weight = mpmath.sin(angle) ** (dimension - 2)
            return function(angle) * polynomial(mpmath.cos(angle)) * weight  # type: ignore[operator]

        parts = mpmath.linspace(0, mpmath.pi, 1 + max(4, degree))
        whole = mpmath.quad(lambda a: mpmath.sin(a) ** (dimension - 2), [0, mpmath.pi])
        return float(mpmath.quad(integrand, parts) / whole)


def relu_ntk(angle: mpmath.mpf) -> mpmath.mpf:
    """One hidden layer, no biases: Cho & Saul's J₀ and J₁, Θ(x,x) = 1."""
    pi = mpmath.pi
    first = (mpmath.sin(angle) + (pi - angle) * mpmath.cos(angle)) / pi
    return (first + (pi - angle) / pi * mpmath.cos(angle)) / 2


def deep_ntk(angle: mpmath.mpf) -> mpmath.mpf:
    """Three hidden layers."""
    pi, cosine, tangent = mpmath.pi, mpmath.cos(angle), mpmath.cos(angle)
    for _ in range(3):
        theta = mpmath.acos(cosine)
        cosine = (mpmath.sin(theta) + (pi - theta) * mpmath.cos(theta)) / pi
        tangent = (pi - theta) / pi * tangent + cosine
    return tangent / 4


PRECISE = {
    "ntk": (lambda: kernel("ntk"), relu_ntk),
    "deep": (lambda: kernel("ntk", hidden=3), deep_ntk),
    "laplace": (
        lambda: kernel("laplace", length=0.7),
        lambda a: mpmath.exp(-2 * mpmath.sin(a / 2) / mpmath.mpf(0.7)),
    ),
    "root": (lambda: np.sqrt, mpmath.sqrt),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PRECISE)
@pytest.mark.parametrize(("dimension", "degree"), [(2, 3), (3, 4), (6, 5)])
def test_it_agrees_with_50_digits(name: str, dimension: int, degree: int) -> None:
    make, function = PRECISE[name]
    expected = precise(function, dimension, degree)
    (found,) = gegenbauer_coefficients(make(), dimension, [degree])
    assert abs(found - expected) < NOISE * (2 if name == "root" else 1)  # √π at most, not 1


@pytest.mark.parametrize("length", [0.3, 1.0])
def test_a_gaussian_on_the_sphere_has_bessel_functions(length: float) -> None:
    """exp(−(1−t)/ℓ²) = e^(−s) e^(st), s = 1/ℓ²: λ_k = e^(−s) √(π/2s) I_(k+½)(s) at d = 3 (Minh 2006)."""
    s, degrees = 1 / mpmath.mpf(length) ** 2, range(20)
    size = mpmath.exp(-s) * mpmath.sqrt(mpmath.pi / (2 * s))
    expected = [float(size * mpmath.besseli(k + mpmath.mpf(0.5), s)) for k in degrees]
    found = gegenbauer_coefficients(kernel("gaussian", length=length), 3, list(degrees))
    np.testing.assert_allclose(found, expected, atol=NOISE, rtol=0)


def test_a_polynomial_is_its_harmonics() -> None:
    """t³ = 3/5 P₁ + 2/5 P₃ at d = 3, and λ is the coefficient over the multiplicity."""
    found = gegenbauer_coefficients(lambda angle: np.cos(angle) ** 3, 3, [0, 1, 2, 3, 4])
    np.testing.assert_allclose(found, [0, 3 / 5 / 3, 0, 2 / 5 / 7, 0], atol=NOISE)


@pytest.mark.parametrize(
    ("dimension", "degree", "count"), [(3, 0, 1), (3, 7, 15), (2, 5, 2), (4, 3, 16), (10, 2, 54)]
)
def test_multiplicities(dimension: int, degree: int, count: int) -> None:
    assert multiplicity(dimension, degree) == count


@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_shares_add_up_to_the_kernel_on_its_diagonal(dimension: int) -> None:
    """Mercer; of NTK's λ ~ k^(−d), k^(d−2) times as many, the tail beyond 100 is a constant over 100."""
    degrees = list(range(101))
    shares = gegenbauer_coefficients(kernel("ntk", b_std=0.5), dimension, degrees)
    total = sum(multiplicity(dimension, k) * share for k, share in zip(degrees, shares, strict=True))
    assert 0.98 < total < 1.0


def test_matern_one_half_is_laplace_and_gamma_2_is_gaussian() -> None:
    angles = np.linspace(0, math.pi, 50)
    np.testing.assert_allclose(
        kernel("matern", smoothness=0.5)(angles), kernel("laplace")(angles), rtol=1e-12
    )
    squared = kernel("gamma-exponential", gamma=2.0, length=math.sqrt(2))
    np.testing.assert_allclose(squared(angles), kernel("gaussian")(angles), rtol=1e-12)
    r = 2 * np.sin(angles / 2) * math.sqrt(3)
    np.testing.assert_allclose(kernel("matern")(angles), (1 + r) * np.exp(-r), rtol=1e-12)


@pytest.mark.parametrize(("dimension", "degrees"), [(1, [0]), (3, [-1])])
def test_what_is_no_sphere_and_no_degree_is_refused(dimension: int, degrees: list[int]) -> None:
    with pytest.raises(ValueError, match="expected at least"):
        gegenbauer_coefficients(np.cos, dimension, degrees)
