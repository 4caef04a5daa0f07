"""The model `layer-normalised`: a fully connected network with layer normalisation.

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

if TYPE_CHECKING:
    from harness.ntk.component_model import ComponentModel


@model(
    "layer-normalised",
    about={
        **ABOUT_SCALES,
        "hidden": "hidden layers, each normalised before its activation",
        "width": "units in each hidden layer",
    },
)
def layer_normalised(
    *,
    hidden: Annotated[int, Meta(ge=1, le=4096)] = 1,
    width: LayerWidth = 512,
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
) -> ComponentModel:
    """A fully connected network whose pre-activations are normalised over each layer's units.

    Source: Ba et al. 2016 arXiv:1607.06450. The normalisation has no gains and biases of its own. The network
    has NTK parameterization.
    """
    from harness.ntk.dense_blocks import blocks_model
    from harness.ntk.specifications import DenseBlocks, Scales

    scales = Scales(w_std, b_std)
    net = DenseBlocks(hidden, width, activation, scales, normalised=True, outputs=outputs)
    return blocks_model(net, "layer normalisation")
