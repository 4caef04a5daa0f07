"""The tangent kernel of a finite network, from Gram matrices of its layers.

A weight matrix's gradient at one point is the outer product of what enters the layer (activations a) and
what comes back (signals δ = ∂f/∂h), so the kernel is a sum over layers of products of two Gram matrices,
and no Jacobian (points × parameters numbers) is ever held:

    ntk:       Θ(x, x') = Σ_layers  δ·δ' (w_std²/fan_in · a·a' + b_std²)
    standard:  Θ(x, x') = Σ_layers  δ·δ' (a·a' + 1)

(Jacot et al. 2018 arXiv:1806.07572, the definition; Novak et al. 2022 arXiv:2206.08720, the idea of using a
network's structure.) neural-tangents' own empirical kernel does not run on today's JAX.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.ntk.architecture import Architecture
from harness.ntk.network import Params, activate, affine


def empirical_ntk(
    params: Params,
    architecture: Architecture,
    x1: Float[Array, "rows inputs"],
    x2: Float[Array, "columns inputs"] | None = None,
) -> Float[Array, "rows columns"]:
    """The tangent kernel between `x1` and `x2` (or `x1` and itself), in the network's precision."""
    first = _layers(params, architecture, x1)
    second = first if x2 is None else _layers(params, architecture, x2)
    kernel = jnp.zeros((), dtype=params[0][0].dtype)
    for number, ((a, signal), (a_other, signal_other)) in enumerate(zip(first, second, strict=True)):
        entering = a @ a_other.T
        if architecture.parameterization == "ntk":
            w_std, b_std = architecture.scales(number, a.shape[1])
            entering = w_std**2 / a.shape[1] * entering + b_std**2
        else:
            entering = entering + 1
        kernel = kernel + (signal @ signal_other.T) * entering
    return kernel


def in_float64(
    params: Params,
    architecture: Architecture,
    x1: Float[np.ndarray, "rows inputs"],
    x2: Float[np.ndarray, "columns inputs"] | None = None,
) -> Float[np.ndarray, "rows columns"]:
    """`empirical_ntk` computed in float64, whatever the precision of `params`.

    An error of 6e-8 of λ_max an entry, that of float32, would cost a solve 6e-3 at a condition number of 1e5.
    """
    kernel = _in_float64(params, architecture, jnp.asarray(x1), None if x2 is None else jnp.asarray(x2))
    return np.asarray(kernel)


@partial(jax.jit, static_argnames="architecture")
def _in_float64(params: Params, architecture: Architecture, x1: Array, x2: Array | None) -> Array:
    precise = jax.tree.map(lambda numbers: numbers.astype(jnp.float64), params)
    return empirical_ntk(precise, architecture, x1, x2)


def _layers(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> list[tuple[Float[Array, "points fan_in"], Float[Array, "points fan_out"]]]:
    """For each layer, what enters it and the derivative of the output by its pre-activations."""
    x = x.astype(params[0][0].dtype)

    def forward(
        offsets: list[Float[Array, "points fan_out"]],
    ) -> tuple[Float[Array, ""], list[Float[Array, "points fan_in"]]]:
        a, entering = x, []
        for number, offset in enumerate(offsets):
            entering.append(a)
            a = affine(params, number, architecture, a) + offset
            if number < architecture.hidden:
                a = activate(architecture.activation, a)
        return a.sum(), entering  # a point's output depends on its own offsets only, so the sum mixes nothing

    zeros = [jnp.zeros((x.shape[0], weights.shape[1]), dtype=x.dtype) for weights, _ in params]
    signals, entering = jax.grad(forward, has_aux=True)(zeros)
    return list(zip(entering, signals, strict=True))
