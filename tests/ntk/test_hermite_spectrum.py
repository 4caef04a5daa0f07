"""Eigenvalues from variances alone: the series of a kernel, products of variances, and Gram matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.declare import find
from harness.ntk import hermite_spectrum as ansatz
from harness.ntk.named_zonal import Family


def test_variances_add_up_to_their_number() -> None:
    gamma = ansatz.variances(6, 1.5)
    assert gamma.sum() == pytest.approx(6)
    assert gamma[0] / gamma[3] == pytest.approx(8)
    x = ansatz.gaussian_points(20_000, gamma, np.random.default_rng(0))
    assert x.var(axis=0) == pytest.approx(gamma, rel=0.05)  # a standard error of 1%


def test_the_series_of_an_exponential() -> None:
    found = ansatz.power_series(lambda angle: np.exp(2 * np.cos(angle)))
    assert found == pytest.approx([2**degree / math.factorial(degree) for degree in range(5)], rel=1e-9)


def test_relus_series_is_cho_and_sauls() -> None:
    """One hidden layer, NNGP: (sin θ + (π − θ) cos θ)/π = 1/π + u/2 + u²/2π + 0 u³ + u⁴/24π + …"""
    family = Family("fully-connected", {"hidden": 1, "b_std": 0.0}, 1.0, 1.0, 1.5)
    found = ansatz.power_series(family.zonal("nngp", 5).profile)
    expected = [1 / math.pi, 1 / 2, 1 / (2 * math.pi), 0, 1 / (24 * math.pi)]
    assert found == pytest.approx(expected, abs=1e-8)


def test_products_of_variances() -> None:
    gamma, series = np.array([3.0, 1.0]), np.array([0.5, 0.2, 0.1, 0.0, 0.0])
    second = 2 * 0.1 / 16
    expected = [0.5, 0.2 * 3 / 4, second * 9, 0.2 / 4, second * 3, second]
    assert ansatz.ansatz_eigenvalues(series, gamma, 6) == pytest.approx(sorted(expected, reverse=True))


def test_kernels_anywhere_are_those_of_the_sphere_on_it() -> None:
    family = Family("fully-connected", {"hidden": 2}, 0.7, 1.2, 2.5)
    x = np.random.default_rng(1).standard_normal((5, 4))
    x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
    for name in ("ntk", "nngp", "gaussian", "matern", "laplace"):
        assert family.anywhere(name, x) == pytest.approx(family.zonal(name, 4)(x, x), abs=1e-9)


def test_a_kernel_that_is_the_ansatz_is_predicted() -> None:
    """u = x·x'/r²: eigenvalues are variances over r², here sampled by 4000 points, to 2%."""
    gamma = ansatz.variances(5, 1.0)
    x = ansatz.gaussian_points(4000, gamma, np.random.default_rng(2))
    covariance = x.T @ x / len(x) / gamma.sum()
    found = np.linalg.eigvalsh(covariance)[::-1]
    expected = ansatz.ansatz_eigenvalues(np.array([0.0, 1.0, 0.0, 0.0, 0.0]), gamma, 5)
    assert ansatz.typical_log_error(found, expected) < 0.05
    assert ansatz.sampled(x[:50] @ x[:50].T, 3) == pytest.approx(
        np.linalg.eigvalsh(x[:50].T @ x[:50] / 50)[::-1][:3]
    )


def test_the_ansatz_beats_its_controls() -> None:
    found = find("ntk.hermite-spectrum").function(
        seed=0, stages=frozenset({"ntk"}), points=300, modes=15, hidden=1, b_std=0.5
    )
    assert found["ntk.eigenvalue-error"] < found["ntk.eigenvalue-error-of-alike"]
