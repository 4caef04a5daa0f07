"""The model `fully-connected`: layers of equal width, with the activations whose kernels are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from harness.declare import model
from harness.ntk.architecture import (
    ABOUT,
    Activation,
    Architecture,
    Biases,
    BiasInit,
    Initialisation,
    NegativeSlope,
    Parameterization,
)

if TYPE_CHECKING:
    from harness.ntk.fully_connected import FullyConnected


@model(
    "fully-connected",
    about={
        "hidden": "hidden layers; 0 is a linear model",
        "width": "units in each hidden layer",
        **ABOUT,
        "w_std": "weight scale σ_w of every layer",
        "b_std": "bias scale σ_b of every layer",
        "parameterization": "ntk: scales beside the weights; standard: in their initial distribution",
        "initialisation": "gaussian, or uniform on ±1/√fan_in (PyTorch's; standard only; no w_std, b_std)",
        "last_layer": "factor on the output layer's weights",
    },
)
def fully_connected(
    *,
    hidden: Annotated[int, Meta(ge=0, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    parameterization: Parameterization = "ntk",
    initialisation: Initialisation = "gaussian",
    last_layer: Annotated[float, Meta(gt=0)] = 1.0,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
) -> FullyConnected:
    """A fully connected network with one output (Jacot et al. 2018, arXiv:1806.07572)."""
    from harness.ntk import fully_connected as wide

    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    return wide.fully_connected(architecture)
