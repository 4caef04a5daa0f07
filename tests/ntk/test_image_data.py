"""Images in classes: what they are a function of, how they are moved, and what MNIST-1D is made of."""

import math

import numpy as np
import pytest

from harness.ntk import data, mnist_1d
from harness.ntk.image_data import class_split, moved, one_hot
from harness.ntk.images import digits_of_eight, standardised_images
from harness.ntk.loading import DataError, parity

DATA = ("digit-images", "mnist-1d")


@pytest.mark.parametrize("name", DATA)
def test_a_split_is_a_function_of_its_seed(name):
    one, again, other = (class_split(name, train=20, test=30, seed=seed, shift=0.5) for seed in (1, 1, 2))
    for part in ("x_train", "labels_train", "x_test", "labels_test"):
        assert np.array_equal(getattr(one, part), getattr(again, part))
        assert not np.array_equal(getattr(one, part), getattr(other, part))
    for x in (one.x_train, one.x_test):
        np.testing.assert_allclose(np.linalg.norm(x, axis=1), math.sqrt(x.shape[1]), rtol=1e-12)
        np.testing.assert_allclose(x.mean(axis=1), 0, atol=1e-12)
    assert one.y_train.shape == (20, 10)
    assert np.array_equal(one.y_train.argmax(axis=1), one.labels_train)
    assert set(np.unique(class_split(name, train=40, test=1, seed=0, classes=3).labels_train)) == {0, 1, 2}


def test_one_hot_targets_have_mean_zero():
    assert one_hot(np.array([2, 0]), 4).tolist() == [[-0.25, -0.25, 0.75, -0.25], [0.75, -0.25, -0.25, -0.25]]


def test_a_moved_digit_is_the_same_numbers_in_another_order():
    images, _ = digits_of_eight()
    assert images.shape == (1797, 64)
    still = class_split("digit-images", train=40, test=10, seed=3)
    far = class_split("digit-images", train=40, test=10, seed=3, shift=1.0)
    assert np.array_equal(still.labels_train, far.labels_train)
    np.testing.assert_allclose(np.sort(still.x_train, axis=1), np.sort(far.x_train, axis=1), atol=1e-12)
    assert not np.array_equal(still.x_train, far.x_train)
    # Of 500 images moved by 0 to 3 steps each way, each of the 16 moves is seen, and no other.
    one = np.zeros((500, 64))
    one[:, 0] = 1
    places = moved(one, 0.5, np.random.default_rng(0)).argmax(axis=1)
    assert set(places) == {8 * row + column for row in range(4) for column in range(4)}
    assert np.array_equal(moved(images[:5], 0.0, np.random.default_rng(0)), images[:5])


def test_templates_begin_at_zero_and_differ():
    known = mnist_1d.templates()
    assert known.shape == (10, 12)
    assert np.all(known[:, 0] == 0)
    np.testing.assert_allclose(known.std(axis=1), 1 / 6, rtol=1e-12)
    # As github.com/greydanus/mnist1d computes it: 7 rises by 2 at once, in deviations of 0.899 and sixths.
    assert known[7, 1] == pytest.approx(2 / np.std([5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5]) / 6)


def test_a_signal_is_its_template_moved_and_scaled(monkeypatch):
    """Without noise and slope, a signal is one shape at some place; not moved, at the first."""
    for name in ("CORRELATED", "WHITE", "SLOPE", "SCALE"):
        monkeypatch.setattr(mnist_1d, name, 0.0)
    monkeypatch.setattr(mnist_1d, "PADDING", (60, 60))  # as long as it is stretched: nothing is stretched
    still, digits = mnist_1d.signals(30, np.random.default_rng(0), moved=0.0)
    padded = np.concatenate([mnist_1d.templates(), np.zeros((10, 60))], axis=1)
    sampled = np.stack([np.interp(np.linspace(0, 71, 40), np.arange(72), row) for row in padded])
    np.testing.assert_allclose(still, sampled[digits], atol=1e-7)  # the mark of the template is 1e-8
    away, digits = mnist_1d.signals(300, np.random.default_rng(0))
    begins = np.abs(away).argmax(axis=1) * 71 / 39
    assert begins.max() < 48 + 12 + 2
    assert begins.max() > 48
    assert set(digits) == set(range(10))


def test_moves_and_noise_have_the_published_sizes():
    """Beyond the template the noise's deviation is that of 0.25 times white noise, smoothed over 2 points:
    0.25 / √(2 √π 2) = 0.094, with 0.02 of white noise; no slope's mean is 0."""
    x, _ = mnist_1d.signals(2000, np.random.default_rng(1), moved=0.0)
    beyond = x[:, 30]
    # A slope of up to 0.375 either way adds 0.27 · 0.75/√12 there; samples are means of two neighbours.
    place = 30 / 39 - 0.5
    expected = math.hypot(0.25 / math.sqrt(2 * math.sqrt(math.pi) * 2), 0.02, place * 0.75 / math.sqrt(12))
    assert beyond.std() == pytest.approx(expected, rel=0.07)  # 1.6% of 2000 draws; interpolation takes some


def test_the_two_classes_are_even_and_odd():
    assert parity([0, 1, 2, 7]).tolist() == [1, -1, 1, -1]
    for name in DATA:
        split = data.split(name, train=20, test=30, seed=0, validation=5)
        assert split.x_train.shape[1] == (64 if name == "digit-images" else 40)
        assert split.x_validation.shape == (5, split.x_train.shape[1])
        np.testing.assert_allclose(standardised_images(split.x_train), split.x_train, atol=1e-12)
        fewer = data.split(name, train=20, test=30, seed=0)
        assert np.array_equal(fewer.x_train, split.x_train)
        assert np.array_equal(fewer.x_test, split.x_test)


def test_too_few_images_are_said():
    with pytest.raises(DataError, match="400 images of 2 classes in all, found only 360"):
        class_split("digit-images", train=200, test=200, seed=0, classes=2)
