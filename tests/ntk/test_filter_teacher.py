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


def test_nine_autocorrelations_tell_its_even_half_and_places_further_apart_tell_nothing():
    """He₂ of a filter, summed over places, is linear in nine autocorrelations: half of y's variance place by
    place, and more or less with what places have in common."""
    lags = [np.sum(X * np.roll(X, -lag, axis=1), axis=1) for lag in range(TAPS)]
    design = np.column_stack([*lags, np.ones(SIGNALS)])
    explained = explained_by(design)
    assert 0.3 < explained < 0.8
    far = [X * np.roll(X, -lag, axis=1) for lag in range(TAPS, POINTS // 2)]
    apart = np.concatenate([*far, (X * np.roll(X, -POINTS // 2, axis=1))[:, : POINTS // 2]], axis=1)
    # What a filter of nine points does not reach adds its share by chance, 84 of 4096 signals, and twice
    # that is six deviations away.
    assert explained_by(np.column_stack([design, apart])) - explained < 2 * apart.shape[1] / SIGNALS


def explained_by(design):
    """The share of the targets' variance that a linear function of `design` explains."""
    return np.var(design @ np.linalg.lstsq(design, Y, rcond=None)[0])
