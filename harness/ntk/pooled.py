"""NNGP and NTK of deep convolutional networks in one dimension, with and without pooling at the end.

m images of d pixels, each a vector of length √channels, on a ring; each layer convolves over `window` pixels.
With all pixels of one length every pixel of every layer has one variance, and a layer is that of a fully
connected network on *pairs of pixels* (`sphere.with_one_layer_more`), whose kernels are then averaged over
the window (Novak et al. 2019 arXiv:1810.05148). The last layer averages what is left over equal pixels where
the network is flattened, over all pairs where it is pooled.

At criticality all pairs of unequal pixels come to Θ/Θ(x,x) = c, 1/3 or 1/4 (`depth_rates`). Flattened, m
images then have the condition number of m points, (1 + (m − 1)c)/(1 − c); pooled, an image's own entry is
(1 + (d − 1)c)/d, and it is that of md points (Xiao et al. 2020 arXiv:1912.13053). NumPy only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from harness.ntk.sphere import SphereNetwork, SphereState, kernels_of_inputs, with_one_layer_more

Pairs = Float[np.ndarray, "images pixels images pixels"]
ImageKernel = Float[np.ndarray, "images images"]
CHANNELS = 8
"""Of an image: pixels are unlike, and none is another's opposite."""
_SEED = 0
"""Of the one draw that makes the images; any would do."""


def gaps_of_images(images: int, pixels: int) -> Pairs:
    """1 − x·x' of all pairs of pixels, which are drawn once and for all on a sphere; 0 of a pixel and
    itself."""
    pixel = np.random.default_rng(_SEED).standard_normal((images, pixels, CHANNELS))
    pixel /= np.linalg.norm(pixel, axis=2, keepdims=True)
    apart = pixel[:, :, None, None, :] - pixel[None, None, :, :, :]
    gaps: Pairs = np.sum(apart**2, axis=4) / 2
    return gaps


def before_the_last(network: SphereNetwork, gaps: Pairs, hidden: int, window: int) -> SphereState:
    """The kernels of pre-activations after `hidden` convolutions. Raises `ValueError` for no layer, or for a
    window wider than the image."""
    if hidden < 1 or not 1 <= window <= gaps.shape[1]:
        raise ValueError(
            f"expected at least one layer and a window of 1 to {gaps.shape[1]}, found {hidden}, {window}"
        )
    state = _averaged(kernels_of_inputs(network, gaps), window)
    for _ in range(hidden - 1):
        state = _averaged(with_one_layer_more(network, state), window)
    return state


def flattened(network: SphereNetwork, state: SphereState) -> ImageKernel:
    """Θ between images, divided by Θ of a pixel, of a network whose last layer sees each pixel apart."""
    tangent = with_one_layer_more(network, state).tangent
    kernel: ImageKernel = np.einsum("piqi->pq", tangent) / tangent.shape[1]
    return kernel


def pooled(network: SphereNetwork, state: SphereState) -> ImageKernel:
    """The same where the last layer sees the mean over pixels."""
    kernel: ImageKernel = with_one_layer_more(network, state).tangent.mean(axis=(1, 3))
    return kernel


def condition_number(kernel: ImageKernel) -> float:
    """λ_max/λ_min. Raises `FloatingPointError` if λ_min is rounding."""
    values = np.linalg.eigvalsh(kernel)
    if not values[0] > len(values) * np.finfo(np.float64).eps * values[-1]:
        raise FloatingPointError("the images are one to the network")
    return float(values[-1] / values[0])


def limit_of_condition(points: int, correlation: float) -> float:
    """κ of `points` points, each pair of which has Θ/Θ(x,x) = `correlation`."""
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
