"""Points for a network with any number of outputs: a data set's or a user's, with targets [points, outputs].

    squared         targets [points] or [points, outputs], real numbers
    cross-entropy   targets [points], a class each, or [points, classes], each row's shares of the classes

The seed alone decides which points are for training. With targets [points] these are the points that
`harness.ntk.data` chooses. Errors and distances are in standard deviations of the training targets.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.declare import Point, Problem
from harness.ntk import data as data_sets
from harness.ntk.double_precision import kept
from harness.ntk.loading import DataError, Loaded, checked_arrays, load
from harness.ntk.preparation import BUNDLED, effective
from harness.ntk.preprocess import scaled, standardised, varies
from harness.ntk.trainable import Loss

NetworkInputs = Float[np.ndarray, "points features"]
OutputTargets = Float[np.ndarray, "points outputs"]

STREAM = 1
"""The random stream, as in `harness.ntk.data`."""

SHARES = 1e-6
"""How far the sum of a row of shares may be from 1: float32's rounding of a few classes."""


@dataclass(frozen=True)
class NetworkPoints:
    """Training and test points, float64. `unit`: see the module. `network_points` makes it."""

    x_train: Float[np.ndarray, "train features"]
    y_train: Float[np.ndarray, "train outputs"]
    x_test: Float[np.ndarray, "test features"]
    y_test: Float[np.ndarray, "test outputs"]
    unit: float
    own_split: bool

    @property
    def outputs(self) -> int:
        """The number of outputs that a network must have."""
        return int(self.y_train.shape[1])


@dataclass(frozen=True)
class _Rows:
    """Inputs, and targets with an axis of outputs. `own_train` is that of `Loaded`."""

    x: NetworkInputs
    y: OutputTargets
    own_train: int | None


def network_points(
    data: str, loss: Loss, *, train: int, test: int, seed: int, preprocess: str, targets: str
) -> NetworkPoints:
    """`train` training and `test` test points. The parameters are those of `harness.ntk.data.split`.

    Raises `DataError` if there are too few points, if targets do not suit the loss, or if all training
    targets are equal.
    """
    if data in BUNDLED and loss == "squared":
        split = data_sets.split(
            data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets
        )
        unit = split.unit if split.raw else 1.0
        y_train, y_test = split.y_train[:, None], split.y_test[:, None]
        return NetworkPoints(split.x_train, y_train, split.x_test, y_test, unit, split.own_split)
    rows = _suited(data, _loaded(data), loss)
    random = np.random.default_rng([seed, STREAM])
    like = Loaded(rows.x, rows.y[:, 0], rows.own_train)
    chosen = data_sets.chosen_rows(data, like, train, test, 0, random)
    x, y = rows.x[chosen], rows.y[chosen]
    if not np.any(varies(y[:train])):
        raise DataError(data, "training targets that differ", f"{train} that are all {y[0].tolist()}")
    preprocess, targets = effective(data, preprocess, targets)
    x = scaled(x, x[:train], preprocess)
    if loss == "squared" and targets == "standardise":
        y = standardised(y, y[:train])
    unit = float(np.sqrt(y[:train].var(axis=0).mean()))
    return NetworkPoints(x[:train], y[:train], x[train:], y[train:], unit, rows.own_train is not None)


def check(data: str, function: Callable[..., object], points: Sequence[Point]) -> list[Problem | None]:
    """The check of `harness check --import`: a user's data, called once, must suit each point."""
    try:
        found = _rows(data, function())
    except DataError as error:
        return [Problem(error.expected, error.found)] * len(points)
    return [_problem(data, found, point) for point in points]


def _problem(data: str, found: _Rows, point: Mapping[str, object]) -> Problem | None:
    train, test, loss = int(str(point["train"])), int(str(point["test"])), point["loss"]
    try:
        like = Loaded(found.x, found.y[:, 0], found.own_train)
        data_sets.chosen_rows(data, like, train, test, 0, None)
        _suited(data, found, "squared" if loss == "squared" else "cross-entropy")
    except DataError as error:
        return Problem(error.expected, error.found, ("train", "test", "loss"))
    return None


def _loaded(data: str) -> _Rows:
    if data in BUNDLED:
        found = load(data)
        return _Rows(found.x, found.y[:, None], found.own_train)
    module, colon, function = data.partition(":")
    if not colon:
        load(data)  # its error lists the known names
    with kept(data):
        loader = getattr(importlib.import_module(module), function, None)
    if not callable(loader):
        what = "nothing of that name" if loader is None else f"a {type(loader).__name__}"
        raise DataError(data, f"a function in the module {module}", what)
    return _rows(data, loader())


def _rows(data: str, returned: object) -> _Rows:
    """The rows that a user's function returned. Raises `DataError`."""
    expected = "(inputs, targets) or (x_train, y_train, x_test, y_test)"
    if not isinstance(returned, tuple | list) or len(returned) not in (2, 4):
        raise DataError(data, expected, f"a {type(returned).__name__}")
    widths = {_width(targets) for targets in returned[1::2]}
    if len(widths) > 1:
        raise DataError(data, "training and test targets of one shape", f"widths {sorted(widths)}")
    (width,) = widths
    columns = []
    for column in range(width or 1):
        parts = list(returned)
        if width:
            parts[1::2] = [np.asarray(targets)[:, column] for targets in returned[1::2]]
        columns.append(checked_arrays(data, tuple(parts)))
    return _Rows(columns[0].x, np.stack([each.y for each in columns], axis=1), columns[0].own_train)


def _width(targets: object) -> int:
    """The number of columns of targets with an axis of outputs; 0 for targets without one."""
    shape = np.shape(np.asarray(targets, dtype=object)) if not hasattr(targets, "shape") else targets.shape
    return int(shape[1]) if len(shape) == 2 else 0


def _suited(data: str, rows: _Rows, loss: Loss) -> _Rows:
    """The rows, with targets in the form that the loss needs. Raises `DataError`."""
    if loss == "squared":
        return rows
    if rows.y.shape[1] == 1:
        classes, place = np.unique(rows.y[:, 0], return_inverse=True)
        if len(classes) > len(rows.y) // 2:
            expected = "classes as targets, for cross-entropy"
            raise DataError(data, expected, f"{len(classes)} different numbers in {len(rows.y)} rows")
        return _Rows(rows.x, np.eye(len(classes))[place.ravel()], rows.own_train)
    wrong = (rows.y < 0).any(axis=1) | (np.abs(rows.y.sum(axis=1) - 1) > SHARES)
    if wrong.any():
        row = int(np.argmax(wrong))
        expected = "targets whose rows are shares of the classes, for cross-entropy"
        raise DataError(data, expected, f"{rows.y[row].tolist()} in row {row}")
    return rows
