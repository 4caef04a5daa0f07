"""The experiment `ntk.convolutional-kernels`: how weight sharing and pooling change infinitely wide kernels.

It draws no network. It compares the kernels of two architectures, and the kernels of shifted images with
those of the images. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, experiment, stage
from harness.ntk.models._parameters import ABOUT_SCALES, BiasScale, PlainActivation, WeightScale
from harness.ntk.specifications import Dimensions, ImageData, Padding, ReadBy

RESOLUTION = 1e-13
"""Absolute resolution: kernels have size one and are sums of some hundred terms."""

_KINDS = {"nngp": "NNGP", "ntk": "NTK"}


def _quantities() -> dict[str, Quantity]:
    declared = {}
    for kind, name in _KINDS.items():
        for check, about in (
            ("sharing-distance", "A of shared filters, B of filters of each pixel's own"),
            ("shift-distance", "A between images, each moved circularly by its own steps, and others; B "
             "between the images as they are and the others"),
        ):  # fmt: skip
            declared[f"{kind}.{check}"] = Quantity(
                f"‖A − B‖ / ‖B‖ (Frobenius) of the {name}: {about}",
                scale="linear", unit="norm of B", resolution=RESOLUTION, stage=check,
            )  # fmt: skip
    return declared


@experiment(
    "ntk.convolutional-kernels",
    version=1,
    quantities=_quantities(),
    about={
        **{name: about for name, about in ABOUT_SCALES.items() if name != "outputs"},
        "data": "digit-images, 8 × 8 pixels, or mnist-1d, signals of 40",
        "points": "images; as many others are moved",
        "hidden": "convolutional layers",
        "taps": "pixels of a filter, in each dimension",
        "read_out": "what the output layer reads: every pixel's channels, or their averages over the image",
        "padding": "what stands beyond the edge: the other edge, or zeros",
    },
    precision="float64",
)
def convolutional_kernels(
    *,
    seed: int,
    data: ImageData = "mnist-1d",
    points: Annotated[int, Meta(ge=2, le=1024)] = 4,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 2,
    taps: Annotated[int, Meta(ge=1, le=64)] = 3,
    read_out: ReadBy = "flatten",
    padding: Padding = "circular",
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
) -> dict[str, float]:
    """Compare the kernels of shared and of unshared filters, and of images and shifted images.

    Novak et al. 2019 (arXiv:1810.05148): without pooling, sharing filters does not change the infinitely wide
    network. With pooling over all pixels and circular padding, shifting an image does not change its kernels.
    Kernels of all pairs of pixels are computed, with and without pooling.
    """
    from dataclasses import replace

    import numpy as np

    from harness.ntk.data import inputs
    from harness.ntk.random_networks import relative_distance
    from harness.ntk.spatial_kernels import spatial_kernels
    from harness.ntk.specifications import Convolutional, Scales

    dimensions: Dimensions = 1 if data == "mnist-1d" else 2
    net = Convolutional(
        dimensions, hidden, 1, taps, read_out, "shared", padding, activation,
        Scales(w_std, b_std),
    )  # fmt: skip
    with stage("data"):
        x, _ = inputs(data, points=2 * points, seed=seed)
        first, second = x[:points], x[points:]
    measured: dict[str, float] = {}
    of_pair = spatial_kernels(net, first, second, every_pair=True)
    with stage("sharing-distance"):
        local = spatial_kernels(replace(net, sharing="local"), first, second, every_pair=True)
        for kind, a, b in zip(_KINDS, of_pair, local, strict=True):
            measured[f"{kind}.sharing-distance"] = float(relative_distance(a, b))
    with stage("shift-distance"):
        random = np.random.default_rng([seed, 0x5348])
        side = 8 if dimensions == 2 else x.shape[1]
        axes = tuple(range(dimensions))
        moved = [
            np.roll(row.reshape((side,) * dimensions), random.integers(1, side, dimensions), axes).reshape(-1)
            for row in first
        ]
        for kind, a, b in zip(
            _KINDS, spatial_kernels(net, np.stack(moved), second, every_pair=True), of_pair, strict=True
        ):
            measured[f"{kind}.shift-distance"] = float(relative_distance(a, b))
    return measured
