"""The model `fixed-read-out`: a fully connected network whose output weights do not start at random.

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
from harness.ntk.specifications import ReadOutStart

if TYPE_CHECKING:
    from harness.ntk.component_model import ComponentModel


@model(
    "fixed-read-out",
    about={
        **ABOUT_SCALES,
        "hidden": "hidden layers",
        "width": "units in each hidden layer",
        "start": "how the output layer's weights start: all 1, or Gaussian as the others",
    },
)
def fixed_read_out(
    *,
    hidden: Annotated[int, Meta(ge=1, le=4096)] = 2,
    width: LayerWidth = 512,
    start: ReadOutStart = "ones",
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
) -> ComponentModel:
    """A fully connected network whose output is the sum of its last units, times a scale.

    Source: Yang 2020 arXiv:2006.14548. Its kernels are given by the usual formulas, which assume that
    read-outs are independent with mean 0. These formulas are wrong for it from two hidden layers on.
    """
    from harness.ntk.dense_blocks import blocks_model
    from harness.ntk.specifications import DenseBlocks, Scales

    scales = Scales(w_std, b_std)
    net = DenseBlocks(hidden, width, activation, scales, read_out=start, outputs=outputs)
    return blocks_model(net, "fixed read-out")
