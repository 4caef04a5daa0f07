"""What enters a network's last layer, found from its function alone, and how far training moves it.

The last layer consists of the leaves in which the outputs are affine. These are the leaves that the model
names, or else those in which the outputs are affine one by one, if they are so together. The derivative of
the outputs' sum by such a leaf is what the leaf multiplies: the features. A leaf whose derivative is the same
at every point is a bias and gives no features.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.declare import NotCovered
from harness.ntk.model import Params, cast
from harness.ntk.model_checks import CURVED, readout_leaves, second_difference
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.tangent import Moving
from harness.ntk.trainable import LastInputs

NetworkInputs = Float[np.ndarray, "points features"]


def found_last_layer(model: SeveralOutputs, params: Params, x: NetworkInputs) -> Moving:
    """The leaves of the last layer. Raises `NotCovered` if they cannot be distinguished from others."""
    points = jnp.asarray(x)
    if model.readout is not None:
        return readout_leaves(model, params, points)
    count = len(jax.tree.leaves(params))
    ones = [Moving(tuple(place == other for other in range(count))) for place in range(count)]
    found = Moving(tuple(second_difference(model, params, points, one) <= CURVED for one in ones))
    if not any(found.leaves) or not second_difference(model, params, points, found) <= CURVED:
        raise NotCovered(
            f"model {model.name}: which parameters are its last layer's cannot be told: return a "
            "`harness.ntk.model.Model` with a readout that says so"
        )
    return found


def last_inputs(model: SeveralOutputs, params: Params, x: NetworkInputs, last: Moving) -> LastInputs:
    """The features at `x`, float64."""
    leaves = _derivatives(model, cast(params, jnp.float64), jnp.asarray(x), last)
    return [np.asarray(leaf) for leaf in leaves]


@partial(jax.jit, static_argnames=("model", "last"))
def _derivatives(
    model: SeveralOutputs, params: Params, x: Float[Array, "points features"], last: Moving
) -> list[Float[Array, "points _"]]:
    def summed(part: list[Array], row: Array) -> Array:
        return jnp.sum(model(last.whole(part, params), row[None]))

    def of_row(row: Array) -> list[Array]:
        return [leaf.reshape(-1) for leaf in jax.grad(summed)(last.part(params), row)]

    return jax.vmap(of_row)(x)
