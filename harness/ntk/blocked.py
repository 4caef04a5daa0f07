"""Kernels among many points, evaluated tile by tile.

A kernel of up to `WHOLE` points is evaluated at once. With more points, each tile of a Gram matrix on or
above the diagonal is evaluated once and mirrored. This takes half of the pairs, and intermediate results of 2
MB that stay in a cache; those of 4000 points at once take four times as long per pair. All tiles have one
shape, as small as their number allows (the last is padded by repeating its last point), so that an evaluation
which is compiled for its shapes is compiled twice.

Tiles equal the whole up to rounding: entries of neural-tangents' kernels agreed to the bit at 512 rows, and
within 6e-16 of √(K(x,x) K(x',x')) at 128. The tiles depend only on the number of points, so an entry has the
same bits whatever else is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float

from harness.ntk.shapes import Columns, Matrix, Points, Rows
from harness.ntk.sizes import CROSS, TILE

WHOLE = TILE
"""The number of rows and of columns up to which a kernel is evaluated at once."""

Vector = Float[np.ndarray, " rows"]
TrainColumns = Float[np.ndarray, "train *columns"]
TestColumns = Float[np.ndarray, "test *columns"]

Evaluate = Callable[[Rows, Columns | None], Sequence[Matrix]]
"""A function that gives kernels between two sets of points, or of one set with itself (None)."""


def gram(evaluate: Evaluate, x: Points, which: Sequence[int]) -> list[Matrix]:
    """The Gram matrices among `x` of the kernels numbered in `which`, symmetric up to rounding."""
    if len(x) <= WHOLE:
        found = evaluate(x, None)
        return [found[each] for each in which]
    grams = [np.empty((len(x), len(x)), order="F") for _ in which]
    for rows, columns, tiles in _upper_tiles(evaluate, x):
        for matrix, each in zip(grams, which, strict=True):
            tile = tiles[each][: rows.stop - rows.start, : columns.stop - columns.start]
            if rows != columns:
                matrix[columns, rows] = tile.T
            matrix[rows, columns] = tile
    return grams


def times(evaluate: Evaluate, x: Points, which: int, vector: Vector) -> Vector:
    """The Gram matrix of one of the kernels among `x`, times a vector. The matrix is not held in memory."""
    product = np.zeros(len(x))
    for rows, columns, tiles in _upper_tiles(evaluate, x):
        tile = tiles[which][: rows.stop - rows.start, : columns.stop - columns.start]
        product[rows] += tile @ vector[columns]
        if rows != columns:
            product[columns] += tile.T @ vector[rows]
    return product


def diagonal(evaluate: Evaluate, x: Points, which: int) -> Vector:
    """The diagonal of the Gram matrix of one of the kernels among `x`."""
    tiles = (np.diagonal(evaluate(part, None)[which])[: rows.stop - rows.start] for rows, part in _tiles(x))
    return np.concatenate(list(tiles))


def _upper_tiles(evaluate: Evaluate, x: Points) -> Iterator[tuple[slice, slice, Sequence[Matrix]]]:
    """The tiles on and above the diagonal: the places of their rows and columns, and the kernels there."""
    parts = list(_tiles(x))
    for place, (columns, second) in enumerate(parts):
        for rows, first in parts[: place + 1]:
            yield rows, columns, evaluate(first, None if rows == columns else second)


def between(evaluate: Evaluate, x1: Rows, x2: Columns, which: Sequence[int]) -> list[Matrix]:
    """The kernels numbered in `which`, between `x1` and `x2`."""
    if max(len(x1), len(x2)) <= WHOLE:
        found = evaluate(x1, x2)
        return [found[each] for each in which]
    found = [np.empty((len(x1), len(x2))) for _ in which]
    for rows, first in _tiles(x1):
        for columns, second in _tiles(x2):
            tiles = evaluate(first, second)
            for matrix, each in zip(found, which, strict=True):
                tile = tiles[each][: rows.stop - rows.start, : columns.stop - columns.start]
                matrix[rows, columns] = tile
    return found


class Across:
    """A kernel between test and training points that is too large to hold. `across` makes it.

    Each `@` evaluates it anew, in blocks of rows.
    """

    def __init__(self, evaluate: Evaluate, x_test: Rows, x: Columns, which: int) -> None:
        self._evaluate, self._x_test, self._x, self._which = evaluate, x_test, x, which

    def __matmul__(self, right: TrainColumns) -> TestColumns:
        starts = range(0, len(self._x_test), TILE)
        blocks = (self._x_test[start : start + TILE] for start in starts)
        products = [between(self._evaluate, each, self._x, [self._which])[0] @ right for each in blocks]
        return np.concatenate(products)


def across(evaluate: Evaluate, x_test: Rows, x: Columns, which: int = 0) -> Matrix | Across:
    """One of the kernels between test and training points, held if it has at most `CROSS` entries."""
    if len(x_test) * len(x) <= CROSS:
        return between(evaluate, x_test, x, [which])[0]
    return Across(evaluate, x_test, x, which)


def _tiles(x: Points) -> Iterator[tuple[slice, Points]]:
    """The places of each tile's points among `x`, and the points.

    All tiles have as many; the last point is repeated.
    """
    number = -(-len(x) // TILE)
    length = -(-len(x) // number)
    padded = np.concatenate([x, np.repeat(x[-1:], number * length - len(x), axis=0)])
    for start in range(0, len(x), length):
        yield slice(start, min(start + length, len(x))), padded[start : start + length]
