"""Products with the Jacobian and the tangent kernel of a network of several outputs, in float64.

    Jᵀv     one reverse pass over all points
    J w     one forward pass
    Θ v = J (Jᵀ v)

So what a kernel predicts at test points, f₀(x) + Θ(x, X) c = f₀(x) + J(x)(J(X)ᵀ c), needs no kernel between
test and training points.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.model import Params, cast
from harness.ntk.seen_kernel import OutputsAtPoints, SeenKernel, probed_kernel, whole_kernel
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.trainable import TestInputs

NetworkInputs = Float[np.ndarray, "points features"]


def tangent_kernel(
    model: SeveralOutputs, params: Params, x: NetworkInputs, outputs: int, *, entire: bool
) -> SeenKernel:
    """The training kernel at `x`: whole, by Jacobians in blocks of memory, or multiplied with."""
    precise = cast(params, jnp.float64)
    if entire:
        return whole_kernel(jacobian_ntk(model, precise, x))
    return probed_kernel(lambda v: carried_across(model, precise, x, x, v), len(x), outputs)


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
