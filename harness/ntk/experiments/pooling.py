"""The experiment `ntk.pooling`: condition numbers of deep convolutional kernels, with and without pooling.

Nothing is random: each number is the same for every seed. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, StageError, experiment, stage

_STAGE = "kernels"


def _computed(about: str) -> Quantity:
    return Quantity(about, stage=_STAGE, deterministic=True)


@experiment(
    "ntk.pooling",
    version=1,
    quantities={
        "flattened.condition-number": _computed("κ of Θ among images, of a network without pooling"),
        "pooled.condition-number": _computed("the same with pooling over all pixels before the last layer"),
        "connected.condition-number": _computed("its limit at criticality of as many points as images"),
        "predicted.pooled-condition-number": _computed("the same of images · pixels points"),
        "control.pooled-condition-number": _computed("pixels times connected.condition-number"),
    },
    about={
        "images": "images, of pixels that are drawn once and for all",
        "pixels": "pixels of an image, on a ring",
        "window": "pixels that a convolution sees",
        "hidden": "hidden layers",
        "activation": "max(x, 0), max(x, αx), erf(x) or sin(x)",
        "negative_slope": "α of leaky-relu; −1 makes it |x|",
        "w_std": "deviation of weights; √2 is ReLU's criticality",
        "b_std": "deviation of biases, in every layer",
    },
    precision="float64",
)
def pooling(
    *,
    seed: int,
    images: Annotated[int, Meta(ge=2, le=64)] = 4,
    pixels: Annotated[int, Meta(ge=2, le=64)] = 4,
    window: Annotated[int, Meta(ge=1, le=64)] = 3,
    hidden: Annotated[int, Meta(ge=1, le=65_536)] = 16,
    activation: Literal["relu", "leaky-relu", "erf", "sin"] = "relu",
    negative_slope: Annotated[float, Meta(ge=-1, le=1)] = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.4142135623730951,
    b_std: Annotated[float, Meta(ge=0)] = 0.0,
) -> dict[str, float]:
    """Compute the NTKs of infinitely wide convolutional networks in one dimension with many layers.

    Xiao et al. 2020 (arXiv:1912.13053): without pooling, condition numbers are those of fully connected
    networks; with pooling, they depend on the number of pixels.
    """
    from harness.ntk import depth_rates
    from harness.ntk import pooled as convolutional
    from harness.ntk.sphere import SphereNetwork

    network = SphereNetwork(activation, w_std, b_std, negative_slope)
    measured: dict[str, float] = {}
    with stage(_STAGE):
        try:
            gaps = convolutional.gaps_of_images(images, pixels)
            state = convolutional.before_the_last(network, gaps, hidden, window)
            kernels = convolutional.flattened(network, state), convolutional.pooled(network, state)
            flattened, pooled = (convolutional.condition_number(kernel) for kernel in kernels)
        except (FloatingPointError, ValueError) as error:
            raise StageError(str(error)) from error
        correlation = depth_rates.limit_of(network)
        connected, all_pixels = (
            convolutional.limit_of_condition(number, correlation) for number in (images, images * pixels)
        )
        measured |= {
            "flattened.condition-number": flattened,
            "pooled.condition-number": pooled,
            "connected.condition-number": connected,
            "predicted.pooled-condition-number": all_pixels,
            "control.pooled-condition-number": pixels * connected,
        }
    return measured
