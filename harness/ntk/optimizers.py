"""How a network moves from one look at its loss to the next: gradient descent, mini-batches, Adam.

A *step* changes the parameters once. A *look* evaluates the loss on all training points, and an optimizer
takes `stride` steps between two looks. r = f(X) − y over all n training points, r_B over a batch.

    gd     θ ← θ − η ∇ ½Σr²                                            a look at each step
    sgd    θ ← θ − η ∇ ½Σr_B²  for each batch B of an epoch            a look at each epoch
    adam   θ ← θ − η m̂ / (√v̂ + ε)  on the mean of r²                   a look at each step
           (Kingma & Ba 2015 arXiv:1412.6980, Algorithm 1)

Everything here is traced into one program (`harness.ntk.train`).

The rules are written out because published numbers have the bits of these formulas, and optax's rules round
in another order. `optax.sgd` adds (−η)g, which XLA fuses differently in some programs. `optax.adam` forms
moments, their corrections and the step differently: parameters after 400 steps then differ by up to 3e-7 of
their norm in float32, and 9e-16 in float64. A test compares Adam with optax's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from harness.ntk.tangent import Function, Params

Name = Literal["gd", "sgd", "adam"]
State = Any
"""A pytree of arrays."""

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Adam's constants, as Kingma & Ba recommend."""


@dataclass(frozen=True)
class Optimizer:
    """The rule and, for `sgd`, the number of points in a batch. Known when a program is compiled."""

    name: Name = "gd"
    batch: int = 0

    def __post_init__(self) -> None:
        if self.name not in ("gd", "sgd", "adam"):
            raise ValueError(f"optimizer: expected gd, sgd or adam, found {self.name!r}")
        if (self.batch >= 1) != (self.name == "sgd"):
            raise ValueError(f"batch: expected at least 1 for sgd and 0 otherwise, found {self.batch}")

    def stride(self, points: int) -> int:
        """The number of steps from one look to the next, with `points` training points."""
        return -(-points // self.batch) if self.name == "sgd" else 1


class Rule(NamedTuple):
    """An optimizer for one training problem. `rule` and `harness.ntk.first_layer.rule` make it.

    Training changes a *state*, which starts at `start`: the parameters in some form, and the optimizer's
    memory. `params` gives a state's parameters, and `look` its (gradient, mean squared residual). `advance`
    takes (state, gradient, steps so far) through `stride` steps to the next state.
    """

    stride: int
    start: State
    params: Callable[[State], Params]
    look: Callable[[State], tuple[Any, Float[Array, ""]]]
    advance: Callable[[State, Any, Int[Array, ""]], State]


def rule(
    optimizer: Optimizer,
    f: Function,
    params: Params,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    rate: Float[Array, ""],
    key: PRNGKeyArray | None,
) -> Rule:
    """The optimizer's rule for f(params, x) on these points.

    `key` orders mini-batches; other rules need no key.
    """

    def objective(params: Params) -> tuple[Float[Array, ""], Float[Array, ""]]:
        residual = f(params, x) - y
        return 0.5 * jnp.sum(residual**2), jnp.mean(residual**2)

    if optimizer.name == "sgd":
        if key is None:
            raise ValueError("sgd: expected a key for the order of its batches, found none")
        return _stochastic(optimizer, f, objective, params, x, y, rate, key)
    gradient = jax.grad(objective, has_aux=True)
    if optimizer.name == "adam":
        start = _Adam(params, _zeros(params), _zeros(params))
        return Rule(1, start, lambda at: at.params, lambda at: gradient(at.params), _adam(rate, len(y)))
    return Rule(1, params, lambda at: at, gradient, lambda at, slope, _: stepped(at, slope, rate))


def stepped(params: Params, slope: Params, rate: Float[Array, ""]) -> Params:
    """The parameters after a step of gradient descent."""
    moved: Params = jax.tree.map(lambda p, g: p - rate * g, params, slope)
    return moved


class _Adam(NamedTuple):
    """Parameters, and the moments of their gradient."""

    params: Params
    first: Params
    second: Params


def _adam(rate: Float[Array, ""], points: int) -> Callable[[_Adam, Params, Int[Array, ""]], _Adam]:
    def advance(at: _Adam, slope: Params, steps: Int[Array, ""]) -> _Adam:
        slope = jax.tree.map(lambda g: g * (2 / points), slope)  # gradient of ½Σr²; Adam uses the mean of r²
        first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, at.first, slope)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g**2, at.second, slope)
        time = (steps + 1).astype(rate.dtype)
        # 1 − β^t, for which float32 would lose digits at the first steps
        bias1, bias2 = -jnp.expm1(time * float(np.log(BETA1))), -jnp.expm1(time * float(np.log(BETA2)))
        params = jax.tree.map(
            lambda p, m, v: p - rate * (m / bias1) / (jnp.sqrt(v / bias2) + EPSILON), at.params, first, second
        )
        return _Adam(params, first, second)

    return advance


def _zeros(params: Params) -> Params:
    zeros: Params = jax.tree.map(jnp.zeros_like, params)
    return zeros


def _stochastic(
    optimizer: Optimizer,
    f: Function,
    objective: Callable[[Params], tuple[Float[Array, ""], Float[Array, ""]]],
    start: Params,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    rate: Float[Array, ""],
    key: PRNGKeyArray,
) -> Rule:
    stride = optimizer.stride(len(y))

    def step(params: Params, batch: tuple[Array, Array]) -> tuple[Params, None]:
        points, present = batch

        def half_sum(params: Params) -> Float[Array, ""]:
            residual = f(params, x[points]) - y[points]
            return 0.5 * jnp.sum(jnp.where(present, residual, 0) ** 2)

        return stepped(params, jax.grad(half_sum)(params), rate), None

    def advance(params: Params, _: tuple[()], steps: Int[Array, ""]) -> Params:
        return lax.scan(step, params, batches(key, steps // stride, len(y), optimizer.batch))[0]

    return Rule(stride, start, lambda at: at, lambda at: ((), objective(at)[1]), advance)


def batches(
    key: PRNGKeyArray, epoch: Int[Array, ""] | int, points: int, batch: int
) -> tuple[Int[Array, "batches batch"], Bool[Array, "batches batch"]]:
    """An epoch's batches: each of `points` indices once, in random order. The last batch has what is left.

    The second array says which entries count: the last batch is filled up with entries that do not.
    """
    count = -(-points // batch)
    order = jax.random.permutation(jax.random.fold_in(key, epoch), points)
    filled = jnp.resize(order, (count, batch))
    return filled, jnp.arange(count * batch).reshape(count, batch) < points


def batch_eigenvalue(gram: Float[np.ndarray, "train train"], batch: int) -> float:
    """An upper bound on λ_max of the Gram matrix of any `batch` of these points.

    If the batch has all points, it is λ_max itself. For a symmetric matrix λ_max is at most the largest
    absolute row sum; within a batch, at most the sum of a row's `batch` largest entries; and by interlacing
    at most λ_max of the whole. With η below 2 over this bound no batch's step moves a linear model away from
    any parameters that fit all points, since I − η JᵀJ, J the batch's Jacobian, has norm at most 1.
    """
    largest = np.sort(np.abs(gram), axis=1)[:, -min(batch, len(gram)) :]
    return min(float(np.linalg.eigvalsh(gram)[-1]), float(largest.sum(axis=1).max()))


def batch_learning_rates(
    units: float,
    batch: int,
    analytic: Float[np.ndarray, "train train"],
    own: list[Float[np.ndarray, "train train"]],
) -> Float[np.ndarray, " nets"]:
    """`train.learning_rates` for mini-batches: λ_max is bounded over all batches of this size.

    The bound (`batch_eigenvalue`) is the larger of those of the analytic NTK and of the network's own before
    training. A batch as large as the training set has the rate of gradient descent.
    """
    largest = [max(batch_eigenvalue(gram, batch) for gram in (analytic, network)) for network in own]
    rates: Float[np.ndarray, " nets"] = units * 2 / np.array(largest)
    return rates
