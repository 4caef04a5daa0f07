"""Kernels evaluated tile by tile are those evaluated at once."""

import numpy as np
import pytest

from harness.ntk import blocked, closed_form, kernels, stax_kernels
from harness.ntk.architecture import Architecture

X = np.random.default_rng(5).standard_normal((23, 4))
X_TEST = np.random.default_rng(6).standard_normal((9, 4))
ARCHITECTURE = Architecture(2, 64, "relu", 1.5, 0.1)


@pytest.fixture
def small(monkeypatch):
    """Tiles of 5: five of them, the last with three points."""
    monkeypatch.setattr(blocked, "TILE", 5)
    monkeypatch.setattr(blocked, "WHOLE", 5)


def both(x1, x2):
    return closed_form.nngp_ntk(ARCHITECTURE, x1, x2)


def radial(x1, x2):
    return (kernels.laplace(x1, x1 if x2 is None else x2, 1.3),)


def counted(evaluate):
    """The same, with the pairs that it is asked for."""
    asked = []

    def spy(x1, x2):
        asked.append((x1.shape, None if x2 is None else x2.shape))
        return evaluate(x1, x2)

    return spy, asked


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("evaluate", "which"), [(both, (0, 1)), (both, (1,)), (radial, (0,))])
def test_tiles_are_the_whole(evaluate, which):
    """Equal up to a few roundings of entries of up to 10: NumPy has other instructions for ends of arrays."""
    spy, asked = counted(evaluate)
    grams, whole = blocked.gram(spy, X, which), evaluate(X, None)
    for found, number in zip(grams, which, strict=True):
        np.testing.assert_allclose(found, whole[number], rtol=1e-13, atol=1e-14)
    # 5 on the diagonal and 10 above it, all of one shape: half of the 25.
    assert asked.count(((5, 4), None)) == 5
    assert asked.count(((5, 4), (5, 4))) == 10
    assert len(asked) == 15
    across = blocked.between(evaluate, X_TEST, X, which)
    for found, number in zip(across, which, strict=True):
        np.testing.assert_allclose(found, evaluate(X_TEST, X)[number], rtol=1e-13, atol=1e-14)


@pytest.mark.usefixtures("small")
def test_products_and_diagonals_need_no_matrix():
    """To 1e-13: sums of 23 numbers of one size in another order."""
    gram, cross = both(X, None)[1], both(X_TEST, X)[1]
    vector, columns = np.arange(23.0), np.arange(46.0).reshape(23, 2)
    np.testing.assert_allclose(blocked.times(both, X, 1, vector), gram @ vector, rtol=1e-13)
    np.testing.assert_allclose(blocked.diagonal(both, X, 1), np.diag(gram), rtol=1e-13)
    streamed = blocked.Across(both, X_TEST, X, 1)
    np.testing.assert_allclose(streamed @ vector, cross @ vector, rtol=1e-13)
    np.testing.assert_allclose(streamed @ columns, cross @ columns, rtol=1e-13)


@pytest.mark.usefixtures("small")
def test_a_kernel_across_is_held_up_to_a_size(monkeypatch):
    monkeypatch.setattr(blocked, "CROSS", 9 * 23)
    np.testing.assert_array_equal(blocked.across(both, X_TEST, X, 1), both(X_TEST, X)[1])
    monkeypatch.setattr(blocked, "CROSS", 9 * 23 - 1)
    assert isinstance(blocked.across(both, X_TEST, X, 1), blocked.Across)


@pytest.mark.usefixtures("small")
def test_tiles_are_as_small_as_their_number_allows():
    """Six points are two tiles of three, not one of five and one that is filled up; nine are two of five."""
    spy, asked = counted(both)
    blocked.gram(spy, X[:6], (0,))
    assert asked == [((3, 4), None), ((3, 4), (3, 4)), ((3, 4), None)]
    asked.clear()
    blocked.between(spy, X_TEST, X[:3], (0,))
    assert asked == [((5, 4), (3, 4))] * 2


def test_few_points_are_evaluated_at_once():
    spy, asked = counted(both)
    blocked.gram(spy, X, (1,))
    blocked.between(spy, X_TEST, X, (1,))
    assert asked == [((23, 4), None), ((9, 4), (23, 4))]


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "erf", "gelu"])
def test_tiles_of_neural_tangents_are_the_whole(activation, monkeypatch):
    """Compiled for other shapes, products of 10 numbers may be added in another order: 10 roundings, and ten
    layers' worth of them in each entry, relative to √(K(x,x) K(x',x')); points are far from parallel."""
    x = np.random.default_rng(7).standard_normal((1300, 10))
    architecture = Architecture(2, 64, activation, 1.5, 0.1)
    tiled = stax_kernels.nngp_ntk(architecture, x)
    monkeypatch.setattr(blocked, "WHOLE", len(x))
    for found, expected in zip(tiled, stax_kernels.nngp_ntk(architecture, x), strict=True):
        size = np.sqrt(np.diag(expected))
        assert np.max(np.abs(found - expected) / np.outer(size, size)) <= 100 * np.finfo(float).eps
