"""Networks whose output is scaled, trained in and beyond the kernel regime.

The trained function is F(x) = s (f(x) − c f₀(x)) of a fully connected network f: s is the scale of the
output, and c is 1 if the initial function is subtracted (centred), else 0. Training is full-batch gradient
descent in float32 on

    squared         L = ½ Σ (F(x) − y)²
    cross-entropy   L = Σ log(1 + exp(−y F(x))),   y = ±1

with steps of size η and, where asked for, weight decay: W ← W − η (∂L/∂W + δ W) of weights, never of biases.
With decay by layers, a layer's δ is multiplied by fan-in/σ_w²: in standard parameterization that is the decay
of NTK parameterization's weights (Lee et al. 2020 arXiv:2007.15801, section 3.5).

**The unit of rates** is 2/λ₀: λ₀ is the largest eigenvalue of D^(1/2) Θ D^(1/2) before training, Θ the
tangent kernel of F (s² times that of f) on the training points, and D the diagonal of ∂²L/∂F² there: 1 under
squared loss, and F's logistic variance, at most 1/4, under cross-entropy. Each network has its own λ₀. Up to
a rate of one the linearised network is stable. A decay δ is in units of λ₀.

A network is *looked at* after some numbers of steps, and measured in float64 from its parameters. One whose
loss has grown beyond `DIVERGED` is not trained further. One compiled program serves all values of
`TrainingNumbers`.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from harness.ntk import network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk
from harness.ntk.network import Params, apply, features
from harness.ntk.train import network_key
from harness.ntk.trainable import Loss

DIVERGED = 1e10
"""The factor on the initial loss beyond which training has diverged. The catapult raises the loss by the
width over the initial squared output, 1e7 if that is small; a network that diverges passes 1e10 within some
steps."""

MOST_LOOKS = 40
"""The number of looks at a network after the start, or the number of steps if that is smaller."""

EARLY = 0.1
"""The share of training after which the early kernel is measured."""


class TrainingNumbers(NamedTuple):
    """How a network is scaled and trained. All fields are numbers, so that one program serves all values.

    output: s
    centred: c
    rate, decay: in their units (see the module)
    by_layers: 1 for decay by layers, else 0
    start: factor on all initial parameters
    """

    output: Float[Array, ""]
    centred: Float[Array, ""]
    rate: Float[Array, ""]
    decay: Float[Array, ""]
    by_layers: Float[Array, ""]
    start: Float[Array, ""]


class Trained(NamedTuple):
    """One network through training, with kernels of F, in float64. `train_networks` makes it.

    unit: 2/λ₀
    losses, f_train, kernels, curvatures: at each look, the start included; curvatures are the largest
        eigenvalues of D^(1/2) Θ D^(1/2)
    peak, peak_step: the largest loss before any step, and the number of that step
    crosses: Θ between test and training points at the start, early, and at the end
    features: Gram matrices of the inputs of the output layer, over the width, before and after
    feature_norm, feature_moves: ‖a₀‖, and a − a₀ as norm and largest entry
    weights_moved: ‖W − W₀‖ / ‖W₀‖ of all weights
    """

    unit: Float[Array, ""]
    losses: Float[Array, " looks"]
    f_train: Float[Array, "looks train"]
    kernels: Float[Array, "looks train train"]
    curvatures: Float[Array, " looks"]
    alive: Bool[Array, ""]
    peak: Float[Array, ""]
    peak_step: Int[Array, ""]
    f_test_0: Float[Array, " test"]
    f_test: Float[Array, " test"]
    crosses: Float[Array, "kernels test train"]
    features: Float[Array, "times train train"]
    feature_norm: Float[Array, ""]
    feature_moves: Float[Array, " moves"]
    weights_moved: Float[Array, ""]


class _Walker(NamedTuple):
    """A network between two steps. `first` is its initial loss."""

    params: Params
    first: Float[Array, ""]
    alive: Bool[Array, ""]
    peak: Float[Array, ""]
    peak_step: Int[Array, ""]


def look_times(steps: int, looks: int = MOST_LOOKS) -> Int[np.ndarray, " looks"]:
    """At most `looks` numbers of steps, evenly spaced, from 0 to `steps`."""
    return np.unique(np.rint(np.linspace(0, steps, min(looks, steps) + 1)).astype(np.int32))


def early_look(times: Int[np.ndarray, " looks"]) -> int:
    """The number of the look nearest to the share `EARLY` of training, after the start."""
    return max(1, int(np.argmin(np.abs(times - EARLY * times[-1]))))


def losses(loss: Loss, f: Float[Array, " points"], y: Float[Array, " points"]) -> Float[Array, " points"]:
    """The loss of each point."""
    each: Float[Array, " points"] = (
        0.5 * (f - y) ** 2 if loss == "squared" else jnp.logaddexp(0.0, -y * f).astype(f.dtype)
    )
    return each


def curvature(loss: Loss, f: Float[Array, " points"], y: Float[Array, " points"]) -> Float[Array, " points"]:
    """∂²L/∂F² of each point."""
    if loss == "squared":
        return jnp.ones_like(f)
    likely = jax.nn.sigmoid(y * f)
    each: Float[Array, " points"] = likely * (1 - likely)
    return each


def largest_curvature(
    kernel: Float[Array, "points points"], curved: Float[Array, " points"]
) -> Float[Array, ""]:
    """The largest eigenvalue of D^(1/2) Θ D^(1/2)."""
    root = jnp.sqrt(curved)
    largest: Float[Array, ""] = jnp.linalg.eigvalsh(root[:, None] * kernel * root[None, :])[-1]
    return largest


def _shrinks(
    architecture: Architecture, params: Params, shrink: Float[Array, ""], by_layers: Float[Array, ""]
) -> list[Float[Array, ""]]:
    """For each layer, the share by which its weights shrink in a step."""
    shrinks = []
    for number, (weights, _) in enumerate(params):
        fan_in = weights.shape[0]
        w_std, _ = architecture.scales(number, fan_in)
        shrinks.append((shrink * (fan_in / w_std**2) ** by_layers).astype(weights.dtype))
    return shrinks


def _train(
    key: PRNGKeyArray,
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    settings: TrainingNumbers,
    times: Int[Array, " looks"],
    early: Int[Array, ""],
    architecture: Architecture,
    loss: Loss,
) -> Trained:
    """Train one network, drawn from `key`, through the looks at `times`. See the module."""
    drawn = network.init(key, architecture, x.shape[1])
    params_0: Params = jax.tree.map(lambda leaf: leaf * settings.start.astype(leaf.dtype), drawn)
    wide_0 = network.in_float64(params_0)
    s, c = settings.output, settings.centred
    bare_0, bare_test_0 = apply(wide_0, architecture, x), apply(wide_0, architecture, x_test)
    f_0, f_test_0 = s * (1 - c) * bare_0, s * (1 - c) * bare_test_0
    kernel_0 = s**2 * empirical_ntk(wide_0, architecture, x)
    largest = largest_curvature(kernel_0, curvature(loss, f_0, y))
    rate = settings.rate * 2 / largest
    narrow = params_0[0][0].dtype
    off, targets, scale, step_size = (each.astype(narrow) for each in (c * bare_0, y, s, rate))
    shrinks = _shrinks(architecture, params_0, rate * settings.decay * largest, settings.by_layers)

    def total(params: Params) -> Array:
        return losses(loss, scale * (apply(params, architecture, x) - off), targets).sum()

    def step(number: Array, walker: _Walker) -> _Walker:
        value, slope = jax.value_and_grad(total)(walker.params)
        alive = walker.alive & jnp.isfinite(value) & (value <= DIVERGED * walker.first)
        moved = [
            (weights - step_size * by_weights - shrink * weights, biases - step_size * by_biases)
            for (weights, biases), (by_weights, by_biases), shrink in zip(
                walker.params, slope, shrinks, strict=True
            )
        ]
        kept = jax.tree.map(lambda new, old: jnp.where(alive, new, old), moved, walker.params)
        higher = jnp.isfinite(value) & (value > walker.peak)
        return _Walker(
            kept,
            walker.first,
            alive,
            jnp.where(higher, value, walker.peak),
            jnp.where(higher, number.astype(jnp.int32), walker.peak_step),
        )

    def look(params: Params) -> tuple[Array, Array, Array, Array]:
        wide = network.in_float64(params)
        f = s * (apply(wide, architecture, x) - c * bare_0)
        kernel = s**2 * empirical_ntk(wide, architecture, x)
        return losses(loss, f, y).sum(), f, kernel, largest_curvature(kernel, curvature(loss, f, y))

    def until(
        carry: tuple[_Walker, Params, Array], place: Array
    ) -> tuple[tuple[_Walker, Params, Array], tuple[Array, Array, Array, Array]]:
        walker, early_params, start = carry
        walker = lax.fori_loop(start, times[place], step, walker)
        early_params = jax.tree.map(
            lambda new, old: jnp.where(place == early, new, old), walker.params, early_params
        )
        return (walker, early_params, times[place]), look(walker.params)

    first = total(params_0)
    walker = _Walker(params_0, first, jnp.asarray(True), first, jnp.asarray(0, jnp.int32))
    (walker, early_params, _), (seen_losses, f_train, kernels, curvatures) = lax.scan(
        until, (walker, params_0, times[0]), jnp.arange(len(times))
    )
    wide = network.in_float64(walker.params)
    f_test = s * (apply(wide, architecture, x_test) - c * bare_test_0)
    crosses = jnp.stack([
        s**2 * empirical_ntk(each, architecture, x_test, x)
        for each in (wide_0, network.in_float64(early_params), wide)
    ])  # fmt: skip
    return Trained(
        2 / largest, seen_losses, f_train, kernels, curvatures, walker.alive, walker.peak.astype(jnp.float64),
        walker.peak_step, f_test_0, f_test, crosses, *_features_seen(wide_0, wide, architecture, x),
        _weights_moved(wide_0, wide),
    )  # fmt: skip


def _features_seen(
    before: Params, after: Params, architecture: Architecture, x: Float[Array, "train inputs"]
) -> tuple[Float[Array, "times train train"], Float[Array, ""], Float[Array, " moves"]]:
    """Gram matrices of features over the width, ‖a₀‖, and a − a₀ as norm and largest entry."""
    a_0, a = features(before, architecture, x), features(after, architecture, x)
    moves = jnp.stack([jnp.linalg.norm(a - a_0), jnp.max(jnp.abs(a - a_0))])
    return jnp.stack([a_0 @ a_0.T, a @ a.T]) / a.shape[1], jnp.linalg.norm(a_0), moves


def _weights_moved(before: Params, after: Params) -> Float[Array, ""]:
    """‖W − W₀‖ / ‖W₀‖ of all weights."""
    moved = sum(jnp.sum((new - old) ** 2) for (new, _), (old, _) in zip(after, before, strict=True))
    whole: Float[Array, ""] = jnp.sqrt(moved / sum(jnp.sum(old**2) for old, _ in before))
    return whole


@partial(jax.jit, static_argnames=("networks", "architecture", "loss"))
def train_networks(
    seed: Int[Array, ""],
    x: Float[Array, "train inputs"],
    y: Float[Array, " train"],
    x_test: Float[Array, "test inputs"],
    settings: TrainingNumbers,
    times: Int[Array, " looks"],
    early: Int[Array, ""],
    networks: int,
    architecture: Architecture,
    loss: Loss,
) -> Trained:
    """The first `networks` networks of a seed, one after another.

    Each array has an axis of networks first.
    """

    def one(number: Array) -> Trained:
        return _train(network_key(seed, number), x, y, x_test, settings, times, early, architecture, loss)

    found: Trained = lax.map(one, jnp.arange(networks))
    return found


@partial(jax.jit, static_argnames=("networks", "architecture", "loss"))
def train_block(
    seeds: Int[Array, " seeds"],
    x: Float[Array, "seeds train inputs"],
    y: Float[Array, "seeds train"],
    x_test: Float[Array, "seeds test inputs"],
    settings: TrainingNumbers,
    times: Int[Array, " looks"],
    early: Int[Array, ""],
    networks: int,
    architecture: Architecture,
    loss: Loss,
) -> Trained:
    """The networks of several seeds in one vmapped program, for accelerators: [seeds, networks, ...]."""

    def one(seed: Array, x: Array, y: Array, x_test: Array, number: Array) -> Trained:
        return _train(network_key(seed, number), x, y, x_test, settings, times, early, architecture, loss)

    of_seed = jax.vmap(one, in_axes=(None, None, None, None, 0))
    numbers = jnp.arange(networks)
    found: Trained = jax.vmap(of_seed, in_axes=(0, 0, 0, 0, None))(seeds, x, y, x_test, numbers)
    return found
