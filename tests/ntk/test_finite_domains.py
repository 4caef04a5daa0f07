"""Finite domains: their points, modes, and the conservation of learnability."""

import numpy as np
import pytest

from harness.ntk import finite_domains

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("points", [finite_domains.circle(9), finite_domains.hypercube(4)])
def test_points_lie_on_the_sphere_and_differ(points: np.ndarray):
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.sqrt(points.shape[1]))
    assert len(np.unique(points.round(9), axis=0)) == len(points)


def gram_of(points: np.ndarray) -> np.ndarray:
    return np.exp(-np.linalg.norm(points[:, None] - points, axis=2) / 2)


def test_modes_are_orthonormal_and_their_levels_those_of_symmetry():
    """On a hypercube of 4 dimensions parities of k bits share an eigenvalue: 1, 4, 6, 4 and 1 of them."""
    gram = gram_of(finite_domains.hypercube(4))
    found = finite_domains.modes(gram)
    assert found.functions.T @ found.functions / 16 == pytest.approx(np.eye(16), abs=1e-12)
    assert gram @ found.functions / 16 == pytest.approx(found.functions * found.values, abs=1e-12)
    assert sorted(found.spectrum.counts) == [1, 1, 4, 4, 6]
    assert found.spectrum.total == pytest.approx(1.0)


def test_learnability_is_what_regression_keeps_of_each_function():
    points = finite_domains.hypercube(4)
    gram, chosen, ridge = gram_of(points), np.array([0, 3, 5, 6, 11]), 0.2
    basis = finite_domains.random_basis(16, RANDOM)
    found = finite_domains.learnabilities(gram, chosen, ridge, basis)
    for number in range(16):
        phi = basis[:, number]
        alpha = np.linalg.solve(gram[np.ix_(chosen, chosen)] + ridge * np.eye(5), phi[chosen])
        assert found[number] == pytest.approx(
            phi @ gram[:, chosen] @ alpha / (phi @ phi), rel=1e-9, abs=1e-12
        )


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_learnabilities_add_up_to_the_degrees_of_freedom(ridge: float):
    gram = gram_of(finite_domains.circle(24))
    chosen = RANDOM.permutation(24)[:9]
    inside = gram[np.ix_(chosen, chosen)]
    freedom = np.trace(inside @ np.linalg.inv(inside + ridge * np.eye(9)))
    for basis in (finite_domains.modes(gram).functions, finite_domains.random_basis(24, RANDOM)):
        assert finite_domains.learnabilities(gram, chosen, ridge, basis).sum() == pytest.approx(
            freedom, rel=1e-11
        )
    assert (freedom == pytest.approx(9, rel=1e-12)) == (ridge == 0)
    smoothing = finite_domains.smoothed(gram, chosen, finite_domains.random_basis(24, RANDOM)).sum()
    assert smoothing == pytest.approx(np.sum(np.diag(inside) / inside.sum(axis=1)))
