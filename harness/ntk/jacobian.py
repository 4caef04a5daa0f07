"""The tangent kernel of any function f(params, x), from its Jacobians, a few points at a time.

    Θ(x, x') = J(x) J(x')ᵀ,   J(x) = ∂f(params, x)/∂params    (Jacot et al. 2018 arXiv:1806.07572)

A Jacobian holds points × outputs × parameters numbers, so points are taken in blocks that fit into a budget
of memory. For fully connected networks `harness.ntk.empirical` gives the same from Gram matrices, with less
memory and time. This module is its check, and serves all other networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Function = Callable[[Any, Array], Array]
"""f(params, x [points, ...]) → [points] or [points, outputs]; each point's output depends on its own row."""

Points = Float[np.ndarray, "points ..."]
Rows = Float[np.ndarray, "rows ..."]
Columns = Float[np.ndarray, "columns ..."]

Diagonal = Float[np.ndarray, "points *outputs_twice"]

GIBIBYTE = 2**30


def jacobian_ntk(
    f: Function, params: Any, x1: Rows, x2: Columns | None = None, *, memory: int = GIBIBYTE
) -> Float[np.ndarray, "rows columns *outputs_twice"]:
    """The tangent kernel of `f` between `x1` and `x2` (or `x1` and itself), in the precision of `params`.

    The result is [rows, columns] if f returns [points], and [rows, columns, outputs, outputs] if it returns
    two dimensions. `memory` bytes bound the Jacobians of a block of rows and a block of columns together, the
    only ones held at a time. Computing a Jacobian takes about as much again, which is not counted.

    Raises `ValueError` if one row's and one column's Jacobian do not fit into `memory`.
    """
    outputs, size, several = _one_point(f, params, x1)
    columns, block = (x1 if x2 is None else x2), _block(memory, held=2, size=size)
    kernel = np.empty((len(x1), len(columns), outputs, outputs), dtype=_dtype(params))
    for rows in _slices(len(x1), block):
        row = split_jacobian(f, params, jnp.asarray(x1[rows]))
        for across in _slices(len(columns), block):
            if x2 is None and across.start < rows.start:
                continue  # the Gram matrix is symmetric
            if x2 is None and across == rows:
                kernel[rows, across] = _product(row, row)
                continue
            column = split_jacobian(f, params, jnp.asarray(columns[across]))
            kernel[rows, across] = _product(row, column)
            del column  # before the next is made, so that only two are held
            if x2 is None:
                kernel[across, rows] = kernel[rows, across].transpose(1, 0, 3, 2)
        del row
    return kernel if several else kernel[:, :, 0, 0]


def jacobian_ntk_diagonal(f: Function, params: Any, x: Points, *, memory: int = GIBIBYTE) -> Diagonal:
    """Θ(x, x) at each point alone: [points], or [points, outputs, outputs].

    Jacobians of at most `memory` bytes are held at a time. Raises `ValueError` if one does not fit.
    """
    outputs, size, several = _one_point(f, params, x)
    diagonal = np.empty((len(x), outputs, outputs), dtype=_dtype(params))
    for rows in _slices(len(x), _block(memory, held=1, size=size)):
        diagonal[rows] = _squares(split_jacobian(f, params, jnp.asarray(x[rows])))
    return diagonal if several else diagonal[:, 0, 0]


def size_of_one(f: Function, params: Any, x: Points) -> int:
    """The bytes of one point's Jacobian, the unit in which `memory` is counted."""
    return _one_point(f, params, x)[1]


def _one_point(f: Function, params: Any, x: Points) -> tuple[int, int, bool]:
    """The number of outputs of f, the bytes of one point's Jacobian, and whether f has an axis of outputs."""
    out = jax.eval_shape(f, params, jnp.asarray(x[:1]))
    if out.ndim not in (1, 2) or out.shape[0] != 1:
        raise ValueError(f"f: expected [points] or [points, outputs], found shape {out.shape} for one point")
    outputs = math.prod(out.shape[1:])
    size = outputs * sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(params))
    return outputs, size, out.ndim == 2


def _dtype(params: Any) -> np.dtype[Any]:
    return np.dtype(jnp.result_type(*jax.tree.leaves(params)))


def _block(memory: int, held: int, size: int) -> int:
    """The number of points in a block if `held` blocks are in memory at a time."""
    if memory < held * size:
        what = "one of a row and one of a column are held" if held == 2 else "one is held"
        raise ValueError(
            f"memory: one point's Jacobian takes {size} bytes, and {what} at a time: "
            f"expected at least {held * size} bytes, found {memory}"
        )
    return memory // (held * size)


def _slices(points: int, block: int) -> list[slice]:
    """Blocks of one size, so that one program serves them all. The last may overlap the one before."""
    block = min(block, points)
    starts = [min(start, points - block) for start in range(0, points, block)]
    return [slice(start, start + block) for start in starts]


@partial(jax.jit, static_argnames="f")
def split_jacobian(f: Function, params: Any, x: Array) -> list[Float[Array, "points outputs _"]]:
    """The derivatives by each leaf of `params`.

    Points are differentiated one at a time, vectorised. Differentiating the outputs of all points at once
    would carry the activations of points × points.
    """

    def one(row: Array) -> list[Array]:
        leaves = jax.tree.leaves(jax.jacrev(lambda p: f(p, row[None]).reshape(-1))(params))
        return [leaf.reshape(leaf.shape[0], -1) for leaf in leaves]

    return jax.vmap(one)(x)


@jax.jit
def _product(
    row: list[Float[Array, "rows outputs _"]], column: list[Float[Array, "columns outputs _"]]
) -> Float[Array, "rows columns outputs outputs"]:
    return sum(
        (jnp.einsum("rkp,clp->rckl", a, b) for a, b in zip(row, column, strict=True)),
        start=jnp.zeros((), row[0].dtype),
    )


@jax.jit
def _squares(jacobian: list[Float[Array, "points outputs _"]]) -> Float[Array, "points outputs outputs"]:
    products = (jnp.einsum("pks,pls->pkl", leaf, leaf) for leaf in jacobian)
    return sum(products, start=jnp.zeros((), jacobian[0].dtype))
