"""The averaged kernels of finite networks at initialisation, which the analytic kernels approximate."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk import network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_nngp, empirical_ntk
from harness.ntk.shapes import Columns, Rows
from harness.ntk.subjects import Kernels

NETWORKS = 48


def empirical(
    x1: Rows, x2: Columns | None, architecture: Architecture, *, seed: int = 0, networks: int = NETWORKS
) -> Kernels:
    """The mean over `networks` initialisations of width `architecture.width`, computed in float64.

    NNGP: the covariance of the output given the hidden layers. Standard errors come from the spread between
    networks, s/√networks with s ~ width^(-1/2). The mean differs from the infinite width's by O(1/width),
    which the standard errors do not include: keep `networks` far below the width.
    """
    keys = jax.random.split(jax.random.key(seed), networks)
    second = None if x2 is None else jnp.asarray(x2, dtype=jnp.float64)
    first = jnp.asarray(x1, dtype=jnp.float64)
    pairs = [_kernels(key, architecture, first, second) for key in keys]
    estimates = [np.stack(each) for each in zip(*pairs, strict=True)]
    nngp_mean, ntk_mean = (each.mean(axis=0) for each in estimates)
    nngp_error, ntk_error = (each.std(axis=0, ddof=1) / np.sqrt(networks) for each in estimates)
    return Kernels(nngp_mean, ntk_mean, nngp_error, ntk_error, networks)


@partial(jax.jit, static_argnames="architecture")
def _kernels(
    key: PRNGKeyArray, architecture: Architecture, x1: Array, x2: Array | None
) -> tuple[Float[Array, "rows columns"], Float[Array, "rows columns"]]:
    params = network.in_float64(network.init(key, architecture, x1.shape[1]))
    return empirical_nngp(params, architecture, x1, x2), empirical_ntk(params, architecture, x1, x2)
