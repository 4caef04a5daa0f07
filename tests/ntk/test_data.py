"""Splits: what they depend on, how they are scaled, and what is refused."""

import inspect
import math
import sys
import types

import numpy as np
import pytest

from harness.ntk import data


def arrays(split):
    return split.x_train, split.y_train, split.x_test, split.y_test


@pytest.mark.parametrize("name", data.known())
def test_scales(name):
    split = data.split(name, train=50, test=100, seed=3)
    d = split.x_train.shape[1]
    assert all(array.dtype == np.float64 for array in arrays(split))
    for x in (split.x_train, split.x_test):
        np.testing.assert_allclose(np.linalg.norm(x, axis=1), math.sqrt(d), rtol=1e-12)
    if name in ("digits", "breast-cancer", "digit-images", "mnist-1d"):
        assert set(np.concatenate([split.y_train, split.y_test])) == {-1.0, 1.0}
    elif name == "diabetes":
        assert split.y_train.mean() == pytest.approx(0, abs=1e-12)
        assert split.y_train.std() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("name", data.known())
def test_seed_decides_and_points_do_not_overlap(name):
    one, again, other = (data.split(name, train=50, test=100, seed=seed) for seed in (3, 3, 4))
    for a, b in zip(arrays(one), arrays(again), strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(one.x_train, other.x_train)
    distances = np.linalg.norm(one.x_train[:, None] - one.x_test[None], axis=2)
    assert distances.min() > 1e-9


def test_no_row_is_drawn_twice(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40.0)
    monkeypatch.setitem(sys.modules, "toy", types.SimpleNamespace(rows=lambda: rows))
    split = data.split("toy:rows", train=25, test=15, seed=0)
    # Standardised targets of 0..39 are 40 different numbers if and only if no row comes twice.
    assert len(set(np.concatenate([split.y_train, split.y_test]).round(9))) == 40


def test_the_split_knows_nothing_of_the_architecture():
    assert set(inspect.signature(data.split).parameters) == {
        *("data", "train", "test", "seed", "noise", "validation", "preprocess", "targets")
    }


def test_noise_is_on_the_training_targets_only():
    quiet = data.split("sphere", train=2000, test=50, seed=1)
    noisy = data.split("sphere", train=2000, test=50, seed=1, noise=0.5)
    assert np.array_equal(quiet.y_test, noisy.y_test)
    assert np.array_equal(quiet.x_train, noisy.x_train)
    # standard error of a standard deviation: σ/√(2N)
    assert np.std(noisy.y_train - quiet.y_train) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(2 * 2000))


@pytest.mark.parametrize("name", data.known())
def test_validation_points_are_further_ones(name):
    """Training and test points, noise included, are bitwise the same; no point is in two sets."""
    without = data.split(name, train=50, test=100, seed=3, noise=0.5)
    assert without.x_validation.shape == (0, without.x_train.shape[1])
    assert without.y_validation.shape == (0,)
    for count in (1, 40):
        split = data.split(name, train=50, test=100, seed=3, noise=0.5, validation=count)
        for a, b in zip(arrays(split), arrays(without), strict=True):
            assert np.array_equal(a, b)
        assert split.x_validation.shape == (count, split.x_train.shape[1])
        norms = np.linalg.norm(split.x_validation, axis=1)
        np.testing.assert_allclose(norms, math.sqrt(split.x_train.shape[1]), rtol=1e-12)
        others = np.concatenate([split.x_train, split.x_test])
        distances = np.linalg.norm(split.x_validation[:, None] - others[None], axis=2)
        assert distances.min() > 1e-9


def test_validation_targets_are_of_the_training_targets_kind():
    """The teacher's, with their own noise of the same size."""
    quiet = data.split("sphere", train=50, test=5, seed=1, validation=2000)
    noisy = data.split("sphere", train=50, test=5, seed=1, validation=2000, noise=0.5)
    np.testing.assert_allclose(quiet.y_validation, data.sphere_teacher(quiet.x_validation), rtol=1e-12)
    added = noisy.y_validation - quiet.y_validation
    assert np.std(added) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(2 * 2000))
    assert abs(np.corrcoef(added[:50], noisy.y_train - quiet.y_train)[0, 1]) < 5 / math.sqrt(50)


def test_validation_targets_do_not_decide_whether_targets_are_classes(monkeypatch):
    """Targets ±1 but for one other value: training and test points say whether they are standardised."""
    y = np.where(np.arange(40) % 2 == 0, 1.0, -1.0)
    chosen = np.random.default_rng([0, 1]).permutation(40)
    y[chosen[-1]] = 3.0  # the last validation point
    x = np.random.default_rng(0).standard_normal((40, 3))
    monkeypatch.setitem(sys.modules, "toy", types.SimpleNamespace(rows=lambda: (x, y)))
    for count in (0, 5):
        split = data.split("toy:rows", train=25, test=10, seed=0, validation=count)
        assert set(split.y_train) == {-1.0, 1.0}
    assert split.y_validation[-1] == 3


def test_sphere_teacher_has_variance_one():
    """Over 10⁵ points; y has fourth moment below 10, so its variance's standard error is below 3/√N."""
    split = data.split("sphere", train=50_000, test=50_000, seed=0)
    y = np.concatenate([split.y_train, split.y_test])
    assert y.var() == pytest.approx(1, abs=5 * 3 / math.sqrt(len(y)))
    assert abs(y.mean()) < 5 / math.sqrt(len(y))
    x = split.x_train
    by_hand = (x[:, 0] + x[:, 0] * x[:, 1]) / math.sqrt(1 + 10 / 12)
    np.testing.assert_allclose(split.y_train, by_hand, rtol=1e-12)


def test_a_feature_that_is_constant_in_training_is_dropped(monkeypatch):
    x = np.random.default_rng(0).standard_normal((30, 4))
    x[:, 2] = 0.1
    monkeypatch.setitem(sys.modules, "toy", types.SimpleNamespace(rows=lambda: (x, x[:, 0])))
    for preprocess in ("standardise", "sphere"):
        split = data.split("toy:rows", train=10, test=20, seed=0, preprocess=preprocess)
        assert np.all(split.x_train[:, 2] == 0)
        assert np.all(split.x_test[:, 2] == 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("diabetis", "diabetes, digits, breast-cancer, sphere"),
        ("toy:flat", r"\[points, features\]"),
        ("toy:infinite", "finite"),
    ],
)
def test_refused(monkeypatch, name, message):
    toy = types.SimpleNamespace(
        flat=lambda: (np.ones(30), np.ones(30)),
        infinite=lambda: (np.full((30, 2), np.inf), np.ones(30)),
    )
    monkeypatch.setitem(sys.modules, "toy", toy)
    with pytest.raises(ValueError, match=message):
        data.split(name, train=10, test=10, seed=0)


def test_more_points_than_there_are():
    with pytest.raises(ValueError, match=r"400 training and 100 test points.* 500 .* only 442"):
        data.split("diabetes", train=400, test=100, seed=0)
    with pytest.raises(ValueError, match=r"200 test and 300 validation points.* 600 .* only 442"):
        data.split("diabetes", train=100, test=200, seed=0, validation=300)
    with pytest.raises(ValueError, match="0 validation points, found 10, 10 and -1"):
        data.split("sphere", train=10, test=10, seed=0, validation=-1)
    with pytest.raises(ValueError, match="at least 2 training"):
        data.split("sphere", train=1, test=100, seed=0)


def test_the_training_points_alone_set_the_scale():
    """Rows and targets found again in the raw data, and scaled here with the training points' moments."""
    from sklearn.datasets import load_diabetes

    raw = load_diabetes()
    split = data.split("diabetes", train=50, test=100, seed=3)
    chosen = np.random.default_rng([3, 1]).permutation(442)[:150]
    x, y = raw.data[chosen], raw.target[chosen]
    np.testing.assert_allclose(split.y_test, (y[50:] - y[:50].mean()) / y[:50].std(), rtol=1e-12)
    scaled = (x - x[:50].mean(axis=0)) / x[:50].std(axis=0)
    scaled *= np.sqrt(10) / np.linalg.norm(scaled, axis=1, keepdims=True)
    np.testing.assert_allclose(np.concatenate([split.x_train, split.x_test]), scaled, rtol=1e-9, atol=1e-12)
