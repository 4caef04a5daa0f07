"""Full-batch gradient descent on ½Σr², the whole of it in one compiled program.

A Python loop over compiled steps spends its time between them; here `lax.while_loop` holds the loop, and
stops by itself: at the target loss, at the step budget, or when it diverges. Loss: mean squared residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from harness.declare import StageError
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk
from harness.ntk.network import Params, apply, init

DIVERGED = 1e6
"""Times the initial loss. A rate just above 2/λ_max may raise the loss by some orders of magnitude and come
back (the catapult, arXiv:2003.02218); from 1e6 on, weights in float32 have lost what they were."""

_STREAM = 2
"""The networks' random stream for a seed (the data's is 1, and of another generator)."""


class Initial(NamedTuple):
    """One network before training; made by `initialise`. λ_max is that of its tangent kernel at `x_train`."""

    params: Params
    f_train: Float[Array, " train"]
    f_test: Float[Array, " test"]
    largest: Float[Array, ""]


class Final(NamedTuple):
    """One network after training; made by `descend`. `loss` is the mean squared residual."""

    steps: Int[Array, ""]
    loss: Float[Array, ""]
    initial_loss: Float[Array, ""]
    f_train: Float[Array, " train"]
    f_test: Float[Array, " test"]
    params: Params


@dataclass(frozen=True)
class Runs:
    """Networks trained from several initialisations, a column each; made by `train`. float64 copies."""

    steps: Int[np.ndarray, " nets"]
    loss: Float[np.ndarray, " nets"]
    initial_loss: Float[np.ndarray, " nets"]
    f_train: Float[np.ndarray, "train nets"]
    f_test: Float[np.ndarray, "test nets"]


def network_key(seed: int, number: int) -> PRNGKeyArray:
    """The key of the `number`-th network of a seed: it depends on nothing else."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _STREAM), number)


@partial(jax.jit, static_argnames="architecture")
def initialise(
    key: PRNGKeyArray,
    architecture: Architecture,
    x_train: Float[Array, "train inputs"],
    x_test: Float[Array, "test inputs"],
) -> Initial:
    """A network's parameters, its outputs at both sets of points, and λ_max of its tangent kernel."""
    params = init(key, architecture, x_train.shape[1])
    largest = jnp.linalg.eigvalsh(empirical_ntk(params, architecture, x_train))[-1]
    return Initial(params, apply(params, architecture, x_train), apply(params, architecture, x_test), largest)


@partial(jax.jit, static_argnames="architecture")
def descend(
    params: Params,
    architecture: Architecture,
    x_train: Float[Array, "train inputs"],
    y_train: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    learning_rate: Float[Array, ""],
    target_loss: Float[Array, ""],
    max_steps: Int[Array, ""],
) -> Final:
    """Gradient descent on ½Σ(f(X) − y)² with a learning rate in its own unit, not in 2/λ_max.

    It ends when the mean squared residual is at most `target_loss`, after `max_steps` steps, or when the
    loss is not finite or beyond `DIVERGED` times the initial one.
    """
    dtype = params[0][0].dtype
    x, y = x_train.astype(dtype), y_train.astype(dtype)
    rate, target = learning_rate.astype(dtype), target_loss.astype(dtype)

    def objective(params: Params) -> tuple[Float[Array, ""], Float[Array, ""]]:
        residual = apply(params, architecture, x) - y
        return 0.5 * jnp.sum(residual**2), jnp.mean(residual**2)

    gradient = jax.grad(objective, has_aux=True)
    slope, initial_loss = gradient(params)

    def goes_on(state: tuple[Params, Params, Float[Array, ""], Int[Array, ""]]) -> Array:
        _, _, loss, steps = state
        going: Array = (loss > target) & (loss <= DIVERGED * initial_loss) & (steps < max_steps)
        return going  # False, too, for a loss that is not a number

    def step(
        state: tuple[Params, Params, Float[Array, ""], Int[Array, ""]],
    ) -> tuple[Params, Params, Float[Array, ""], Int[Array, ""]]:
        params, slope, _, steps = state
        params = jax.tree.map(lambda p, g: p - rate * g, params, slope)
        slope, loss = gradient(params)
        return params, slope, loss, steps + 1

    start = (params, slope, initial_loss, jnp.zeros((), jnp.int32))
    params, _, loss, steps = lax.while_loop(goes_on, step, start)
    f_train, f_test = apply(params, architecture, x), apply(params, architecture, x_test)
    return Final(steps, loss, initial_loss, f_train, f_test, params)


def train(
    initials: list[Initial],
    architecture: Architecture,
    x_train: Float[np.ndarray, "train inputs"],
    targets: Float[np.ndarray, "train nets"],
    x_test: Float[np.ndarray, "test inputs"],
    learning_rates: Float[np.ndarray, " nets"],
    target_loss: float,
    max_steps: int,
) -> Runs:
    """`descend` for each initialisation, with its own column of `targets` and its own learning rate.

    One network after the other: each stops at its own step. Measured on one core (64 points), that is as
    fast as all of them vmapped at width 64 (40 GFLOP/s with one hidden layer, 126 with three), and
    1.3 to 2.5 times as fast at 256 and 512 (160–180 GFLOP/s from 64 inputs or three layers on).
    """
    finals = [
        descend(
            initial.params,
            architecture,
            jnp.asarray(x_train),
            jnp.asarray(targets[:, number]),
            jnp.asarray(x_test),
            jnp.asarray(learning_rates[number]),
            jnp.asarray(target_loss),
            jnp.asarray(max_steps, dtype=jnp.int32),
        )
        for number, initial in enumerate(initials)
    ]
    return Runs(
        steps=np.array([int(final.steps) for final in finals]),
        loss=np.array([float(final.loss) for final in finals]),
        initial_loss=np.array([float(final.initial_loss) for final in finals]),
        f_train=np.stack([np.asarray(final.f_train, dtype=np.float64) for final in finals], axis=1),
        f_test=np.stack([np.asarray(final.f_test, dtype=np.float64) for final in finals], axis=1),
    )


def learning_rates(
    units: float, largest_analytic: float, initials: list[Initial]
) -> Float[np.ndarray, " nets"]:
    """`units` · 2/λ_max per network, λ_max the larger of the analytic NTK's and its own at the start.

    With the analytic one alone the kernel's own dynamics diverge at small width, where a network's λ_max may
    be much above it; with the network's alone the analytic prediction at the time trained may.
    """
    own = np.array([float(initial.largest) for initial in initials])
    rates: Float[np.ndarray, " nets"] = units * 2 / np.maximum(largest_analytic, own)
    return rates


def require_trained(
    kind: str, runs: Runs, rates: Float[np.ndarray, " nets"], target_loss: float, max_steps: int
) -> None:
    """Raise `StageError`, with figures, unless every network trained to `target_loss` in more than one step.

    A network that has hardly moved "equals" whatever knows its initial function, so it must not pass.
    """
    count = len(runs.steps)
    rate = f"learning rates {rates.min():.3g} to {rates.max():.3g}"
    diverged = ~(runs.loss <= DIVERGED * runs.initial_loss)
    if diverged.any():
        worst = int(np.argmax(diverged))
        raise StageError(
            f"{diverged.sum()} of {count} {kind} networks diverged: loss {runs.loss[worst]:.3g} after "
            f"{runs.steps[worst]} steps from {runs.initial_loss[worst]:.3g} ({rate})"
        )
    missed = ~(runs.loss <= target_loss)
    if missed.any():
        raise StageError(
            f"{missed.sum()} of {count} {kind} networks missed the target loss {target_loss:.3g} within "
            f"{max_steps} steps: loss up to {runs.loss.max():.3g} from {runs.initial_loss.max():.3g} ({rate})"
        )
    if (runs.steps <= 1).any():
        raise StageError(
            f"{(runs.steps <= 1).sum()} of {count} {kind} networks reached the loss {target_loss:.3g} in at "
            f"most one step, from {runs.initial_loss.min():.3g} at the start: that is no training ({rate})"
        )
