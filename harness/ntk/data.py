"""Training and test data, which depend only on the data set and the seed, not on the architecture.

The inputs of the package's data sets have norm √d, so that a first layer's pre-activations have the variance
w_std² + b_std² at every point. Their targets have variance one, or are ±1. A user's data are not changed
unless `preprocess` or `targets` says so (`harness.ntk.preparation`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk import mnist_1d
from harness.ntk.images import standardised_images
from harness.ntk.loading import DataError, Loaded, load, parity
from harness.ntk.preparation import BUNDLED, DEFAULT, UNIT_TARGETS, effective
from harness.ntk.preprocess import made_one, scaled, standardised, to_sphere, varies

SPHERE_DIMENSION = 10
"""The dimension in the suites: small enough that 64 points determine something about degree two."""

_STREAM = 1
"""The data's random stream for a seed, `default_rng([seed, 1])`. Nothing else draws from it."""

NetworkInputs = Float[np.ndarray, "points inputs"]
Outputs = Float[np.ndarray, " points"]


@dataclass(frozen=True)
class Split:
    """Training, test and validation points, float64. `split` makes it.

    `y_train` and `y_validation` include the noise; `y_test` never does.
    """

    x_train: Float[np.ndarray, "train inputs"]
    y_train: Float[np.ndarray, " train"]
    x_test: Float[np.ndarray, "test inputs"]
    y_test: Float[np.ndarray, " test"]
    x_validation: Float[np.ndarray, "validation inputs"]
    y_validation: Float[np.ndarray, " validation"]
    preprocess: str = "none"
    """What was done to the inputs."""
    targets: str = "none"
    """What was done to the targets."""
    unit: float = 1.0
    """The training targets' standard deviation without noise, in which errors are measured. It is 1 if
    targets are standardised, and by convention of `preparation.UNIT_TARGETS`."""
    raw: bool = False
    """Whether these are a user's targets, left unchanged. They may have any mean, so distances are measured
    in `unit` too."""
    own_split: bool = False
    """Whether the data came split, so that the seed chose neither training nor test points."""


@dataclass(frozen=True)
class _SplitPoints:
    """Training, test, then validation points, with scaled inputs and unscaled targets. `_points` makes it."""

    x: NetworkInputs
    y: Outputs
    noise: Float[np.ndarray, " train"]
    preprocess: str
    targets: str
    own_split: bool


def split(
    data: str,
    *,
    train: int,
    test: int,
    seed: int,
    noise: float = 0.0,
    validation: int = 0,
    preprocess: str = DEFAULT,
    targets: str = DEFAULT,
) -> Split:
    """`train` training and `test` test points of the data set `data`, chosen by `seed` alone.

    data: one of `known()`, or `package.module:function`, a function without arguments that returns (inputs
        [points, features], targets [points]), or (x_train, y_train, x_test, y_test). The latter are split
        already: the first `train` training and `test` test points are taken, whatever the seed.
    noise: standard deviation of Gaussian noise on the training and validation targets, in units of the
        training targets' own deviation. It is added last.
    validation: the number of further points, held out of both. Training and test points do not depend on it.
        If data are split already, these are the training points that come next.
    preprocess, targets: as in `harness.ntk.preparation`. If features are standardised, a feature that is
        constant in the training points becomes 0.

    Raises `DataError` for an unknown name, for more points than there are, for arrays of other shapes, for
    two points that `preprocess` made equal, and for training targets that are all equal.
    """
    if train < 2 or test < 1 or validation < 0:
        raise ValueError(
            "expected at least 2 training points, 1 test point and 0 validation points, "
            f"found {train}, {test} and {validation}"
        )
    random = np.random.default_rng([seed, _STREAM])
    points = _points(data, train, test, validation, random, preprocess, targets)
    x, y, in_own_unit = points.x, points.y, data in UNIT_TARGETS
    if points.targets == "standardise" or not in_own_unit:
        _require_deviation(data, y[:train])
    raw = points.targets == "none" and not in_own_unit
    unit = float(y[:train].std()) if raw else 1.0
    if points.targets == "standardise":
        y = standardised(y[:, None], y[:train, None])[:, 0]
    validation_noise = random.standard_normal(validation)
    held_out = train + test
    return Split(
        x_train=x[:train],
        y_train=y[:train] + noise * unit * points.noise,
        x_test=x[train:held_out],
        y_test=y[train:held_out],
        x_validation=x[held_out:],
        y_validation=y[held_out:] + noise * unit * validation_noise,
        preprocess=points.preprocess,
        targets=points.targets,
        unit=unit,
        raw=raw,
        own_split=points.own_split,
    )


def inputs(data: str, *, points: int, seed: int, preprocess: str = DEFAULT) -> tuple[NetworkInputs, bool]:
    """The training inputs of `split` with `points` training points, and its `own_split`.

    It needs no test point, and targets may be any numbers. Raises `DataError` as `split` does.
    """
    random = np.random.default_rng([seed, _STREAM])
    found = _points(data, points, 0, 0, random, preprocess, DEFAULT)
    return found.x[:points], found.own_split


def known() -> tuple[str, ...]:
    """The names of the data sets that come with the package."""
    return tuple(BUNDLED)


def sphere_teacher(x: Float[np.ndarray, "points inputs"]) -> Float[np.ndarray, " points"]:
    """(x₁ + x₁x₂) / its standard deviation, for x uniform on the sphere of radius √d.

    There E x₁² = 1, E x₁²x₂² = d/(d+2) and E x₁²x₂ = 0, so the variance of x₁ + x₁x₂ is 1 + d/(d+2).
    """
    d = x.shape[1]
    teacher: Float[np.ndarray, " points"] = (x[:, 0] + x[:, 0] * x[:, 1]) / math.sqrt(1 + d / (d + 2))
    return teacher


def chosen_rows(
    data: str, found: Loaded, train: int, test: int, validation: int, random: np.random.Generator | None
) -> np.ndarray:
    """The rows of `found` that are training, test and validation points, in this order.

    `random` draws them (None: the first ones). If the data came split, they are the first of either part.
    Raises `DataError` if there are too few.
    """
    further = f" and {validation} validation" if validation else ""
    if found.own_train is not None:
        there = found.own_train, len(found.x) - found.own_train
        if train + validation > there[0] or test > there[1]:
            expected = f"at least {train} training{further} and {test} test points"
            raise DataError(data, expected, f"{there[0]} training and {there[1]} test points, already split")
        rows = np.arange(len(found.x))
        after = rows[train : train + validation]
        return np.concatenate([rows[:train], rows[found.own_train :][:test], after])
    points = train + test + validation
    if points > len(found.x):
        expected = f"{train} training and {test} test{further} points, at least {points} in all"
        raise DataError(data, expected, f"only {len(found.x)}")
    rows = np.arange(len(found.x)) if random is None else random.permutation(len(found.x))
    return rows[:points]


def _points(
    data: str,
    train: int,
    test: int,
    validation: int,
    random: np.random.Generator,
    preprocess: str,
    targets: str,
) -> _SplitPoints:
    preprocess, targets = effective(data, preprocess, targets)
    own_split = False
    if data in _DRAWN:
        x, y = _DRAWN[data](train + test, random)
        noise = random.standard_normal(train)
        x_further, y_further = _DRAWN[data](validation, random)  # last, so that others do not depend on it
        x, y = np.concatenate([x, x_further]), np.concatenate([y, y_further])
        names = [f"point {number}" for number in range(len(x))]
    else:
        found = load(data)
        own_split = found.own_train is not None
        rows = chosen_rows(data, found, train, test, validation, random)
        noise = random.standard_normal(train)
        x, y = found.x[rows], found.y[rows]
        names = [_row_name(int(row), found) for row in rows]
    after = scaled(x, x[:train], preprocess)
    pair = None if preprocess == "none" else made_one(x, after)
    if pair is not None:
        made = f"one point made of {names[pair[0]]} and {names[pair[1]]}"
        raise DataError(data, f'points that stay different with preprocess = "{preprocess}"', made)
    return _SplitPoints(after, y, noise, preprocess, targets, own_split)


def _row_name(row: int, found: Loaded) -> str:
    if found.own_train is None:
        return f"row {row}"
    return f"training row {row}" if row < found.own_train else f"test row {row - found.own_train}"


def _require_deviation(data: str, y_train: Float[np.ndarray, " train"]) -> None:
    if not varies(y_train):
        expected = "training targets that differ, as errors are measured in their standard deviation"
        raise DataError(data, expected, f"{len(y_train)} that are all {float(y_train[0]):g}")


def _sphere(points: int, random: np.random.Generator) -> tuple[NetworkInputs, Outputs]:
    x = to_sphere(random.standard_normal((points, SPHERE_DIMENSION)))
    return x, sphere_teacher(x)


def _mnist_1d(points: int, random: np.random.Generator) -> tuple[NetworkInputs, Outputs]:
    x, digits = mnist_1d.signals(points, random)
    return standardised_images(x), parity(digits)


_DRAWN: dict[str, Callable[[int, np.random.Generator], tuple[NetworkInputs, Outputs]]] = {
    "sphere": _sphere,
    "mnist-1d": _mnist_1d,
}
"""Data sets whose points are drawn, not chosen from a file."""
