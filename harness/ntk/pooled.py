"""NNGP and NTK of deep convolutional networks in one dimension, with and without pooling at the end.

There are m images of d pixels, each a vector of length √channels, on a ring; each layer convolves over
`window` pixels. If all pixels have one length, every pixel of a layer has the same variance, and a layer is
that of a fully connected network on *pairs of pixels* (`sphere.with_one_layer_more`), whose kernels are then
averaged over the window (Novak et al. 2019 arXiv:1810.05148). The last layer averages over equal pixels if
the network is flattened, and over all pairs if it is pooled.

At criticality all pairs of unequal pixels tend to Θ/Θ(x,x) = c, 1/3 or 1/4 (`depth_rates`). Flattened, m
images then have the condition number of m points, (1 + (m − 1)c)/(1 − c); pooled, an image's own entry is (1
+ (d − 1)c)/d, and it is that of md points (Xiao et al. 2020 arXiv:1912.13053). NumPy only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from harness.ntk.sphere import SphereNetwork, SphereState, kernels_of_inputs, with_one_layer_more

Pairs = Float[np.ndarray, "images pixels images pixels"]
ImageKernel = Float[np.ndarray, "images images"]
CHANNELS = 8
"""The channels of an image, enough that pixels are unlike and none is another's opposite."""
_SEED = 0
"""The seed of the one draw that makes the images; any would do."""


def gaps_of_images(images: int, pixels: int) -> Pairs:
    """1 − x·x' for all pairs of pixels, which are drawn once on a sphere. It is 0 for a pixel and itself."""
    pixel = np.random.default_rng(_SEED).standard_normal((images, pixels, CHANNELS))
    pixel /= np.linalg.norm(pixel, axis=2, keepdims=True)
    apart = pixel[:, :, None, None, :] - pixel[None, None, :, :, :]
    gaps: Pairs = np.sum(apart**2, axis=4) / 2
    return gaps


def before_the_last(network: SphereNetwork, gaps: Pairs, hidden: int, window: int) -> SphereState:
    """The kernels of pre-activations after `hidden` convolutions.

    Raises `ValueError` without layers, or for a window wider than the image.
    """
    if hidden < 1 or not 1 <= window <= gaps.shape[1]:
        raise ValueError(
            f"expected at least one layer and a window of 1 to {gaps.shape[1]}, found {hidden}, {window}"
        )
    state = _averaged(kernels_of_inputs(network, gaps), window)
    for _ in range(hidden - 1):
        state = _averaged(with_one_layer_more(network, state), window)
    return state


def flattened(network: SphereNetwork, state: SphereState) -> ImageKernel:
    """Θ between images, divided by Θ of a pixel, for a network whose last layer flattens."""
    tangent = with_one_layer_more(network, state).tangent
    kernel: ImageKernel = np.einsum("piqi->pq", tangent) / tangent.shape[1]
    return kernel


def pooled(network: SphereNetwork, state: SphereState) -> ImageKernel:
    """The same for a network whose last layer sees the mean over pixels."""
    kernel: ImageKernel = with_one_layer_more(network, state).tangent.mean(axis=(1, 3))
    return kernel


def condition_number(kernel: ImageKernel) -> float:
    """λ_max/λ_min. Raises `FloatingPointError` if λ_min is rounding."""
    values = np.linalg.eigvalsh(kernel)
    if not values[0] > len(values) * np.finfo(np.float64).eps * values[-1]:
        raise FloatingPointError("the images are one to the network")
    return float(values[-1] / values[0])


def limit_of_condition(points: int, correlation: float) -> float:
    """κ of `points` points if each pair has Θ/Θ(x,x) = `correlation`."""
    return (1 + (points - 1) * correlation) / (1 - correlation)


def _averaged(state: SphereState, window: int) -> SphereState:
    def mean(pairs: Pairs) -> Pairs:
        found: Pairs = sum(
            (np.roll(pairs, (-step, -step), axis=(1, 3)) for step in range(window)), np.zeros_like(pairs)
        )
        return found / window

    return replace(
        state, gap=mean(state.gap), tangent=mean(state.tangent), tangent_gap=mean(state.tangent_gap)
    )
