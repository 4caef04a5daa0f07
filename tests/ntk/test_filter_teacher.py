"""Signals that one filter decides: what their targets are, by other ways to them."""

import numpy as np

from harness.ntk.filter_teacher import POINTS, SIGNALS, TAPS, filter_signals
from harness.ntk.loading import load

X, Y = filter_signals()


def test_it_is_one_data_set_of_unit_targets():
    assert (X.shape, Y.shape) == ((SIGNALS, POINTS), (SIGNALS,))
    np.testing.assert_allclose([Y.std(), X.std()], [1, 1], atol=0.01)  # x of 98,304 numbers
    found = load("harness.ntk.filter_teacher:filter_signals")
    np.testing.assert_array_equal(found.x, X)
    np.testing.assert_array_equal(found.y, Y)


def test_nine_autocorrelations_tell_its_even_half_and_no_quadratic_function_tells_more():
    """He₂ of a filter, summed over places, is linear in nine autocorrelations: half of y's variance place by
    place, and more or less with what places have in common."""
    lags = [np.sum(X * np.roll(X, -lag, axis=1), axis=1) for lag in range(TAPS)]
    design = np.column_stack([*lags, np.ones(SIGNALS)])
    explained = explained_by(design)
    assert 0.3 < explained < 0.8
    products = np.stack([X[:, i] * X[:, j] for i in range(0, POINTS, 3) for j in range(i + 1)], axis=1)
    # What they add by chance is their share of the signals; twice that is many deviations away.
    assert explained_by(np.column_stack([design, products])) - explained < 2 * products.shape[1] / SIGNALS


def explained_by(design):
    """The share of the targets' variance that a linear function of `design` explains."""
    return np.var(design @ np.linalg.lstsq(design, Y, rcond=None)[0])
