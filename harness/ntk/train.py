"""Training, the whole of it in one compiled program.

A Python loop over compiled steps spends its time between them. Here `lax.while_loop` holds the loop, and
stops by itself: at the target loss, at the step budget, or when it diverges. All networks of a trial and all
trials of the same shapes share one program. The loss is the mean squared residual on the training points.
`harness.ntk.optimizers` moves the parameters between two looks at the loss, and `harness.ntk.first_layer`
trains a first layer in fewer products.

With held-out points (`HeldOut`) training also stops early, when `patience` steps have not lowered the error
there. The result is then the network at the look with the lowest held-out error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from harness.declare import StageError
from harness.ntk.model import Model, Params, dtype_of
from harness.ntk.optimizers import Optimizer, State, rule
from harness.ntk.tangent import Moving

DIVERGED = 1e6
"""The factor on the initial loss beyond which training has diverged. A rate just above 2/λ_max may raise the
loss by some orders of magnitude and come back (the catapult, arXiv:2003.02218). From 1e6 on, float32 weights
have lost their initial values."""

_STREAM, _BATCH_STREAM = 2, 3
"""The streams of a seed's networks and of their mini-batches. The data's stream is 1, of another generator.
"""

GRADIENT_DESCENT = Optimizer()


class Initial(NamedTuple):
    """One network before training. `initialise` makes it."""

    params: Params
    f_train: Float[Array, " train"]
    f_test: Float[Array, " test"]


Targets = Float[Array, "points *nets"]
Keys = Key[Array, " nets"]
Number = int | Int[Array, ""]


class HeldOut(NamedTuple):
    """Points for early stopping, with their targets. For `train`, targets have a column for each network."""

    x: Float[Array, "points inputs"]
    y: Targets
    patience: int


class Best(NamedTuple):
    """The network at the look with the lowest held-out error so far."""

    error: Float[Array, ""]
    steps: Int[Array, ""]
    loss: Float[Array, ""]
    params: Params


class Final(NamedTuple):
    """One network after training. `loss` is the mean squared residual. `descend` makes it.

    `steps` and `loss` are those of the returned network. `steps_taken` and `last_loss` are those at which
    training ended; they are the same unless it stopped early.
    """

    steps: Int[Array, ""]
    loss: Float[Array, ""]
    initial_loss: Float[Array, ""]
    steps_taken: Int[Array, ""]
    last_loss: Float[Array, ""]
    f_train: Float[Array, " train"]
    f_test: Float[Array, " test"]
    params: Params


@dataclass(frozen=True)
class Runs:
    """Networks trained from several initialisations, a column each, as float64 copies. `train` makes it.

    Fields are those of `Final`. `stride` is the number of steps between two looks. `patience` is None if
    training had no held-out points and went on to the target loss.
    """

    steps: Int[np.ndarray, " nets"]
    loss: Float[np.ndarray, " nets"]
    initial_loss: Float[np.ndarray, " nets"]
    steps_taken: Int[np.ndarray, " nets"]
    last_loss: Float[np.ndarray, " nets"]
    f_train: Float[np.ndarray, "train nets"]
    f_test: Float[np.ndarray, "test nets"]
    params: list[Params]
    stride: int
    patience: int | None

    def missed(self, target_loss: float) -> Bool[np.ndarray, " nets"]:
        """The networks that ran out of steps: they neither reached the target loss nor stopped early."""
        missed: Bool[np.ndarray, " nets"] = ~(self.last_loss <= target_loss)
        if self.patience is not None:
            missed &= self.steps_taken - self.steps < self.patience
        return missed


def network_key(seed: Number, number: Number) -> PRNGKeyArray:
    """The key of the `number`-th network of a seed. It depends on nothing else."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _STREAM), number)


def batch_key(seed: Number, number: Number) -> PRNGKeyArray:
    """The key that orders the mini-batches of the `number`-th network of a seed."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _BATCH_STREAM), number)


@partial(jax.jit, static_argnames="networks")
def network_keys(seed: Number, networks: int) -> Keys:
    """The `network_key` of the first `networks` networks of a seed, in one call."""
    keys: Keys = jax.vmap(lambda number: network_key(seed, number))(jnp.arange(networks))
    return keys


@partial(jax.jit, static_argnames="networks")
def batch_keys(seed: Number, networks: int) -> Keys:
    """The `batch_key` of the first `networks` networks of a seed, in one call."""
    keys: Keys = jax.vmap(lambda number: batch_key(seed, number))(jnp.arange(networks))
    return keys


@partial(jax.jit, static_argnames="model")
def initialise(
    key: PRNGKeyArray,
    model: Model,
    x_train: Float[Array, "train inputs"],
    x_test: Float[Array, "test inputs"],
) -> Initial:
    """A network's parameters, and its outputs at both sets of points."""
    params = model.draw(key, x_train.shape[1])
    return Initial(params, model(params, x_train), model(params, x_test))


def initialise_each(
    keys: Keys,
    model: Model,
    x_train: Float[np.ndarray, "train inputs"],
    x_test: Float[np.ndarray, "test inputs"],
) -> list[Initial]:
    """`initialise` for each key."""
    x, x_test_there = jnp.asarray(x_train), jnp.asarray(x_test)
    return [initialise(key, model, x, x_test_there) for key in keys]


@partial(jax.jit, static_argnames="model")
def largest_eigenvalue(params: Params, model: Model, x: Float[Array, "points inputs"]) -> Float[Array, ""]:
    """λ_max of a network's tangent kernel, in one program. With many points this is the slowest part."""
    return model.largest_eigenvalue(params, x)


def own_largest_eigenvalues(
    initials: list[Initial], model: Model, x_train: Float[np.ndarray, "train inputs"]
) -> Float[np.ndarray, " nets"]:
    """The `largest_eigenvalue` of each network."""
    x = jnp.asarray(x_train)
    return np.array([float(largest_eigenvalue(each.params, model, x)) for each in initials])


class _LossLook(NamedTuple):
    """Training at a look: the rule's state, and what was measured. `best` needs held-out points."""

    at: State
    loss: Float[Array, ""]
    initial_loss: Float[Array, ""]
    steps: Int[Array, ""]
    best: Best | None
    going: Bool[Array, ""]


@partial(jax.jit, static_argnames=("model", "optimizer", "moving"))
def descend(
    params: Params,
    model: Model,
    optimizer: Optimizer,
    x_train: Float[Array, "train inputs"],
    y_train: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    learning_rate: Float[Array, ""],
    target_loss: Float[Array, ""],
    max_steps: Int[Array, ""],
    key: PRNGKeyArray | None = None,
    held_out: HeldOut | None = None,
    moving: Moving | None = None,
) -> Final:
    """Train one network, with a learning rate in its own unit, not in 2/λ_max.

    Training ends when the mean squared residual is at most `target_loss`, after `max_steps` steps, or when
    the loss is not finite or beyond `DIVERGED` times the initial one, as seen at the optimizer's looks. With
    `held_out` it also ends when the error there was lowest `patience` steps ago. `key` is for `sgd`. `moving`
    says which leaves are trained while the others stay constant; None means all.
    """
    dtype, whole = dtype_of(params), params
    if moving is not None:
        params = moving.part(params)

    def f(params: Params, x: Array) -> Array:
        return model(params if moving is None else moving.whole(params, whole), x)

    x, y = x_train.astype(dtype), y_train.astype(dtype)
    rate, target = learning_rate.astype(dtype), target_loss.astype(dtype)
    layer = None
    if optimizer == GRADIENT_DESCENT and moving is None and held_out is None:
        layer = model.first_layer(params, x)
    at_work = rule(optimizer, f, params, x, y, rate, key) if layer is None else layer.rule(y, rate)

    def held_out_error(params: Params) -> Float[Array, ""]:
        assert held_out is not None
        return jnp.mean((f(params, held_out.x) - held_out.y.astype(dtype)) ** 2)

    # A pass of the loop looks and then moves on, unless training ends with this look. One look in the program
    # halves the compiling of one before the loop and one inside it, and a gradient is used where it is made.
    def look_and_advance(last: _LossLook) -> _LossLook:
        slope, loss = at_work.look(last.at)
        first = last.steps == 0
        initial_loss = jnp.where(first, loss, last.initial_loss)
        going = (loss > target) & (loss <= DIVERGED * initial_loss) & (last.steps < max_steps)
        # also false for a loss that is not a number
        best = last.best
        if held_out is not None and best is not None:
            params = at_work.params(last.at)
            now = Best(held_out_error(params), last.steps, loss, params)
            best = _chosen(first | (now.error < best.error), now, best)
            going &= last.steps - best.steps < held_out.patience
        moved = at_work.advance(last.at, slope, last.steps)
        steps = last.steps + jnp.where(going, at_work.stride, 0).astype(last.steps.dtype)
        return _LossLook(_chosen(going, moved, last.at), loss, initial_loss, steps, best, going)

    nothing, start = jnp.zeros((), dtype), jnp.zeros((), jnp.int32)
    best = None if held_out is None else Best(nothing, start, nothing, params)
    before = _LossLook(at_work.start, nothing, nothing, start, best, jnp.ones((), bool))
    last = lax.while_loop(lambda look: look.going, look_and_advance, before)
    params = at_work.params(last.at)
    returned = Best(nothing, last.steps, last.loss, params) if last.best is None else last.best
    return Final(
        returned.steps,
        returned.loss,
        last.initial_loss,
        last.steps,
        last.loss,
        f(returned.params, x),
        f(returned.params, x_test),
        returned.params if moving is None else moving.whole(returned.params, whole),
    )


T = TypeVar("T")


def _chosen(whether: Bool[Array, ""], one: T, other: T) -> T:
    chosen: T = jax.tree.map(lambda a, b: jnp.where(whether, a, b), one, other)
    return chosen


@partial(jax.jit, static_argnames="model")
def outputs(params: Params, model: Model, x: Float[Array, "points inputs"]) -> Float[Array, " points"]:
    """A network's outputs at `x`, compiled."""
    return model(params, x)


def train(
    initials: list[Initial],
    model: Model,
    x_train: Float[np.ndarray, "train inputs"],
    targets: Float[np.ndarray, "train nets"],
    x_test: Float[np.ndarray, "test inputs"],
    learning_rates: Float[np.ndarray, " nets"],
    target_loss: float,
    max_steps: int,
    *,
    optimizer: Optimizer = GRADIENT_DESCENT,
    keys: list[PRNGKeyArray] | None = None,
    held_out: HeldOut | None = None,
) -> Runs:
    """`descend` for each initialisation, with its own column of `targets`, learning rate and key.

    Networks are trained one after the other, by one program; each stops at its own step. Side by side they
    take no more steps a second. Measured on one core with 64 points in 64 dimensions, eight networks and one
    hidden layer of width 64, a step of one network takes 8.0 µs in turn, and 7.1 to 8.6 µs side by side
    (vmapped, or written out as one network of width 512). Most of it is products, which reach their full rate
    at this width. Side by side all networks also wait for the last to stop, which takes 1.1 to 1.2 times the
    mean number of steps. The loop over networks is Python's: `lax.map` takes 1.2 ms less for eight networks,
    but 0.4 to 0.6 s more to compile for this and for `initialise` each, and a program for each number of
    networks.
    """
    x, x_test_there = jnp.asarray(x_train), jnp.asarray(x_test)
    target, budget = np.asarray(target_loss), np.asarray(max_steps, dtype=np.int32)
    each_held_out: list[HeldOut | None] = [None] * len(initials)
    if held_out is not None:
        each_held_out = [held_out._replace(y=y) for y in held_out.y.T]
    finals: list[Final] = jax.device_get(
        [
            descend(
                initial.params,
                model,
                optimizer,
                x,
                targets[:, number],
                x_test_there,
                learning_rates[number],
                target,
                budget,
                None if keys is None else keys[number],
                each_held_out[number],
            )
            for number, initial in enumerate(initials)
        ]
    )
    return Runs(
        steps=np.array([int(final.steps) for final in finals]),
        loss=np.array([float(final.loss) for final in finals]),
        initial_loss=np.array([float(final.initial_loss) for final in finals]),
        steps_taken=np.array([int(final.steps_taken) for final in finals]),
        last_loss=np.array([float(final.last_loss) for final in finals]),
        f_train=np.stack([final.f_train for final in finals], axis=1).astype(np.float64),
        f_test=np.stack([final.f_test for final in finals], axis=1).astype(np.float64),
        params=[final.params for final in finals],
        stride=optimizer.stride(len(x_train)),
        patience=None if held_out is None else int(held_out.patience),
    )


def learning_rates(
    units: float, largest_analytic: float | None, own: Float[np.ndarray, " nets"]
) -> Float[np.ndarray, " nets"]:
    """`units` · 2/λ_max per network, λ_max the larger of the analytic NTK's and its `own` before training.

    With the analytic one alone, training diverges at small width, where a network's own λ_max may be much
    larger. With the network's own alone, the analytic prediction at the time trained may diverge. If
    `largest_analytic` is None, there is no analytic NTK, and the network's own decides.

    Raises `StageError` if only its own is there, and is not finite and positive.
    """
    if largest_analytic is None:
        if not np.all((own > 0) & (own < np.inf)):
            found = f"{own.min():.3g} to {own.max():.3g}"
            raise StageError(f"λ_max of networks' own kernels: expected above 0 and finite, found {found}")
        largest_analytic = 0.0
    rates: Float[np.ndarray, " nets"] = units * 2 / np.maximum(largest_analytic, own)
    return rates


def require_trained(
    kind: str, runs: Runs, rates: Float[np.ndarray, " nets"], target_loss: float, max_steps: int
) -> None:
    """Raise `StageError`, with figures, unless every network trained, and for more than one step.

    A network has trained if it reached `target_loss` or, with held-out points, if their error had stopped
    falling. A network that has hardly moved "equals" every predictor that knows its initial function, so it
    must not pass.
    """
    count = len(runs.steps)
    rate = f"learning rates {rates.min():.3g} to {rates.max():.3g}"
    diverged = ~(runs.last_loss <= DIVERGED * runs.initial_loss)
    if diverged.any():
        worst = int(np.argmax(diverged))
        raise StageError(
            f"{diverged.sum()} of {count} {kind} networks diverged: loss {runs.last_loss[worst]:.3g} after "
            f"{runs.steps_taken[worst]} steps from {runs.initial_loss[worst]:.3g} ({rate})"
        )
    missed = runs.missed(target_loss)
    if missed.any():
        early = "" if runs.patience is None else f", and did not stop early (patience {runs.patience} steps)"
        raise StageError(
            f"{missed.sum()} of {count} {kind} networks missed the target loss {target_loss:.3g} within "
            f"{max_steps} steps{early}: loss up to {runs.last_loss[missed].max():.3g} from "
            f"{runs.initial_loss[missed].max():.3g} ({rate})"
        )
    if (runs.steps <= 1).any():
        reached = f"reached the loss {target_loss:.3g}"
        what = reached if runs.patience is None else "were best on held-out points"
        raise StageError(
            f"{(runs.steps <= 1).sum()} of {count} {kind} networks {what} in at most one step, "
            f"from {runs.initial_loss.min():.3g} at the start: that is no training ({rate})"
        )
