"""MNIST-1D: signals of 40 points in ten classes, generated (Greydanus 2020 arXiv:2011.14439).

Each class is a template of twelve points. A signal is its template, padded with 36 to 60 zeros, stretched to
72 points, scaled by up to 20%, moved, and laid over correlated noise where it is zero; then come white noise,
a slope, and sampling at 40 points. All of it follows the definition in the paper's repository
(github.com/greydanus/mnist1d, `make_dataset`) with its default parameters; the random numbers are this
package's, so signals have the distribution of the published ones and are not the same.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

LENGTH, CLASSES = 40, 10
MOVED = 2 / 3
"""The largest move of a signal, as a published share of its 72 points: 48 of them."""

STRETCHED, PADDING = 72, (36, 60)
SCALE, CORRELATED, SMOOTH, WHITE, SLOPE = 0.4, 0.25, 2.0, 0.02, 0.75

_HEIGHTS = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
"""The digits' templates, as published."""

Signals = Float[np.ndarray, "points 40"]
Digits = Int[np.ndarray, " points"]


def templates() -> Float[np.ndarray, "10 12"]:
    """Each digit's template, with deviation 1/6, beginning at 0."""
    heights = np.array(_HEIGHTS, dtype=np.float64)
    unit = (heights - heights.mean(axis=1, keepdims=True)) / heights.std(axis=1, keepdims=True)
    begun: Float[np.ndarray, "10 12"] = (unit - unit[:, :1]) / 6
    return begun


def signals(
    points: int, random: np.random.Generator, *, moved: float = MOVED, classes: int = CLASSES
) -> tuple[Signals, Digits]:
    """`points` signals of the first `classes` digits, each digit equally likely, and their digits.

    They are drawn one after another, so that a smaller set is the beginning of a larger one.
    moved: the share of its length by which a signal is moved at most; 0 leaves it where it begins.
    """
    known, labels = templates(), np.empty(points, dtype=np.int64)
    drawn = np.empty((points, LENGTH))
    for place in range(points):
        labels[place] = random.integers(classes)
        drawn[place] = _signal(known[labels[place]], random, moved)
    return drawn, labels


def _signal(template: Float[np.ndarray, " 12"], random: np.random.Generator, moved: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    padding = random.integers(PADDING[0], PADDING[1] + 1)
    # Points of the template are marked by a number other than 0, even where the template is 0.
    padded = np.concatenate([template + 1e-8, np.zeros(padding)])
    stretched = _sampled(padded, STRETCHED) * (1 + SCALE * (random.random() - 0.5))
    steps = random.integers(max(1, round(STRETCHED * moved)))
    laid = np.roll(stretched, steps)
    smooth = gaussian_filter1d(CORRELATED * random.standard_normal(STRETCHED), SMOOTH)
    noisy = np.where(laid != 0, laid, smooth) + WHITE * random.standard_normal(STRETCHED)
    sloped = noisy - SLOPE * (random.random() - 0.5) * np.linspace(-0.5, 0.5, STRETCHED)
    return _sampled(sloped, LENGTH)


def _sampled(signal: np.ndarray, points: int) -> np.ndarray:
    """Linear interpolation at evenly spaced points, including both ends."""
    sampled: np.ndarray = np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(signal)), signal)
    return sampled
