"""Many networks trained alike, and the mean and variance of infinitely wide ones at the same step.

Under gradient descent on a fixed kernel Θ a network's prediction is linear in its initial function,

    f_t(x) = f₀(x) + A_t (y − f₀(X)),    A_t = Θ(x,X) Θ⁻¹ (I − (I − ηΘ)^t),

and f₀ is Gaussian with covariance K, the NNGP. Therefore (Lee et al. 2019 arXiv:1902.06720, the predictive
distribution of linearised networks, with steps for gradient flow)

    mean A_t y,    variance  K(x,x) − 2 A_t K(X,x) + A_t K(X,X) A_tᵀ  (its diagonal).

If all layers are trained, Θ is the NTK. If only the last one is trained, Θ = K, and with t → ∞ both are those
of the NNGP posterior.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk import network
from harness.ntk.architecture import Architecture
from harness.ntk.dynamics import gradient_step
from harness.ntk.empirical import empirical_nngp, empirical_ntk
from harness.ntk.network import Params
from harness.ntk.solve import Solver
from harness.ntk.train import Keys

TrainedLayers = Literal["all", "last"]


class Gaussian(NamedTuple):
    """Predictions at the test points, as mean and variance."""

    mean: Float[np.ndarray, " test"]
    variance: Float[np.ndarray, " test"]


class Ensemble(NamedTuple):
    """Networks before and after training. `loss` holds mean squared residuals. `train_ensemble` makes it."""

    f_test: Float[Array, "nets test"]
    initial_loss: Float[Array, " nets"]
    loss: Float[Array, " nets"]


def predicted(
    solver: Solver,
    cross: Float[np.ndarray, "test train"],
    covariance: Float[np.ndarray, "both both"],
    y: Float[np.ndarray, " train"],
    steps: int,
    rate: float,
) -> Gaussian:
    """Mean and variance of infinitely wide networks after `steps` steps of size `rate`.

    `solver` and `cross` belong to the kernel Θ that trains. `covariance` is K on the training points followed
    by the test points.
    """
    train, test = len(y), len(cross)
    identity = np.eye(train)
    moved = solver.after(
        np.full(train, float(steps)), np.full(train, rate), cross, np.zeros(train), -identity,
        np.zeros((test, train)),
    )  # fmt: skip
    return _given(moved, covariance, y)


def posterior(
    solver: Solver, covariance: Float[np.ndarray, "both both"], y: Float[np.ndarray, " train"]
) -> Gaussian:
    """The posterior of a Gaussian process with this covariance, without noise.

    `solver` belongs to its K(X, X). Raises `StageError` as `Solver.coefficients` does.
    """
    train = len(y)
    weights = solver.regression(covariance[train:, :train], np.eye(train))
    return _given(weights, covariance, y)


def _given(
    weights: Float[np.ndarray, "test train"],
    covariance: Float[np.ndarray, "both both"],
    y: Float[np.ndarray, " train"],
) -> Gaussian:
    """Mean and variance of f₀(x) + A (y − f₀(X)), for f₀ with that covariance. A is `weights`."""
    both = np.concatenate([-weights, np.eye(len(weights))], axis=1)
    variance: Float[np.ndarray, " test"] = np.sum((both @ covariance) * both, axis=1)
    return Gaussian(weights @ y, variance)


@partial(jax.jit, static_argnames=("architecture", "layers"))
def largest_eigenvalues(
    keys: Keys, architecture: Architecture, x: Float[Array, "train inputs"], layers: TrainedLayers
) -> Float[Array, " nets"]:
    """λ_max of the kernel that trains each network: its own NTK, or its own NNGP for the last layer."""
    kernel = empirical_ntk if layers == "all" else empirical_nngp

    def one(key: PRNGKeyArray) -> Array:
        largest: Array = jnp.linalg.eigvalsh(kernel(_params(key, architecture, x), architecture, x))[-1]
        return largest

    largest: Float[Array, " nets"] = lax.map(one, keys)
    return largest


@partial(jax.jit, static_argnames=("architecture", "steps", "layers"))
def train_ensemble(
    keys: Keys,
    architecture: Architecture,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    rate: Float[Array, ""],
    steps: int,
    layers: TrainedLayers,
) -> Ensemble:
    """Train networks one after another, by `steps` steps of gradient descent on ½Σr², in float64.

    Networks have one output and NTK parameterization. `layers` says which parameters are trained.
    """

    def one(key: PRNGKeyArray) -> Ensemble:
        params = _params(key, architecture, x)
        if layers == "all":
            start, enter, enter_test = params, x, x_test

            def f(moving: Params, enter: Array) -> Array:
                return network.apply(moving, architecture, enter)
        else:
            start = params[-1:]
            enter, enter_test = (network.features(params, architecture, points) for points in (x, x_test))

            def f(moving: Params, enter: Array) -> Array:
                return network.affine([*params[:-1], *moving], architecture.hidden, architecture, enter)[:, 0]

        advance = gradient_step(lambda moving: f(moving, enter), y, rate)
        last = lax.fori_loop(0, steps, lambda _, now: advance(now)[0], start)
        losses = (jnp.mean((f(moving, enter) - y) ** 2) for moving in (start, last))
        return Ensemble(f(last, enter_test), *losses)

    trained: Ensemble = lax.map(one, keys)
    return trained


def _params(key: PRNGKeyArray, architecture: Architecture, x: Array) -> Params:
    return network.in_float64(network.init(key, architecture, x.shape[1]))
