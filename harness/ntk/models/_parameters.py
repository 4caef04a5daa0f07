"""Types of parameters that the models of this package share, and a line about each."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

PlainActivation = Literal["relu", "erf", "gelu", "identity", "tanh", "sin", "cos", "step", "squared-relu"]
"""The activations that have no parameter of their own."""

LayerWidth = Annotated[int, Meta(ge=1, le=65_536)]
WeightScale = Annotated[float, Meta(gt=0)]
BiasScale = Annotated[float, Meta(ge=0)]
Several = Annotated[int, Meta(ge=1, le=1024)]

ABOUT_SCALES: dict[str, str] = {
    "activation": "max(x, 0), erf(x), x Φ(x), x, tanh(x), sin(x), cos(x), x > 0, or max(x, 0)²",
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer; 0 is without biases",
    "outputs": "outputs of the network, which have one kernel",
}
