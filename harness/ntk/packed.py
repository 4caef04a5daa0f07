"""A symmetric matrix and the Cholesky factor of a shifted copy of it, in one array.

    upper triangle, without diagonal   the matrix A
    lower triangle and diagonal        L of L Lᵀ = A + shift · I, or A if there is no factor yet
    a vector                           the diagonal of A

LAPACK's factorization writes only one triangle, so that n points take n² numbers and no second copy: 800 MB
for 10⁴, 8.6 GB for 32,768. Arrays are float64 in Fortran order, which LAPACK takes without a copy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from scipy.linalg import blas, cho_solve, eigh, lapack

from harness.ntk.shapes import Matrix

TILE = 1024
"""The number of rows and columns that are mirrored at once: 8 MB, which a cache holds."""

Vector = Float[np.ndarray, "rows *columns"]


class Packed:
    """A symmetric matrix: `matrix`, or (A + Aᵀ)/2 if that is not quite symmetric.

    overwrite: keep it in the array of `matrix`, which the caller must not use again, if LAPACK can.
    not_finite: the number of entries of `matrix` that are not finite.
    norm: the largest sum of absolute values in a column.
    """

    def __init__(self, matrix: Matrix, *, overwrite: bool = False) -> None:
        turned = matrix.T if matrix.flags.c_contiguous else matrix  # the same matrix, as it is symmetric
        fits = overwrite and turned.dtype == np.float64 and turned.flags.f_contiguous
        self.array = turned if fits and turned.flags.writeable else np.array(turned, np.float64, order="F")
        self.size = len(self.array)
        self.not_finite = 0
        self.norm = self._symmetrise()
        self.diagonal = self.array.diagonal().copy()
        self._factored = False

    def _symmetrise(self) -> float:
        """Make the array symmetric, count entries that are not finite, and return the 1-norm, in one pass."""
        sums = np.zeros(self.size)
        for rows, columns in _tiles(self.size):
            tile, mirrored = self.array[rows, columns], self.array[columns, rows]
            both = (tile,) if rows == columns else (tile, mirrored)
            same = np.array_equal(tile, mirrored.T)
            if not (same and np.isfinite(tile.sum())):
                self.not_finite += sum(int(np.count_nonzero(~np.isfinite(each))) for each in both)
            if not same:
                mean = (tile + mirrored.T) / 2
                tile[...], mirrored[...] = mean, mean.T
            sizes = np.abs(tile)
            sums[columns] += sizes.sum(axis=0)
            if rows != columns:
                sums[rows] += sizes.sum(axis=1)
        return float(sums.max())

    def factor(self, shift: float) -> bool:
        """Factor the matrix + `shift` · I, replacing an earlier factor. True if it is positive definite."""
        if self._factored:
            _mirror(self.array)
        np.fill_diagonal(self.array, self.diagonal + shift)
        self._factored = True
        _, failed = lapack.dpotrf(self.array, lower=1, clean=0, overwrite_a=1)
        return bool(failed == 0)

    def solve(self, right: Vector) -> Vector:
        """(A + shift · I)⁻¹ `right`, by the factor, which must exist."""
        solution: Vector = cho_solve((self.array, True), right, check_finite=False)
        return solution

    def condition_estimate(self, shift: float) -> float:
        """LAPACK's estimate (`pocon`) of the condition number, in the 1-norm, of the factored matrix.

        It is not above the truth, and nearly always within a factor of 3 of it (Higham 2002, ch. 15). For a
        symmetric matrix the condition number in the 2-norm is not above that in the 1-norm.
        """
        reciprocal, _ = lapack.dpocon(self.array, self.norm + shift, uplo="L")
        return 1 / float(reciprocal) if reciprocal > 0 else float("inf")

    def times(self, vector: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        """A · `vector`, whatever the lower triangle holds."""
        product: Float[np.ndarray, " rows"] = blas.dsymv(1.0, self.array, vector, lower=0)
        product += (self.diagonal - self.array.diagonal()) * vector
        return product

    def whole(self) -> Matrix:
        """A copy of the matrix, symmetric."""
        copy = self.array.copy(order="F")
        _mirror(copy)
        np.fill_diagonal(copy, self.diagonal)
        return copy

    def eigen(self) -> tuple[Float[np.ndarray, " rows"], Matrix]:
        """All eigenvalues, ascending, and eigenvectors.

        This takes ten times a factor's work and two more arrays.
        """
        values, vectors = eigh(self.whole(), overwrite_a=True, check_finite=False)
        return values, vectors


def _tiles(size: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the tiles on and above the diagonal."""
    edges = [slice(start, min(start + TILE, size)) for start in range(0, size, TILE)]
    return ((rows, columns) for place, columns in enumerate(edges) for rows in edges[: place + 1])


def _mirror(array: Matrix) -> None:
    """Copy the upper triangle into the lower one. The diagonal stays."""
    for rows, columns in _tiles(len(array)):
        tile = array[rows, columns]
        if rows == columns:
            below = np.tril_indices(len(tile), -1)
            tile[below] = tile.T[below]
        else:
            array[columns, rows] = tile.T
