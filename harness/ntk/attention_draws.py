"""Random attention networks: their scores, and an output's variance given all other layers (JAX)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk.attention import attended, draw_attention, embedded, scores
from harness.ntk.shapes import Points
from harness.ntk.specifications import Attentive
from harness.ntk.train import network_key

OutputVariances = Float[np.ndarray, "nets points"]

SHARED = ("first", "query", "key")
"""The parameters that determine the scores."""


@dataclass(frozen=True)
class AttentionDraws:
    """Results of random networks at the same points. `draw_variances` makes it.

    variances: the variance of an output, given all layers except the output layer
    given_scores: the same for as many networks that share the first one's scores
    scores: the scores of every network, before the softmax
    """

    variances: OutputVariances
    given_scores: OutputVariances
    scores: Float[np.ndarray, "nets heads points tokens tokens"]


def draw_variances(net: Attentive, x: Points, *, networks: int, seed: int) -> AttentionDraws:
    """Draw the first `networks` networks of a seed, and give their variances and scores in float64.

    Parameters are drawn in float32. The output layer has no biases.
    """
    inputs = jnp.asarray(x, dtype=jnp.float32)
    keys = [network_key(seed, number) for number in range(networks)]
    drawn = [_one(key, key, net, inputs) for key in keys]
    variances, found = (np.stack(parts).astype(np.float64) for parts in zip(*drawn, strict=True))
    given = np.stack([_one(keys[0], key, net, inputs)[0] for key in keys]).astype(np.float64)
    return AttentionDraws(variances, given, found)


@partial(jax.jit, static_argnames="net")
def _one(of_scores: PRNGKeyArray, of_values: PRNGKeyArray, net: Attentive, x: Array) -> tuple[Array, Array]:
    """The network whose scores come from one key, and whose values come from another."""
    params = draw_attention(of_values, net, x.shape[1])
    other = draw_attention(of_scores, net, x.shape[1])
    params |= {name: other[name] for name in SHARED if name in other}
    entering = attended(params, net, x)
    variances = net.scales.w_std**2 * (entering**2).mean(axis=1)
    return variances, scores(params, net, embedded(params, net, x))
