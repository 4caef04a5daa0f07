"""Kernels of a model as means over random networks, with their standard errors (JAX).

If no closed form is known, the mean over networks of their own kernels replaces it (Novak et al. 2019
arXiv:1810.05148). A network's own NNGP is the covariance of its outputs given all layers except the output
layer: the tangent kernel of the output layer's parameters, in NTK parameterization. The networks have the
model's width, so the mean differs from infinite width by O(1/width).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.declare import NotCovered
from harness.ntk.model import Columns, Kernel, Model, Params, Rows, cast
from harness.ntk.train import network_key

Stacked = Float[np.ndarray, "nets rows columns"]

SEED = 0
"""The seed of the networks over which a kernel is a mean. It is fixed, so that the kernel is one function,
the same for every trial."""

HELD_NUMBERS = 2**26
"""The numbers of Jacobians that are held at a time: 512 MB of float64."""


@dataclass(frozen=True)
class SampledKernels:
    """Means over random networks. `nngp_error` and `ntk_error` are their standard errors, entry by entry."""

    nngp: Kernel
    ntk: Kernel
    nngp_error: Kernel
    ntk_error: Kernel
    networks: int


def sampled_kernel(model: Model, networks: int, seed: int = SEED) -> Callable[..., SampledKernels]:
    """A kernel function for a model, which averages over the first `networks` networks of a seed."""

    def kernel(x1: Any, x2: Any = None, get: object = None) -> SampledKernels:
        other = None if x2 is None else np.asarray(x2)
        nngp, ntk = own_kernels_of(model, np.asarray(x1), other, networks=networks, seed=seed)
        root = np.sqrt(networks)
        of_nngp, of_ntk = (each.std(axis=0, ddof=1) / root for each in (nngp, ntk))
        return SampledKernels(nngp.mean(axis=0), ntk.mean(axis=0), of_nngp, of_ntk, networks)

    return kernel


def own_kernels_of(
    model: Model, x1: Rows, x2: Columns | None = None, *, networks: int, seed: int
) -> tuple[Stacked, Stacked]:
    """The own NNGP and NTK of each of the first `networks` networks of a seed, float64.

    If there are several outputs, the mean over them is taken: they have one kernel. Raises `NotCovered` if
    the model does not say which parameters are its last layer's.
    """
    if model.readout is None:
        raise NotCovered(f"model {model.name}: it does not say which parameters are its last layer's")
    pairs = []
    for number in range(networks):
        params = cast(model.draw(network_key(seed, number), x1.shape[1]), jnp.float64)
        last = tuple(bool(leaf) for leaf in jax.tree.leaves(model.readout(params)))
        pairs.append(_own(model, params, last, np.asarray(x1, np.float64), x2))
    nngp, ntk = (np.stack(parts) for parts in zip(*pairs, strict=True))
    return nngp, ntk


def _own(
    model: Model, params: Params, last: tuple[bool, ...], x1: Rows, x2: Columns | None
) -> tuple[Kernel, Kernel]:
    """Both kernels of one network, from blocks of rows of its Jacobian."""
    leaves = sum(leaf.size for leaf in jax.tree.leaves(params))
    columns = x1 if x2 is None else np.asarray(x2, np.float64)
    rows = max(1, HELD_NUMBERS // (2 * leaves))
    parts = [
        np.concatenate(
            [
                np.asarray(_products(model, params, last, x1[i : i + rows], columns[j : j + rows]))
                for j in range(0, len(columns), rows)
            ],
            axis=2,
        )
        for i in range(0, len(x1), rows)
    ]
    nngp, ntk = np.concatenate(parts, axis=1)
    return nngp, ntk


@partial(jax.jit, static_argnames=("model", "last"))
def _products(
    model: Model, params: Params, last: tuple[bool, ...], x1: Array, x2: Array
) -> Float[Array, "two rows columns"]:
    def jacobian(x: Array) -> list[Array]:
        def one(row: Array) -> list[Array]:
            slopes = jax.tree.leaves(jax.jacrev(lambda p: model.apply(p, row[None]).reshape(-1))(params))
            return [slope.reshape(slope.shape[0], -1) for slope in slopes]

        return jax.vmap(one)(x)

    pairs = zip(jacobian(x1), jacobian(x2), strict=True)
    terms = [jnp.einsum("rkp,ckp->rc", a, b) / a.shape[1] for a, b in pairs]
    zero = jnp.zeros_like(terms[0])
    return jnp.stack(
        [sum((t for t, of in zip(terms, last, strict=True) if of), start=zero), sum(terms, start=zero)]
    )
