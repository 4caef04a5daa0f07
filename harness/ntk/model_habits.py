"""Checks for parts of real networks that have no tangent kernel, run before training.

    random numbers   `apply` draws some: dropout that is left on. A key that is always the same hides it from
                     the checks of `model_checks`, since every call then leaves out the same units
    statistics       a leaf that gives NaN or infinite outputs if it is negative: a running variance
                     among the parameters. Gradient descent would train it
    probabilities    outputs that are positive and sum to one: a softmax, and cross-entropy applies another

The first two checks run for every model, the last if it is trained on cross-entropy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.ntk.model import Model, ModelError, Params, cast
from harness.ntk.programs import equations

DRAWS = frozenset({"random_bits", "threefry2x32", "rng_bit_generator", "rng_uniform"})
"""JAX's operations that draw random numbers. A key that is made but not used draws none."""

STATISTICS = ("batch_stats", "running_mean", "running_var", "moving_mean", "moving_var")
"""The names that libraries give to statistics of batches."""

SUMS = 1e-6
"""How far the sum of a row of probabilities may be from 1: float64 gives 1e-16, other outputs are far off."""


def require_logits(model: Model, params: Params, x: Float[np.ndarray, "points features"]) -> None:
    """Raise `ModelError` if a model that is trained on cross-entropy already gives probabilities."""
    out = np.asarray(model(cast(params, jnp.float64), jnp.asarray(x)))
    if out.ndim == 2 and out.shape[1] > 1 and (out > 0).all() and np.all(np.abs(out.sum(axis=1) - 1) < SUMS):
        expected = "outputs before the softmax, which cross-entropy takes itself"
        raise ModelError(model.name, expected, "positive outputs that sum to 1 in each row")


def require_nothing_drawn(model: Model, params: Params, x: Array) -> None:
    """Raise `ModelError` if `apply` draws random numbers. JAX must be able to trace it."""

    def anew(params: Params, x: Array) -> Array:
        return model(params, x)  # a new function, since an earlier trace may be cached

    program = jax.make_jaxpr(anew)(params, x.astype(jnp.float32))
    drawn = sorted({e.primitive.name for e in equations(program.jaxpr)} & DRAWS)
    if drawn:
        found = f"{', '.join(drawn)}: is dropout left on? (Random features are drawn in init)"
        raise ModelError(model.name, "apply to draw no random numbers", found)


def require_no_statistics(model: Model, params: Params, x: Array) -> None:
    """Raise `ModelError`, naming the leaf, if a running statistic is among the parameters."""
    expected = "params without running statistics, which are not trained: keep them in apply"
    leaves, structure = jax.tree_util.tree_flatten_with_path(params)
    for path, _ in leaves:
        place = jax.tree_util.keystr(path)
        if named := [name for name in STATISTICS if name in place]:
            raise ModelError(model.name, expected, f"{named[0]} at params{place}")
    values = [jnp.asarray(leaf, jnp.float64) for _, leaf in leaves]
    for number, path in _never_negative(model, values, structure, x, [path for path, _ in leaves]):
        found = (
            f"outputs that are no numbers once params{jax.tree_util.keystr(path)} is negative, as those of a "
            f"running variance (leaf {number} of {len(leaves)})"
        )
        raise ModelError(model.name, expected, found)


def _never_negative(
    model: Model, values: list[Array], structure: Any, x: Array, paths: list[Any]
) -> Iterator[tuple[int, Any]]:
    """The positive leaves that make outputs infinite or NaN when they are negative."""
    call = jax.jit(lambda values, x: model(jax.tree.unflatten(structure, values), x))
    for place, (leaf, path) in enumerate(zip(values, paths, strict=True)):
        if leaf.size and bool((leaf > 0).all()):
            turned = [*values[:place], -leaf, *values[place + 1 :]]
            if not np.isfinite(np.asarray(call(turned, x.astype(jnp.float64)))).all():
                yield place, path
