"""Data sets as arrays: those of the package, and those of a user, checked and copied."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from harness.ntk.double_precision import kept
from harness.ntk.preparation import BUNDLED

NetworkInputs = Float[np.ndarray, "points features"]
Outputs = Float[np.ndarray, " points"]


class DataError(ValueError):
    """Data that cannot be used. The message says what was expected, for which data, and what was found."""

    def __init__(self, data: str, expected: str, found: str) -> None:
        super().__init__(f"data {data!r}: expected {expected}, found {found}")
        self.expected, self.found = expected, found


@dataclass(frozen=True)
class Loaded:
    """Inputs and targets, float64. `load` makes it.

    `own_train`: the number of first rows that are training points, if the data come with their own split
    """

    x: NetworkInputs
    y: Outputs
    own_train: int | None = None


def load(data: str) -> Loaded:
    """The data set `data`: a name of the package's, or `package.module:function`, which is called once.

    The function returns (inputs, targets), or (x_train, y_train, x_test, y_test). Its result is copied, so
    that changes to the copy do not reach it. Raises `DataError` for an unknown name, for a function that
    cannot be found, and for a result other than such arrays of finite real numbers; `SwitchedOffError` if its
    module switches JAX's 64-bit numbers off.
    """
    if data in _DATASETS:
        x, y = _DATASETS[data]()
        return Loaded(np.array(x, dtype=np.float64), np.array(y, dtype=np.float64))
    module, colon, function = data.partition(":")
    if not colon:
        expected = f"one of {', '.join(BUNDLED)} or 'package.module:function'"
        raise DataError(data, expected, "no such name")
    with kept(data):
        loader = getattr(importlib.import_module(module), function, None)
    if not callable(loader):
        found = "nothing of that name" if loader is None else f"a {type(loader).__name__}"
        raise DataError(data, f"a function in the module {module}", found)
    return checked_arrays(data, loader())


def checked_arrays(data: str, returned: object) -> Loaded:
    """The arrays that a user's function returned. Raises `DataError`."""
    expected = "(inputs, targets) or (x_train, y_train, x_test, y_test)"
    if not isinstance(returned, tuple | list):
        raise DataError(data, expected, f"a {type(returned).__name__}")
    if len(returned) == 2:
        x, y = _pair(data, "", *returned)
        return Loaded(x, y)
    if len(returned) != 4:
        raise DataError(data, expected, f"a {type(returned).__name__} of {len(returned)}")
    x, y = _pair(data, "training ", *returned[:2])
    x_test, y_test = _pair(data, "test ", *returned[2:])
    if x.shape[1] != x_test.shape[1]:
        expected = "training and test inputs of as many features"
        raise DataError(data, expected, f"{x.shape[1]} and {x_test.shape[1]}")
    return Loaded(np.concatenate([x, x_test]), np.concatenate([y, y_test]), own_train=len(x))


def _pair(data: str, role: str, inputs: object, targets: object) -> tuple[NetworkInputs, Outputs]:
    x, y = _array(data, f"{role}inputs", inputs), _array(data, f"{role}targets", targets)
    if x.ndim != 2 or not x.shape[1] or y.shape != x.shape[:1]:
        expected = f"{role}inputs [points, features] and targets [points]"
        raise DataError(data, expected, f"the shapes {list(x.shape)} and {list(y.shape)}")
    for name, array in ((f"{role}inputs", x), (f"{role}targets", y)):
        if not np.isfinite(array).all():
            row = int(np.argmin(np.isfinite(array).all(axis=tuple(range(1, array.ndim)))))
            raise DataError(data, f"finite {name}", f"{array[row]} in row {row}")
    return x, y


def _array(data: str, role: str, value: Any) -> Any:
    """A float64 copy of anything that NumPy reads as an array of real numbers."""
    kind = type(value).__name__
    try:
        found = np.asarray(value)
        if found.dtype.kind == "O":  # Python numbers of any size; other objects fail here
            if any(isinstance(item, str | bytes | complex) for item in found.flat):
                raise TypeError(f"{found.flat[0]!r} among them")
            found = found.astype(np.float64)
    except Exception as error:  # a user's object may raise anything
        why = f"a {kind}: {type(error).__name__}: {error}"
        raise DataError(data, f"{role} that NumPy reads as real numbers", why) from error
    if found.dtype.kind not in "fiub":
        raise DataError(data, f"{role} of real numbers", f"{found.dtype} (a {kind})")
    if np.ma.is_masked(value):
        raise DataError(data, f"{role} without masked values", "some that are masked")
    with np.errstate(over="ignore"):  # values too large for float64 become infinite and are reported
        return np.array(found, dtype=np.float64)


def _diabetes() -> tuple[Any, Any]:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    return bunch.data, bunch.target


def _digits() -> tuple[Any, Any]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.data, parity(bunch.target)


def _breast_cancer() -> tuple[Any, Any]:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return bunch.data, np.where(bunch.target == 1, 1.0, -1.0)


def _digit_images() -> tuple[Any, Any]:
    from harness.ntk.images import digits_of_eight, standardised_images

    images, digits = digits_of_eight()
    return standardised_images(images), parity(digits)


def parity(digits: Any) -> Any:
    """1 for even digits, −1 for odd ones."""
    return np.where(np.asarray(digits) % 2 == 0, 1.0, -1.0)


_DATASETS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "diabetes": _diabetes,
    "digits": _digits,
    "breast-cancer": _breast_cancer,
    "digit-images": _digit_images,
}
