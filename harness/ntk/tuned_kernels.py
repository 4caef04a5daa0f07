"""Regression with kernels whose length and ridge leave-one-out chooses, on any data. NumPy and SciPy only.

A radial kernel has a length. Each of `LENGTHS` times the median distance between training points is tried,
with each ridge of `solve.RIDGES`. The pair with the least leave-one-out error on the training points
predicts. A kernel without a length is tuned by its ridge alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist, pdist

from harness.declare import StageError
from harness.ntk import solve
from harness.ntk.radial import Distances
from harness.ntk.shapes import Columns, Matrix, Rows

LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Lengths in median distances: at the least a kernel is near 0 between neighbours, at the largest it is
linear over the data."""
FINER = tuple(each * step for each in LENGTHS for step in (1.0, 2**0.5))
"""The same range with half the spacing."""


@dataclass(frozen=True)
class Tuned:
    """A tuned regression.

    `ridge` is in units of the mean diagonal, `length` in distances. `tuned` makes it.
    """

    predictions: Float[np.ndarray, " test"]
    left_out: float
    """The leave-one-out error."""
    ridge: float
    length: float


def radial_grid(
    profile: Callable[[Distances, float], Distances], x: Rows, lengths: Sequence[float] = LENGTHS
) -> list[tuple[float, Callable[[Rows, Columns], Matrix]]]:
    """The kernels of a family at `lengths`, in median distances, each with its length.

    Raises `StageError` if all training points are equal.
    """
    median = float(np.median(pdist(x)))
    if not median > 0:
        raise StageError(f"median distance: expected different points, found {median:g}")

    def at(length: float) -> Callable[[Rows, Columns], Matrix]:
        return lambda first, second: profile(cdist(first, second), length)

    return [(length, at(length)) for length in (each * median for each in lengths)]


def tuned(
    name: str,
    grid: list[tuple[float, Callable[[Rows, Columns], Matrix]]],
    x: Rows,
    y: Float[np.ndarray, " train"],
    x_test: Columns,
) -> Tuned:
    """Regression with the kernel of the grid and the ridge that leave-one-out prefers.

    Raises `StageError` as `solve.factor` does.
    """
    found = []
    for length, kernel in grid:
        fit = solve.factor(name, kernel(x, x), 0.0).leave_one_out(kernel(x_test, x), y)
        found.append(Tuned(fit.predictions, fit.error, fit.ridge, length))
    return min(found, key=lambda each: each.left_out)


def predictions_by_ridge(
    gram: Matrix, cross: Matrix, y: Float[np.ndarray, " train"]
) -> Iterator[Float[np.ndarray, " test"]]:
    """The predictions of one kernel at each ridge of `solve.RIDGES`, in units of its mean diagonal."""
    values, vectors = np.linalg.eigh(gram)
    along, unit = vectors.T @ y, float(np.trace(gram)) / len(gram)
    for ridge in solve.RIDGES:
        weights = along / (np.maximum(values, 0.0) + ridge * unit)
        predictions: Float[np.ndarray, " test"] = cross @ (vectors @ weights)
        yield predictions
