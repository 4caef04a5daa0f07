"""The fixed data sets."""

from __future__ import annotations

import numpy as np

from harness.ntk.data import split
from harness.ntk.teachers import linear


def test_the_linear_teacher_is_linear_and_of_variance_one() -> None:
    x, y = linear()
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), np.sqrt(10), rtol=1e-12)
    coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
    np.testing.assert_allclose(coefficients, np.eye(10)[0], atol=1e-12)
    # The variance of x₁² on this sphere is 100·(3/120) − 1 = 1.5; four standard errors of a mean of 2000.
    assert abs(y.var() - 1) < 4 * np.sqrt(1.5 / 2000)


def test_it_can_be_named_as_data() -> None:
    points = split("harness.ntk.teachers:linear", train=32, test=64, seed=3)
    assert points.x_train.shape == (32, 10)
    again = split("harness.ntk.teachers:linear", train=32, test=64, seed=3)
    np.testing.assert_array_equal(points.y_test, again.y_test)
