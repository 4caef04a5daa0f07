"""A network and its linearisation, followed through training.

Full-batch gradient descent on ½Σr², r = f(X) − y, with steps of size η, in the precision of the parameters
(Lee et al. 2019 arXiv:1902.06720, whose gradient flow becomes steps here):

    network      θ ← θ − η J(θ)ᵀ r                      (for the trained layers' θ only)
    linearised   f_lin(x) = f₀(x) + J(θ₀, x) ω,    ω ← ω − η J(θ₀)ᵀ r,    ω = 0 at the start

The linearised network is trained in its own parameters, as many as the network's. `harness.ntk.solve` has its
closed-form solution. A path holds what is measured at given *times* (numbers of steps), and the residuals of
every step. Each path is one compiled program.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from harness.declare import StageError
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk
from harness.ntk.network import Params, apply, features

S = TypeVar("S")
T = TypeVar("T")

FALLEN = 0.25
"""The share of the initial loss to which training must bring the loss down. It halves the residuals' norm."""


class Trajectory(NamedTuple):
    """A model through training. `follow` and `follow_linearised` make it.

    `residuals` are f(X) − y before the first step and after each.
    """

    residuals: Float[Array, "steps_and_one train"]
    f_test: Float[Array, "times test"]


class Motion(NamedTuple):
    """How far a network is from where it started, at each time. `follow` makes it.

    weights, weight_norms: ‖W_t − W₀‖ and ‖W₀‖ for each layer's weights, without biases
    features: ‖a_t − a₀‖ / ‖a₀‖ for the inputs of the output layer at the training points
    kernel: ‖Θ_t − Θ₀‖ / ‖Θ₀‖ for the trained layers' tangent kernel on the training points, in Frobenius
        norms
    """

    weights: Float[Array, "times layers"]
    weight_norms: Float[Array, " layers"]
    features: Float[Array, " times"]
    kernel: Float[Array, " times"]


def recorded_times(steps: int, count: int = 8) -> Int[np.ndarray, " times"]:
    """At most `count` numbers of steps from 1 to `steps`, evenly spaced on a logarithmic scale."""
    return np.unique(np.rint(np.geomspace(1, steps, count)).astype(np.int32))


@partial(jax.jit, static_argnames=("architecture", "steps", "layers"))
def follow(
    params: Params,
    architecture: Architecture,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    rate: Float[Array, ""],
    times: Int[Array, " times"],
    steps: int,
    layers: tuple[int, ...] | None = None,
) -> tuple[Trajectory, Motion]:
    """Train a network for `steps` steps of size `rate`, and measure it at `times`, which end with `steps`.

    `layers` are the numbers of the trained layers, 0 the first; the others do not change. None means all.
    """
    features_0 = features(params, architecture, x)
    kernel_0 = empirical_ntk(params, architecture, x, layers=layers)

    def look(moving: Params) -> tuple[Array, Array, Array, Array]:
        now = _whole(params, moving, layers)
        moved = jnp.stack(
            [jnp.linalg.norm(w - start) for (w, _), (start, _) in zip(now, params, strict=True)]
        )
        return (
            apply(now, architecture, x_test),
            moved,
            _relative(features(now, architecture, x), features_0),
            _relative(empirical_ntk(now, architecture, x, layers=layers), kernel_0),
        )

    advance = gradient_step(lambda p: apply(_whole(params, p, layers), architecture, x), y, rate)
    start = _moving(params, layers)
    residuals, (f_test, moved, features_moved, drift) = _walk(start, advance, look, times, steps)
    norms = jnp.stack([jnp.linalg.norm(weights) for weights, _ in params])
    return Trajectory(residuals, f_test), Motion(moved, norms, features_moved, drift)


@partial(jax.jit, static_argnames=("architecture", "steps", "layers"))
def follow_linearised(
    params: Params,
    architecture: Architecture,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    rate: Float[Array, ""],
    times: Int[Array, " times"],
    steps: int,
    layers: tuple[int, ...] | None = None,
) -> Trajectory:
    """The same for the network's linearisation at `params`, trained in its own parameters ω."""
    start = _moving(params, layers)

    def f(moving: Params, points: Array) -> Array:
        out: Array = apply(_whole(params, moving, layers), architecture, points)
        return out

    f_0, push = jax.linearize(lambda p: f(p, x), start)
    pull = jax.linear_transpose(push, start)

    def advance(omega: Params) -> tuple[Params, Array]:
        residual = f_0 + push(omega) - y
        return _stepped(omega, pull(residual)[0], rate), residual

    def look(omega: Params) -> Array:
        f_test, moved = jax.jvp(lambda p: f(p, x_test), (start,), (omega,))
        seen: Array = f_test + moved
        return seen

    zero = jax.tree.map(jnp.zeros_like, start)
    return Trajectory(*_walk(zero, advance, look, times, steps))


def _moving(params: Params, layers: tuple[int, ...] | None) -> Params:
    """The parameters of the layers that are trained."""
    return params if layers is None else [params[number] for number in layers]


def _whole(params: Params, moving: Params, layers: tuple[int, ...] | None) -> Params:
    """All parameters: `moving` for the trained layers, and those of `params` for the others."""
    if layers is None:
        return moving
    trained = dict(zip(layers, moving, strict=True))
    return [trained.get(number, layer) for number, layer in enumerate(params)]


def gradient_step(
    f: Callable[[Params], Float[Array, " train"]], y: Float[Array, " train"], rate: Float[Array, ""]
) -> Callable[[Params], tuple[Params, Float[Array, " train"]]]:
    """A function for one step of gradient descent on ½Σ(f − y)².

    It takes parameters, and gives the next ones and the residuals before the step.
    """

    def advance(now: Params) -> tuple[Params, Array]:
        out, pull = jax.vjp(f, now)
        return _stepped(now, pull(out - y)[0], rate), out - y

    return advance


def require_fallen(kind: str, initial_loss: float, loss: float, steps: int) -> None:
    """Raise `StageError`, with figures, unless training brought the loss down to the share `FALLEN`.

    A network that has hardly moved "equals" every predictor that knows its initial function, so it must not
    pass.
    """
    if not loss <= FALLEN * initial_loss:  # also true if the loss is not a number
        raise StageError(
            f"{kind}: expected training to bring the loss from {initial_loss:.3g} to at most "
            f"{FALLEN * initial_loss:.3g} within {steps} steps, found {loss:.3g}"
        )


def _walk(
    state: S,
    advance: Callable[[S], tuple[S, Array]],
    look: Callable[[S], T],
    times: Int[Array, " times"],
    steps: int,
) -> tuple[Float[Array, "steps_and_one train"], T]:
    """Take `steps` steps; `advance` gives the next state and the residuals of this one."""

    def step(number: Array, carry: tuple[S, Array]) -> tuple[S, Array]:
        now, log = carry
        now, residuals = advance(now)
        return now, log.at[number].set(residuals)

    def until(carry: tuple[S, Array, Array], time: Array) -> tuple[tuple[S, Array, Array], T]:
        now, log, start = carry
        now, log = lax.fori_loop(start, time, step, (now, log))
        return (now, log, time), look(now)

    first = jax.eval_shape(advance, state)[1]
    log = jnp.zeros((steps + 1, *first.shape), first.dtype)
    (state, log, _), seen = lax.scan(until, (state, log, jnp.zeros((), times.dtype)), times)
    residuals: Float[Array, "steps_and_one train"] = log.at[steps].set(advance(state)[1])
    return residuals, seen


def _stepped(params: Params, gradient: Params, rate: Array) -> Params:
    stepped: Params = jax.tree.map(lambda p, g: p - rate * g, params, gradient)
    return stepped


def _relative(now: Array, start: Array) -> Array:
    relative: Float[Array, ""] = jnp.linalg.norm(now - start) / jnp.linalg.norm(start)
    return relative
