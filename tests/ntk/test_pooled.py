"""Deep convolutional kernels: against a recursion in values, entry by entry, and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.declare import collect_stages, find
from harness.ntk import pooled
from harness.ntk.sphere import SphereNetwork, kernels_after

NETWORK = SphereNetwork("relu", 1.3, 0.2)


def relu(q: float, c: float) -> tuple[float, float]:
    """E φφ and E φ'φ' at the variance q and the covariance c (Cho & Saul 2009)."""
    angle = math.acos(max(-1.0, min(1.0, c / q)))
    return q / (2 * math.pi) * (math.sin(angle) + (math.pi - angle) * math.cos(angle)), (math.pi - angle) / (
        2 * math.pi
    )


def by_hand(gaps: np.ndarray, hidden: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Θ flattened and pooled, in values, over Θ of a pixel, by loops over pixels and offsets."""
    images, pixels = gaps.shape[:2]
    w2, b2 = NETWORK.w_std**2, NETWORK.b_std**2

    def convolved(covariance: np.ndarray, tangent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        k, t = np.zeros_like(covariance), np.zeros_like(covariance)
        for p, i, q, j in np.ndindex(*covariance.shape):
            for step in range(window):
                at = (p, (i + step) % pixels, q, (j + step) % pixels)
                k[p, i, q, j] += w2 * covariance[at] / window
                t[p, i, q, j] += w2 * tangent[at] / window
        return k + b2, t + k + b2

    k, t = convolved(1 - gaps, np.zeros_like(gaps))
    for layer in range(hidden):
        activated, slope = (np.zeros_like(k), np.zeros_like(k))
        for at in np.ndindex(*k.shape):
            activated[at], slope[at] = relu(k[0, 0, 0, 0], k[at])
        if layer == hidden - 1:
            last = w2 * slope * t + w2 * activated + b2
            own = last[0, 0, 0, 0]
            flattened = sum(last[:, i, :, i] for i in range(pixels)) / pixels
            return flattened / own, last.mean(axis=(1, 3)) / own
        k, t = convolved(activated, slope * t)
    raise AssertionError(images)


@pytest.mark.parametrize("hidden", [1, 3])
def test_it_is_the_recursion_in_values(hidden: int) -> None:
    gaps = pooled.gaps_of_images(2, 3)
    state = pooled.before_the_last(NETWORK, gaps, hidden, 2)
    flattened, over_all = by_hand(gaps, hidden, 2)
    assert pooled.flattened(NETWORK, state) == pytest.approx(flattened, rel=1e-9)
    assert pooled.pooled(NETWORK, state) == pytest.approx(over_all, rel=1e-9)


def test_a_window_of_one_pixel_is_a_connected_network_on_each() -> None:
    gaps = pooled.gaps_of_images(3, 4)
    found = pooled.flattened(NETWORK, pooled.before_the_last(NETWORK, gaps, 5, 1))
    each = [kernels_after(NETWORK, gaps[:, i, :, i], 5).tangent for i in range(4)]
    assert found == pytest.approx(np.mean(each, axis=0), rel=1e-12)


def test_images_that_are_one_have_no_condition_number() -> None:
    with pytest.raises(FloatingPointError, match="one to the network"):
        pooled.condition_number(np.ones((3, 3)))


def test_condition_numbers_of_equal_pairs() -> None:
    matrix = np.full((5, 5), 0.25) + 0.75 * np.eye(5)
    assert pooled.condition_number(matrix) == pytest.approx(pooled.limit_of_condition(5, 0.25)) == 8 / 3


def test_what_cannot_be_had_is_said() -> None:
    with collect_stages() as reports:
        assert find("ntk.pooling").function(seed=0, window=5, pixels=4) == {}
    assert "a window of 1 to 4, found 16, 5" in reports[0].failure
