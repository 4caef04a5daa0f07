"""What is left of a target, step by step, while a network of any model is trained to fit it.

Training is full-batch gradient descent on ½Σr² for a fixed number of steps, in the precision of the
parameters. r = f(X) − f₀(X) − y is the residual of the centred network, so that it learns y and not its
initial function f₀.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from harness.declare import StageError
from harness.ntk.dynamics import gradient_step
from harness.ntk.model import Model, Params
from harness.ntk.train import DIVERGED, initialise, learning_rates, network_key, own_largest_eigenvalues

Residuals = Float[np.ndarray, "steps_and_one points"]


def residuals(
    model: Model,
    seed: int,
    x: Float[np.ndarray, "points inputs"],
    y: Float[np.ndarray, " points"],
    units: float,
    largest: float | None,
    steps: int,
) -> tuple[Residuals, float]:
    """The residuals of the seed's first network before each step and after the last, and the learning rate.

    The rate is `units` · 2/λ_max, where λ_max is the larger of `largest`, that of the analytic kernel, and
    the network's own. Raises `StageError` if training diverged.
    """
    initial = initialise(network_key(seed, 0), model, jnp.asarray(x), jnp.asarray(x[:1]))
    own = own_largest_eigenvalues([initial], model, x)
    rate = float(learning_rates(units, largest, own)[0])
    target = jnp.asarray(y) + initial.f_train
    path = np.asarray(_descend(initial.params, model, jnp.asarray(x), target, jnp.asarray(rate), steps))
    found = path.astype(np.float64)
    first, last = (float(np.mean(found[at] ** 2)) for at in (0, -1))
    if not last <= DIVERGED * first:
        raise StageError(f"training: expected no divergence, found a loss of {last:.3g} from {first:.3g}")
    return found, rate


@partial(jax.jit, static_argnames=("model", "steps"))
def _descend(
    params: Params,
    model: Model,
    x: Float[Array, "points inputs"],
    y: Float[Array, " points"],
    rate: Float[Array, ""],
    steps: int,
) -> Float[Array, "steps_and_one points"]:
    dtype = jax.tree.leaves(params)[0].dtype
    advance = gradient_step(lambda now: model(now, x), y.astype(dtype), rate.astype(dtype))
    last, path = lax.scan(lambda now, _: advance(now), params, length=steps)
    end: Array = model(last, x) - y.astype(dtype)
    whole: Float[Array, "steps_and_one points"] = jnp.concatenate([path, end[None]])
    return whole
