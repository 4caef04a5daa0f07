"""Random networks, and how far they are from infinitely wide ones. float64, from parameters drawn in float32.

A network's *own* kernels are its NNGP, the covariance of an output given the hidden layers, and its NTK, the
inner products of its gradients. Given the hidden layers an output is Gaussian with variance q, so over all
layers it is a mixture of Gaussians, whose excess kurtosis is 3 Var(q) / E[q]².
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from harness.ntk import network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_nngp, empirical_ntk
from harness.ntk.train import network_key

Kernel = Float[np.ndarray, "points points"]
NetworkKernels = Float[np.ndarray, "nets points points"]


@dataclass(frozen=True)
class Draws:
    """Networks' own kernels and outputs at the same points. `draw` makes it."""

    nngp: NetworkKernels
    ntk: NetworkKernels
    outputs: Float[np.ndarray, "nets points"]


def draw(
    seed: int, networks: int, architecture: Architecture, x: Float[np.ndarray, "points inputs"]
) -> Draws:
    """The first `networks` networks of a seed, with one output each."""
    drawn = [_one(network_key(seed, number), architecture, jnp.asarray(x)) for number in range(networks)]
    nngp, ntk, outputs = (np.stack(parts) for parts in zip(*drawn, strict=True))
    return Draws(nngp, ntk, outputs)


@partial(jax.jit, static_argnames="architecture")
def _one(key: PRNGKeyArray, architecture: Architecture, x: Array) -> tuple[Array, Array, Array]:
    params = network.in_float64(network.init(key, architecture, x.shape[1]))
    return (
        empirical_nngp(params, architecture, x),
        empirical_ntk(params, architecture, x),
        network.apply(params, architecture, x),
    )


def relative_distance(
    kernel: Kernel | NetworkKernels, reference: Kernel
) -> Float[np.ndarray, " nets"] | np.float64:
    """‖K − reference‖ / ‖reference‖, Frobenius norms, for each kernel of a stack."""
    norms = np.linalg.norm(kernel - reference, axis=(-2, -1))
    distances: Float[np.ndarray, " nets"] | np.float64 = norms / np.linalg.norm(reference)
    return distances


def relative_variance(kernels: NetworkKernels) -> float:
    """Var(K(x, x)) / E[K(x, x)]² over networks, with unbiased variance; the mean over points x."""
    diagonals = np.diagonal(kernels, axis1=1, axis2=2)
    return float(np.mean(np.var(diagonals, axis=0, ddof=1) / np.mean(diagonals, axis=0) ** 2))


def excess_kurtosis(nngp: NetworkKernels) -> float:
    """The excess kurtosis of outputs: 3 Var(q) / E[q]² of networks' own NNGPs, the mean over points x.

    q is K(x, x). For Y with Y | q ~ N(0, q): E[Y⁴] = 3 E[q²] and E[Y²] = E[q]. Estimating it from the
    outputs' own fourth moment would take thousands of networks.
    """
    return 3 * relative_variance(nngp)


def second_moment(outputs: Float[np.ndarray, "nets points"]) -> Kernel:
    """E[f(x) f(x')] over networks; the mean of f is 0 by symmetry."""
    moment: Kernel = outputs.T @ outputs / len(outputs)
    return moment
