"""A symmetric matrix and its factor in one array, against plain NumPy on matrices of known spectrum."""

import numpy as np
import pytest

from harness.ntk import packed
from harness.ntk.packed import Packed


def with_spectrum(values: np.ndarray, seed: int = 0) -> np.ndarray:
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))[0]
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2


@pytest.fixture(params=[3, 1024])
def tile(request, monkeypatch):
    """Tiles that cut 10 points into four, the last of one point, and one tile of all."""
    monkeypatch.setattr(packed, "TILE", request.param)


SPD = with_spectrum(np.geomspace(1e-3, 10, 10))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.usefixtures("tile")
def test_the_matrix_stays_beside_its_factor(order):
    given = np.array(SPD, order=order)
    matrix = Packed(given, overwrite=True)
    assert np.shares_memory(matrix.array, given)
    vector = np.arange(1.0, 11)
    for shift in (0.0, 0.5, 0.0):  # a factor after another begins with the matrix again
        assert matrix.factor(shift)
        shifted = SPD + shift * np.eye(10)
        # eps × condition 1e4 = 2e-12, and a hundred times that
        np.testing.assert_allclose(matrix.solve(vector), np.linalg.solve(shifted, vector), rtol=1e-10)
        np.testing.assert_allclose(np.tril(matrix.array), np.linalg.cholesky(shifted), rtol=1e-10)
        np.testing.assert_array_equal(matrix.whole(), SPD)
        np.testing.assert_allclose(matrix.times(vector), SPD @ vector, rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(matrix.diagonal, np.diag(SPD))
    assert matrix.norm == pytest.approx(np.linalg.norm(SPD, 1), rel=1e-14)
    np.testing.assert_allclose(matrix.eigen()[0], np.geomspace(1e-3, 10, 10), rtol=1e-9)


@pytest.mark.usefixtures("tile")
def test_an_array_that_is_not_given_away_stays_as_it_is():
    given = SPD.copy()
    Packed(given).factor(1.0)
    np.testing.assert_array_equal(given, SPD)
    fixed = SPD.copy()
    fixed.flags.writeable = False
    Packed(fixed, overwrite=True).factor(1.0)
    np.testing.assert_array_equal(fixed, SPD)


@pytest.mark.usefixtures("tile")
def test_what_is_not_symmetric_is_its_symmetric_part():
    skew = np.triu(np.full((10, 10), 0.125), 1)
    matrix = Packed(SPD + skew)
    np.testing.assert_array_equal(matrix.whole(), (SPD + skew + (SPD + skew).T) / 2)


@pytest.mark.usefixtures("tile")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_counted(bad):
    given = SPD.copy()
    given[0, 9] = given[4, 4] = given[5, 3] = bad
    assert Packed(given).not_finite == 3
    given[9, 0] = bad  # symmetric now
    assert Packed(given).not_finite == 4
    assert Packed(SPD).not_finite == 0


def test_what_is_not_positive_definite_has_no_factor():
    assert not Packed(with_spectrum(np.array([-1e-3, 1, 2, 3]))).factor(0.0)
    assert Packed(with_spectrum(np.array([-1e-3, 1, 2, 3]))).factor(2e-3)


@pytest.mark.parametrize("condition", [1e1, 1e6, 1e12])
def test_the_condition_number_is_estimated_within_a_factor_of_three(condition):
    """By LAPACK: never above the truth, and these matrices are none that were made to fool it."""
    for seed in range(5):
        given = with_spectrum(np.geomspace(1 / condition, 1, 40), seed)
        matrix = Packed(given)
        assert matrix.factor(0.0)
        truth = np.linalg.cond(given, 1)
        # An inverse of condition 1e12 is good to 1e-4.
        assert truth / 3 <= matrix.condition_estimate(0.0) <= truth * (1 + 1e-3)
        assert np.linalg.cond(given, 2) <= truth * (1 + 1e-3)
