"""Images and signals in several classes, optionally moved.

They depend only on the seed and on the parameters.

    digit-images   the 1797 digits of scikit-learn, 8 × 8 pixels
    mnist-1d       signals of 40 points, generated (`harness.ntk.mnist_1d`)

Each image has mean 0 and norm √pixels, from its own numbers alone: moved circularly, it is the same numbers
in another order. (`digits` of `harness.ntk.data` standardises every pixel by itself, which a shift would
change.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk import mnist_1d
from harness.ntk.images import SIDE, Images, digits_of_eight, standardised_images
from harness.ntk.loading import DataError
from harness.ntk.mnist_1d import Digits
from harness.ntk.specifications import ImageData

OneHot = Float[np.ndarray, "points classes"]

_STREAM = 1
"""The data's random stream for a seed, as in `harness.ntk.data`. Nothing else draws from it."""


@dataclass(frozen=True)
class ClassSplit:
    """Training and test images and their labels. `class_split` makes it."""

    x_train: Images
    labels_train: Digits
    x_test: Images
    labels_test: Digits
    classes: int

    @property
    def y_train(self) -> OneHot:
        """One-hot targets, less their mean."""
        return one_hot(self.labels_train, self.classes)

    @property
    def y_test(self) -> OneHot:
        """One-hot targets, less their mean."""
        return one_hot(self.labels_test, self.classes)


def class_split(
    data: ImageData, *, train: int, test: int, seed: int, classes: int = 10, shift: float = 0.0
) -> ClassSplit:
    """`train` training and `test` test images of the first `classes` digits, chosen by `seed` alone.

    shift: the largest circular move of an image, in each dimension, as a share of the side: with eight
        pixels, 0.5 is 0 to 3 pixels and 1 is 0 to 7. mnist-1d moves its template before noise is added; 2/3
        is the published value.

    Raises `DataError` if there are too few images.
    """
    random = np.random.default_rng([seed, _STREAM])
    points = train + test
    if data == "mnist-1d":
        x, labels = mnist_1d.signals(points, random, moved=shift, classes=classes)
    else:
        images, digits = digits_of_eight()
        rows = random.permutation(np.flatnonzero(digits < classes))
        if points > len(rows):
            raise DataError(data, f"{points} images of {classes} classes in all", f"only {len(rows)}")
        x, labels = moved(images[rows[:points]], shift, random), digits[rows[:points]]
    x = standardised_images(x)
    return ClassSplit(x[:train], labels[:train], x[train:], labels[train:], classes)


def one_hot(labels: Digits, classes: int) -> OneHot:
    """1 in a label's own column, 0 elsewhere, minus 1/classes, so that rows have mean 0."""
    targets: OneHot = np.eye(classes)[labels] - 1 / classes
    return targets


def moved(x: Images, shift: float, random: np.random.Generator) -> Images:
    """Each 8 × 8 image moved circularly by random steps in both directions, up to `shift` · 8 each."""
    steps = random.integers(max(1, round(SIDE * shift)), size=(len(x), 2))
    images = x.reshape(-1, SIDE, SIDE)
    rolled = [np.roll(image, tuple(step), (0, 1)) for image, step in zip(images, steps, strict=True)]
    return np.stack(rolled).reshape(x.shape)
