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

import jax
import jax.numpy as jnp
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
    for (weights, _), (a, signal), (a_other, signal_other) in zip(params, first, second, strict=True):
        entering = a @ a_other.T
        if architecture.parameterization == "ntk":
            entering = architecture.w_std**2 / weights.shape[0] * entering + architecture.b_std**2
        else:
            entering = entering + 1
        kernel = kernel + (signal @ signal_other.T) * entering
    return kernel


def _layers(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> list[tuple[Float[Array, "points fan_in"], Float[Array, "points fan_out"]]]:
    """For each layer, what enters it and the derivative of the output by its pre-activations."""
    x = x.astype(params[0][0].dtype)

    def forward(
        offsets: list[Float[Array, "points fan_out"]],
    ) -> tuple[Float[Array, ""], list[Float[Array, "points fan_in"]]]:
        a, entering = x, []
        for number, (layer, offset) in enumerate(zip(params, offsets, strict=True), start=1):
            entering.append(a)
            a = affine(layer, architecture, a) + offset
            if number < len(params):
                a = activate(architecture.activation, a)
        return a.sum(), entering  # a point's output depends on its own offsets only, so the sum mixes nothing

    zeros = [jnp.zeros((x.shape[0], weights.shape[1]), dtype=x.dtype) for weights, _ in params]
    signals, entering = jax.grad(forward, has_aux=True)(zeros)
    return list(zip(entering, signals, strict=True))
