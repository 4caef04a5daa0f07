"""`split` as version 0.1 had it, word for word: what bundled data sets must still give, to the bit."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

SPHERE_DIMENSION = 10
"""As in the suites: few enough that 64 points tell something about degree two."""

_STREAM = 1
"""The data's random stream for a seed, `default_rng([seed, 1])`: nothing else draws from it."""

Loaded = tuple[Float[np.ndarray, "points inputs"], Float[np.ndarray, " points"]]


@dataclass(frozen=True)
class Split:
    """Training, test and validation points, float64; made by `split`.

    `y_train` and `y_validation` carry the noise, `y_test` never.
    """

    x_train: Float[np.ndarray, "train inputs"]
    y_train: Float[np.ndarray, " train"]
    x_test: Float[np.ndarray, "test inputs"]
    y_test: Float[np.ndarray, " test"]
    x_validation: Float[np.ndarray, "validation inputs"]
    y_validation: Float[np.ndarray, " validation"]


def split(data: str, *, train: int, test: int, seed: int, noise: float = 0.0, validation: int = 0) -> Split:
    """`train` training and `test` test points of the data set `data`, chosen by `seed` alone.

    `validation` further points are held out of both; training and test points do not depend on their number.

    `data` is one of `known()` or `package.module:function`, a function without arguments that returns
    (inputs [points, features], targets [points]). Features are standardised with the training points' mean
    and standard deviation (a feature that is constant there is dropped to 0), rows then scaled to norm √d.
    Targets that are not all ±1 are standardised by the training points. `sphere` is left as it is: inputs
    and teacher are standardised exactly, and stay the known function. `noise` is the standard deviation of
    Gaussian noise on the training and validation targets, after all this.

    Raises `ValueError` for an unknown name, for more points than there are, and for data that are no
    numbers of these shapes.
    """
    if train < 2 or test < 1 or validation < 0:
        raise ValueError(
            "expected at least 2 training points, 1 test point and 0 validation points, "
            f"found {train}, {test} and {validation}"
        )
    random = np.random.default_rng([seed, _STREAM])
    points = train + test + validation
    if data == "sphere":
        x, y = _sphere(train + test, random)
        train_noise = random.standard_normal(train)
        x_further, y_further = _sphere(validation, random)  # drawn after what must not depend on it
        x, y = np.concatenate([x, x_further]), np.concatenate([y, y_further])
    else:
        x, y = _load(data)
        if points > len(x):
            further = f" and {validation} validation" if validation else ""
            raise ValueError(
                f"data {data!r}: {train} training and {test} test{further} points were asked for, "
                f"{points} in all, but there are only {len(x)}"
            )
        chosen = random.permutation(len(x))[:points]
        train_noise = random.standard_normal(train)
        x, y = x[chosen], y[chosen]
        x = _to_sphere(_standardised(x, x[:train]))
        if not np.all(np.abs(y[: train + test]) == 1):
            y = _standardised(y[:, None], y[:train, None])[:, 0]
    validation_noise = random.standard_normal(validation)
    held_out = train + test
    return Split(
        x_train=x[:train],
        y_train=y[:train] + noise * train_noise,
        x_test=x[train:held_out],
        y_test=y[train:held_out],
        x_validation=x[held_out:],
        y_validation=y[held_out:] + noise * validation_noise,
    )


def known() -> tuple[str, ...]:
    """Names of the data sets that come with the package."""
    return (*_DATASETS, "sphere")


def sphere_teacher(x: Float[np.ndarray, "points inputs"]) -> Float[np.ndarray, " points"]:
    """(x₁ + x₁x₂) / its standard deviation, for x uniform on the sphere of radius √d.

    There E x₁² = 1, E x₁²x₂² = d/(d+2) and E x₁²x₂ = 0, so the variance of x₁ + x₁x₂ is 1 + d/(d+2).
    """
    d = x.shape[1]
    teacher: Float[np.ndarray, " points"] = (x[:, 0] + x[:, 0] * x[:, 1]) / math.sqrt(1 + d / (d + 2))
    return teacher


def _sphere(points: int, random: np.random.Generator) -> Loaded:
    x = _to_sphere(random.standard_normal((points, SPHERE_DIMENSION)))
    return x, sphere_teacher(x)


def _standardised(
    x: Float[np.ndarray, "points features"], by: Float[np.ndarray, "train features"]
) -> Float[np.ndarray, "points features"]:
    mean, deviation = by.mean(axis=0), by.std(axis=0)
    # Of numbers that are equal, the computed deviation may be of the size of rounding instead of 0.
    varies = deviation > 1e-12 * (np.abs(mean) + np.abs(by).max(axis=0))
    return np.where(varies, (x - mean) / np.where(varies, deviation, 1.0), 0.0)


def _to_sphere(x: Float[np.ndarray, "points inputs"]) -> Float[np.ndarray, "points inputs"]:
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    scaled: Float[np.ndarray, "points inputs"] = x * np.where(
        norms > 0, math.sqrt(x.shape[1]) / np.where(norms > 0, norms, 1.0), 0.0
    )
    return scaled


def _load(data: str) -> Loaded:
    if data in _DATASETS:
        x, y = _DATASETS[data]()
    elif ":" in data:
        module, _, function = data.partition(":")
        x, y = getattr(importlib.import_module(module), function)()
    else:
        raise ValueError(
            f"data: expected one of {', '.join(known())} or 'package.module:function', found {data!r}"
        )
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"data {data!r}: expected [points, features] and [points], found {x.shape} and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"data {data!r}: expected finite numbers, found some that are not")
    return x, y


def _diabetes() -> Loaded:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    return bunch.data, bunch.target


def _digits() -> Loaded:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.data, np.where(bunch.target % 2 == 0, 1.0, -1.0)


def _breast_cancer() -> Loaded:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return bunch.data, np.where(bunch.target == 1, 1.0, -1.0)


_DATASETS: dict[str, Callable[[], Loaded]] = {
    "diabetes": _diabetes,
    "digits": _digits,
    "breast-cancer": _breast_cancer,
}
