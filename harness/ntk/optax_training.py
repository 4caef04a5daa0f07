"""Trains a network or its linearisation as its user trains it: by a rule of optax, on a loss, in batches.

    squared         the mean over points and outputs of (f − y)²
    cross-entropy   the mean over points of −Σ y log softmax(f)
    linearised      f(θ₀, x) + J(θ₀, x)(θ − θ₀), trained in θ from θ₀ by the same rule, rate and batches

A *step* changes the parameters once. A *look* evaluates the loss on all training points. There is a look at
each step, or with batches at each epoch. Training ends at a look. All steps between two recorded ones are one
compiled program, which all seeds of a trial share: the rate is one of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from harness.ntk.model import Params
from harness.ntk.optimizers import batches
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.trainable import Loss, Recipe

DIVERGED = 1e6
"""The factor on the initial loss beyond which training has diverged, as in `harness.ntk.train`."""

Out = Float[Array, "points outputs"]


class OptaxProblem(NamedTuple):
    """The points, targets and rate of training. `key` orders the batches."""

    x: Float[Array, "points features"]
    y: Float[Array, "points outputs"]
    rate: Float[Array, ""]
    target: Float[Array, ""]
    key: PRNGKeyArray


class TrainingState(NamedTuple):
    """A network at a look: its trained parameters, the rule's memory, and the full batch's gradient there."""

    params: Params
    memory: Any
    slope: Any
    loss: Float[Array, ""]
    step: Int[Array, ""]


def mean_loss(loss: Loss, out: Out, y: Out, present: Float[Array, " points"] | None = None) -> Array:
    """The loss of outputs. In a batch, only the points that are `present` count (1; others 0)."""
    if loss == "squared":
        each = jnp.mean((out - y.astype(out.dtype)) ** 2, axis=1)
    else:
        each = -jnp.sum(y.astype(out.dtype) * jax.nn.log_softmax(out), axis=1)
    if present is None:
        return jnp.mean(each)
    weights = present.astype(out.dtype)
    return jnp.sum(each * weights) / jnp.sum(weights)


@partial(jax.jit, static_argnames="model")
def linearised_outputs(
    model: SeveralOutputs, start: Params, params: Params, x: Float[Array, "points features"]
) -> Out:
    """f(θ₀, x) + J(θ₀, x)(θ − θ₀)."""
    moved = jax.tree.map(jnp.subtract, params, start)
    value, more = jax.jvp(lambda p: model(p, x), (start,), (moved,))
    expanded: Out = value + more
    return expanded


@partial(jax.jit, static_argnames="model")
def network_outputs(model: SeveralOutputs, params: Params, x: Float[Array, "points features"]) -> Out:
    """f(θ, x), compiled."""
    return model(params, x)


def train_by_optax(
    model: SeveralOutputs,
    recipe: Recipe,
    start: Params,
    problem: OptaxProblem,
    times: list[int],
    *,
    linear: bool,
) -> Iterator[TrainingState]:
    """The states at `times`, numbers of steps, until training ends.

    It ends at its last time, at its target, or if it diverges. With batches, a state is the first look at or
    after its time.
    """
    state = _begin(model, recipe, linear, start, problem)
    stride = recipe.stride(len(problem.x))
    for until in dict.fromkeys(-(-time // stride) * stride for time in times):
        state = _walk(model, recipe, linear, start, state, problem, jnp.asarray(until))
        yield state
        if int(state.step) < until:
            break


def _rule(recipe: Recipe, rate: Float[Array, ""]) -> optax.GradientTransformation:
    make: Callable[..., optax.GradientTransformation] = getattr(optax, recipe.optimizer)
    return make(rate, momentum=recipe.momentum) if recipe.momentum else make(rate)


def _value(
    model: SeveralOutputs, linear: bool, start: Params
) -> Callable[[Params, Float[Array, "points features"]], Out]:
    return partial(linearised_outputs, model, start) if linear else model


def _looked(
    value: Callable[..., Out], recipe: Recipe, params: Params, problem: OptaxProblem, points: int
) -> tuple[Any, Array]:
    """The gradient and the loss on all points.

    With batches the gradient is left out, since no step uses it.
    """

    def objective(params: Params) -> Array:
        return mean_loss(recipe.loss, value(params, problem.x), problem.y)

    if recipe.stride(points) > 1:
        return (), objective(params)
    loss, slope = jax.value_and_grad(objective)(params)
    return slope, loss


@partial(jax.jit, static_argnames=("model", "recipe", "linear"))
def _begin(
    model: SeveralOutputs, recipe: Recipe, linear: bool, start: Params, problem: OptaxProblem
) -> TrainingState:
    value = _value(model, linear, start)
    slope, loss = _looked(value, recipe, start, problem, problem.x.shape[0])
    memory = _rule(recipe, problem.rate).init(start)
    return TrainingState(start, memory, slope, loss, jnp.zeros((), jnp.int64))


@partial(jax.jit, static_argnames=("model", "recipe", "linear"))
def _walk(
    model: SeveralOutputs,
    recipe: Recipe,
    linear: bool,
    start: Params,
    state: TrainingState,
    problem: OptaxProblem,
    until: Int[Array, ""],
) -> TrainingState:
    """Take steps up to `until`, to the target loss, or until the loss is `DIVERGED` times the initial one."""
    value, points = _value(model, linear, start), problem.x.shape[0]
    rule, stride = _rule(recipe, problem.rate), recipe.stride(points)
    highest = DIVERGED * mean_loss(recipe.loss, value(start, problem.x), problem.y)

    def moved(params: Params, memory: Any, slope: Any) -> tuple[Params, Any]:
        updates, after = rule.update(slope, memory, params)
        after = jax.tree.map(lambda new, old: jnp.asarray(new).astype(old.dtype), after, memory)
        return optax.apply_updates(params, updates), after

    def on_batch(carry: tuple[Params, Any], batch: tuple[Array, Array]) -> tuple[tuple[Params, Any], None]:
        params, memory = carry
        chosen, present = batch

        def objective(params: Params) -> Array:
            return mean_loss(recipe.loss, value(params, problem.x[chosen]), problem.y[chosen], present)

        return moved(params, memory, jax.grad(objective)(params)), None

    def advance(now: TrainingState) -> TrainingState:
        if stride == 1:
            params, memory = moved(now.params, now.memory, now.slope)
        else:
            order = batches(problem.key, now.step // stride, points, recipe.batch)
            (params, memory), _ = lax.scan(on_batch, (now.params, now.memory), order)
        slope, loss = _looked(value, recipe, params, problem, points)
        return TrainingState(params, memory, slope, loss, now.step + stride)

    def goes_on(now: TrainingState) -> Array:
        going: Array = (now.step < until) & (now.loss > problem.target) & (now.loss <= highest)
        return going

    last: TrainingState = lax.while_loop(goes_on, advance, state)
    return last


def as_problem(
    x: Float[np.ndarray, "points features"],
    y: Float[np.ndarray, "points outputs"],
    rate: float,
    target: float,
    key: PRNGKeyArray,
) -> OptaxProblem:
    """A problem in float32."""
    points, targets = (jnp.asarray(each, dtype=jnp.float32) for each in (x, y))
    return OptaxProblem(points, targets, jnp.float32(rate), jnp.float32(target), key)
