"""The model `recurrent`: a state that every step of a signal changes, with the same weights.

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
from harness.ntk.specifications import Sharing, StepsRead

if TYPE_CHECKING:
    from harness.ntk.component_model import ComponentModel


@model(
    "recurrent",
    about={
        **ABOUT_SCALES,
        "steps": "steps into which the features are divided, of one length",
        "width": "units of the state",
        "read_out": "what the output layer reads: the last step's units, or their averages over all steps",
        "sharing": "shared: the same weights at each step; local: each step has its own",
    },
)
def recurrent(
    *,
    steps: Annotated[int, Meta(ge=1, le=64)] = 4,
    width: LayerWidth = 64,
    read_out: StepsRead = "average",
    sharing: Sharing = "shared",
    activation: PlainActivation = "relu",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
) -> ComponentModel:
    """A recurrent network of one layer, in NTK parameterization.

    Source: Alemohammad et al. 2021 arXiv:2006.10246. Its kernels are known. Its nearest alternative has other
    weights at each step. If the last step alone is read out, both have the same kernel.
    """
    from harness.ntk.recurrent import recurrent_model
    from harness.ntk.specifications import Recurrent, Scales

    scales = Scales(w_std, b_std)
    return recurrent_model(Recurrent(steps, width, read_out, sharing, activation, scales, outputs))
