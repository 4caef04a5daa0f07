"""The tangent kernel of a finite network, from Gram matrices of its layers.

A weight matrix's gradient at one point is the outer product of what enters the layer (activations a) and what
comes back (signals δᵏ = ∂fᵏ/∂h, one for each output k). So the kernel is a sum over layers of products of two
Gram matrices, and no Jacobian (points × outputs × parameters numbers) is ever held:

    ntk:       Θᵏˡ(x, x') = Σ_layers  δᵏ·δ'ˡ (w_std²/fan_in · a·a' + b_std²)
    standard:  Θᵏˡ(x, x') = Σ_layers  δᵏ·δ'ˡ (a·a' + 1)

without b_std² and 1 if a layer has no biases. (Jacot et al. 2018 arXiv:1806.07572, the definition; Novak et
al. 2022 arXiv:2206.08720, the idea of using a network's structure.) neural-tangents' own empirical kernel
does not run on current JAX. `harness.ntk.jacobian` computes the same from Jacobians, for any function.

Shapes: with one output [rows, columns]; with several [rows, columns, outputs, outputs].
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.ntk import network
from harness.ntk.architecture import Architecture
from harness.ntk.network import Params, activate, affine, features

Kernel = Float[Array, "rows columns *outputs_twice"]
Diagonal = Float[Array, "points *outputs_twice"]


def empirical_ntk(
    params: Params,
    architecture: Architecture,
    x1: Float[Array, "rows inputs"],
    x2: Float[Array, "columns inputs"] | None = None,
    layers: tuple[int, ...] | None = None,
) -> Kernel:
    """The tangent kernel between `x1` and `x2` (or `x1` and itself), in the network's precision.

    `layers` are the numbers of the layers whose parameters count, 0 the first. None means all.
    """
    first = _layers(params, architecture, x1)
    second = first if x2 is None else _layers(params, architecture, x2)
    kernel = jnp.zeros((), dtype=params[0][0].dtype)
    for number, ((a, signal), (a_other, signal_other)) in enumerate(zip(first, second, strict=True)):
        if layers is not None and number not in layers:
            continue
        entering = _entering(architecture, number, a.shape[1], a @ a_other.T)
        if architecture.outputs == 1:
            kernel = kernel + (signal[0] @ signal_other[0].T) * entering
        else:
            signals = jnp.einsum("kif,ljf->ijkl", signal, signal_other)
            kernel = kernel + signals * entering[:, :, None, None]
    return kernel


def empirical_ntk_diagonal(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> Diagonal:
    """Θ(x, x) at each point alone: [points], with several outputs [points, outputs, outputs].

    It costs as much as one evaluation and its gradient, and makes no [points, points] matrix.
    """
    kernel = jnp.zeros((), dtype=params[0][0].dtype)
    for number, (a, signal) in enumerate(_layers(params, architecture, x)):
        entering = _entering(architecture, number, a.shape[1], jnp.sum(a * a, axis=1))
        signals = jnp.einsum("kif,lif->ikl", signal, signal)
        kernel = kernel + signals * entering[:, None, None]
    return kernel[:, 0, 0] if architecture.outputs == 1 else kernel


def empirical_nngp(
    params: Params,
    architecture: Architecture,
    x1: Float[Array, "rows inputs"],
    x2: Float[Array, "columns inputs"] | None = None,
) -> Float[Array, "rows columns"]:
    """Covariance of an output given the hidden layers: w_std²/fan_in · a·a' + b_std², a the `features`.

    If only the output layer is drawn, an output is Gaussian with this covariance, in either parameterization,
    and outputs are independent. The limit of the covariance is the NNGP kernel (Lee et al. 2018
    arXiv:1711.00165, section 2).
    """
    a = features(params, architecture, x1)
    a_other = a if x2 is None else features(params, architecture, x2)
    w_std, b_std = architecture.scales(architecture.hidden, a.shape[1])
    return w_std**2 / a.shape[1] * (a @ a_other.T) + b_std**2


def float64_ntk(
    params: Params,
    architecture: Architecture,
    x1: Float[np.ndarray, "rows inputs"],
    x2: Float[np.ndarray, "columns inputs"] | None = None,
    layers: tuple[int, ...] | None = None,
) -> Float[np.ndarray, "rows columns *outputs_twice"]:
    """`empirical_ntk` computed in float64, whatever the precision of `params`.

    float32's error of 6e-8 of λ_max an entry would cost a solve 6e-3 at a condition number of 1e5.
    """
    other = None if x2 is None else jnp.asarray(x2)
    kernel = _float64_ntk(params, architecture, jnp.asarray(x1), other, layers)
    return np.asarray(kernel)


@partial(jax.jit, static_argnames=("architecture", "layers"))
def _float64_ntk(
    params: Params, architecture: Architecture, x1: Array, x2: Array | None, layers: tuple[int, ...] | None
) -> Array:
    return empirical_ntk(network.in_float64(params), architecture, x1, x2, layers)


def _entering(architecture: Architecture, number: int, fan_in: int, products: Array) -> Array:
    """The factor that layer `number` contributes beside its signals, from inner products of its inputs."""
    w_std, _ = architecture.scales(number, fan_in)
    scaled = products if architecture.parameterization == "standard" else w_std**2 / fan_in * products
    return scaled + architecture.bias_slope(number) ** 2


def _layers(
    params: Params, architecture: Architecture, x: Float[Array, "points inputs"]
) -> list[tuple[Float[Array, "points _"], Float[Array, "outputs points _"]]]:
    """For each layer, its inputs and the derivatives of the outputs by its pre-activations."""
    x = x.astype(params[0][0].dtype)

    def forward(
        offsets: list[Float[Array, "points _"]],
    ) -> tuple[Float[Array, " outputs"], list[Float[Array, "points _"]]]:
        a, entering = x, []
        for number, offset in enumerate(offsets):
            entering.append(a)
            a = affine(params, number, architecture, a) + offset
            if number < architecture.hidden:
                a = activate(architecture.activation, a, architecture.negative_slope)
        # A point's outputs depend only on its own offsets, so the sum over points mixes nothing.
        return a.sum(axis=0), entering

    zeros = [jnp.zeros((x.shape[0], weights.shape[1]), dtype=x.dtype) for weights, _ in params]
    total, pull, entering = jax.vjp(forward, zeros, has_aux=True)
    if architecture.outputs == 1:
        signals = [signal[None] for signal in pull(jnp.ones_like(total))[0]]
    else:
        (signals,) = jax.vmap(pull)(jnp.eye(architecture.outputs, dtype=x.dtype))
    return list(zip(entering, signals, strict=True))
