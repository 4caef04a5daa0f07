"""Products with the Jacobian and the tangent kernel of a network of several outputs, in float64.

    Jᵀv     one reverse pass over all points
    J w     one forward pass
    Θ v = J (Jᵀ v)

So what a kernel predicts at test points, f₀(x) + Θ(x, X) c = f₀(x) + J(x)(J(X)ᵀ c), needs no kernel between
test and training points. A whole kernel comes from Jacobians if those of all points fit into memory together.
For larger networks it is computed row by row, Θ e = J (Jᵀ e), which holds one Jacobian of one output and
computes none twice.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from harness.ntk.jacobian import GIBIBYTE, jacobian_ntk, size_of_one
from harness.ntk.model import Params, cast
from harness.ntk.seen_kernel import OutputsAtPoints, SeenKernel, probed_kernel, whole_kernel
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.trainable import TestInputs

NetworkInputs = Float[np.ndarray, "points features"]


def tangent_kernel(
    model: SeveralOutputs, params: Params, x: NetworkInputs, outputs: int, *, entire: bool
) -> SeenKernel:
    """The training kernel at `x`: whole, with at most 1 GiB of Jacobians, or by products."""
    precise = cast(params, jnp.float64)
    if not entire:
        return probed_kernel(lambda v: carried_across(model, precise, x, x, v), len(x), outputs)
    # `jacobian_ntk` holds two blocks; if both contain all points, it computes each Jacobian once.
    if 2 * len(x) * size_of_one(model, precise, x) <= GIBIBYTE:
        return whole_kernel(jacobian_ntk(model, precise, x))
    return whole_kernel(kernel_by_rows(model, precise, x))


def kernel_by_rows(
    model: SeveralOutputs, params: Params, x: NetworkInputs
) -> Float[np.ndarray, "points points outputs outputs"]:
    """The whole kernel at `x` in the precision of `params`, one row after another."""
    rows = np.asarray(_rows(model, params, jnp.asarray(x)))
    kernel = rows.transpose(0, 2, 1, 3)
    even: Float[np.ndarray, "points points outputs outputs"] = (kernel + kernel.transpose(1, 0, 3, 2)) / 2
    return even  # symmetric to the bit


@partial(jax.jit, static_argnames="model")
def _rows(
    model: SeveralOutputs, params: Params, x: Float[Array, "points features"]
) -> Float[Array, "points outputs points outputs"]:
    out, push = jax.linearize(lambda p: model(p, x), params)
    points, outputs = out.shape

    def row(number: Array) -> Array:
        place, output = number // outputs, number % outputs
        point = lax.dynamic_slice_in_dim(x, place, 1)
        pushed: Array = push(jax.grad(lambda p: model(p, point)[0, output])(params))
        return pushed

    rows: Array = lax.map(row, jnp.arange(points * outputs))
    return rows.reshape(points, outputs, points, outputs)


def carried_across(
    model: SeveralOutputs,
    params: Params,
    x: NetworkInputs,
    x_test: TestInputs,
    coefficients: OutputsAtPoints,
) -> Float[np.ndarray, "test outputs"]:
    """Θ(x_test, x) c."""
    precise, points = cast(params, jnp.float64), jnp.asarray(x)
    direction = _pulled(model, precise, points, jnp.asarray(coefficients))
    return np.asarray(_pushed(model, precise, jnp.asarray(x_test), direction))


@partial(jax.jit, static_argnames="model")
def _pulled(
    model: SeveralOutputs,
    params: Params,
    x: Float[Array, "points features"],
    v: Float[Array, "points outputs"],
) -> Params:
    return jax.vjp(lambda p: model(p, x), params)[1](v)[0]


@partial(jax.jit, static_argnames="model")
def _pushed(
    model: SeveralOutputs, params: Params, x: Float[Array, "points features"], direction: Params
) -> Float[Array, "points outputs"]:
    moved: Float[Array, "points outputs"] = jax.jvp(lambda p: model(p, x), (params,), (direction,))[1]
    return moved
