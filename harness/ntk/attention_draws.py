"""Random attention networks: an output's variance given all but the output layer, and the scores (JAX)."""

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
"""The parameters that scores are functions of."""


@dataclass(frozen=True)
class AttentionDraws:
    """What random networks have at the same points; made by `draw_variances`.

    variances: of an output, given all but the output layer. given_scores: the same of as many networks that
    share the first one's scores. scores: of every network, before the softmax.
    """

    variances: OutputVariances
    given_scores: OutputVariances
    scores: Float[np.ndarray, "nets heads points tokens tokens"]


def draw_variances(net: Attentive, x: Points, *, networks: int, seed: int) -> AttentionDraws:
    """The first `networks` networks of a seed, without biases in the output layer, float64 from float32."""
    inputs = jnp.asarray(x, dtype=jnp.float32)
    keys = [network_key(seed, number) for number in range(networks)]
    drawn = [_one(key, key, net, inputs) for key in keys]
    variances, found = (np.stack(parts).astype(np.float64) for parts in zip(*drawn, strict=True))
    given = np.stack([_one(keys[0], key, net, inputs)[0] for key in keys]).astype(np.float64)
    return AttentionDraws(variances, given, found)


@partial(jax.jit, static_argnames="net")
def _one(of_scores: PRNGKeyArray, of_values: PRNGKeyArray, net: Attentive, x: Array) -> tuple[Array, Array]:
    """The network whose scores are of one key, and values of another."""
    params = draw_attention(of_values, net, x.shape[1])
    other = draw_attention(of_scores, net, x.shape[1])
    params |= {name: other[name] for name in SHARED if name in other}
    entering = attended(params, net, x)
    variances = net.scales.w_std**2 * (entering**2).mean(axis=1)
    return variances, scores(params, net, embedded(params, net, x))
