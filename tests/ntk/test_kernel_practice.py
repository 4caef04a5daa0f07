"""What practice does to kernel regression: float32, whitening, moved copies."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import kernel_practice as practice
from harness.ntk.experiments.kernel_practice import QUANTITIES, STAGES, kernel_practice
from harness.ntk.image_data import class_split

RANDOM = np.random.default_rng(0)


def test_float32_costs_what_the_condition_number_says() -> None:
    """Errors of about κ · 6e-8: three digits of a hundred thousand are good, none of 1e10."""
    turn, _ = np.linalg.qr(RANDOM.standard_normal((6, 6)))
    y = RANDOM.standard_normal(6)
    for condition, good in ((1e3, True), (1e10, False)):
        gram = (turn * np.geomspace(1, 1 / condition, 6)) @ turn.T
        found = practice.single_precision(gram, gram[:2], y)
        expected = gram[:2] @ np.linalg.solve(gram, y)
        assert found.dtype == np.float64
        assert (found == pytest.approx(expected, abs=1e-3)) == good
    with pytest.raises(StageError, match="rounded to float32"):
        practice.single_precision(np.ones((2, 2)), np.ones((1, 2)), np.ones(2))


def test_whitening() -> None:
    x = RANDOM.standard_normal((50, 4)) @ np.diag([3.0, 1.0, 0.3, 0.1]) + 5
    white = practice.whitened(x, x, 1e-9)
    assert np.cov(white, rowvar=False, bias=True) == pytest.approx(np.eye(4), abs=1e-6)
    # So strong that nothing is whitened: centred, and of mean square one.
    same = practice.whitened(x, x, 1e9)
    centred = x - x.mean(axis=0)
    assert same == pytest.approx(centred / np.sqrt(np.mean(centred**2)), abs=1e-6)
    # Of other points: the mean and the covariance are those of `by`. A turned data set is turned.
    turn, _ = np.linalg.qr(RANDOM.standard_normal((4, 4)))
    assert practice.whitened(x[:3], x, 0.1) == pytest.approx(practice.whitened(x, x, 0.1)[:3])
    assert practice.whitened(x @ turn, x @ turn, 0.1) == pytest.approx(practice.whitened(x, x, 0.1) @ turn)


def test_moved_copies() -> None:
    images = RANDOM.standard_normal((200, 64))
    moved = practice.moved_copy(images, np.random.default_rng(1))
    steps = set()
    for image, copy in zip(images.reshape(-1, 8, 8), moved.reshape(-1, 8, 8), strict=True):
        found = [
            (down, right)
            for down in range(-4, 4)
            for right in range(-4, 4)
            if np.array_equal(np.roll(image, (down, right), (0, 1)), copy)
        ]
        steps.add(*found)
    assert steps == {(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)}


def test_an_ensemble_of_one_copy_is_its_union() -> None:
    given = {"seed": 3, "train": 24, "test": 20, "copies": 1}
    found = kernel_practice(**given)
    assert set(found) == set(QUANTITIES)
    assert found["ensemble.error"] == found["union.error"] != found["digits.error"]
    assert found["whitened.error"] <= found["least-whitened.error"]
    for name in STAGES:
        alone = kernel_practice(**given, stages=frozenset({name}))
        assert alone == {each: found[each] for each in alone}
        assert {QUANTITIES[each].stage for each in alone} == {name}


def test_an_error_of_one_says_nothing_was_learned() -> None:
    found = kernel_practice(seed=0, train=24, test=100, ridge=1e9, stages=frozenset({"digits"}))
    assert found == {"digits.error": pytest.approx(1, rel=1e-6)}
    assert class_split("digit-images", train=24, test=100, seed=0, classes=4).y_test.shape == (100, 4)
