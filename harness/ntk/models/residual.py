"""The model `residual`: dense layers with skip connections.

Importing this module imports no library: what a model declares can be read at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

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
    "residual",
    about={
        **ABOUT_SCALES,
        "hidden": "hidden layers: hidden − 1 blocks h + branch · dense(φ(N h)) between two dense layers",
        "width": "units in each hidden layer",
        "skip": "whether h is added; without, the network is fully connected",
        "branch": "factor of every branch, where h is added",
        "decay": "γ: branches are scaled by (hidden − 1)^(−γ) too",
        "normalisation": "N: nothing, or layer normalisation of what enters a branch and the read-out",
    },
)
def residual(
    *,
    hidden: Annotated[int, Meta(ge=1, le=4096)] = 3,
    width: LayerWidth = 512,
    skip: bool = True,
    branch: WeightScale = 1.0,
    decay: Annotated[float, Meta(ge=0, le=4)] = 0.0,
    normalisation: Literal["none", "layer"] = "none",
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
) -> ComponentModel:
    """A residual network of dense layers, in NTK parameterization.

    Source: He et al. 2016 arXiv:1512.03385; kernels: Huang et al. 2020 arXiv:2002.06262. Its nearest
    alternative is the same network without skip connections.
    """
    from harness.ntk.dense_blocks import blocks_model
    from harness.ntk.specifications import DenseBlocks, Scales

    factor = branch * max(hidden - 1, 1) ** -decay if skip else 1.0
    net = DenseBlocks(
        hidden, width, activation, Scales(w_std, b_std), skip=skip, branch=factor,
        normalised=normalisation == "layer", outputs=outputs,
    )  # fmt: skip
    return blocks_model(net, "skip connections")
