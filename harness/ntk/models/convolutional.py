"""The model `convolutional`: convolutions over signals and images, with or without pooling.

Importing this module imports no library: what a model declares can be read at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from harness.declare import model
from harness.ntk.models._parameters import (
    ABOUT_SCALES,
    BiasScale,
    LayerWidth,
    PlainActivation,
    Several,
    WeightScale,
)
from harness.ntk.specifications import Dimensions, Padding, ReadBy, Sharing

if TYPE_CHECKING:
    from harness.ntk.component_model import ComponentModel


@model(
    "convolutional",
    about={
        **ABOUT_SCALES,
        "dimensions": "1: the features are a signal; 2: a square image, row by row",
        "hidden": "convolutional layers; 0 is a linear model",
        "width": "channels of each convolutional layer",
        "taps": "pixels of a filter, in each dimension",
        "read_out": "what the output layer reads: every pixel's channels, or their averages over the image",
        "sharing": "shared: one filter for all pixels; local: each pixel has its own",
        "padding": "what stands beyond the edge: the other edge, or zeros",
        "last_layer": "factor on the output layer's weights: a small one lets features move",
    },
)
def convolutional(
    *,
    dimensions: Dimensions = 1,
    hidden: Annotated[int, Meta(ge=0, le=64)] = 1,
    width: LayerWidth = 64,
    taps: Annotated[int, Meta(ge=1, le=64)] = 3,
    read_out: ReadBy = "flatten",
    sharing: Sharing = "shared",
    padding: Padding = "circular",
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
    last_layer: WeightScale = 1.0,
) -> ComponentModel:
    """A convolutional network with one input channel, in NTK parameterization.

    Source: Novak et al. 2019 arXiv:1810.05148; Arora et al. 2019 arXiv:1904.11955. Its kernels are known,
    with or without pooling, for shared and for unshared filters.
    """
    from harness.ntk.convolution import convolutional_model
    from harness.ntk.specifications import Convolutional, Scales

    scales = Scales(w_std, b_std)
    return convolutional_model(
        Convolutional(
            dimensions,
            hidden,
            width,
            taps,
            read_out,
            sharing,
            padding,
            activation,
            scales,
            outputs,
            last_layer,
        )
    )
