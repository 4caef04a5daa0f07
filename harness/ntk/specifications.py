"""The parameters of networks that are not fully connected, in the terms of the literature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.ntk.architecture import Activation

Dimensions = Literal[1, 2]
Padding = Literal["circular", "zero"]
Sharing = Literal["shared", "local"]
ReadBy = Literal["flatten", "average"]
"""How a layer of pixels or tokens becomes one vector: side by side, or averaged."""
ImageData = Literal["digit-images", "mnist-1d"]
ReadOutStart = Literal["gaussian", "ones"]
Attending = Literal["linear", "root", "uniform"]
StepsRead = Literal["last", "average"]
"""The input of a recurrent network's output layer: its last step, or the average over steps."""


@dataclass(frozen=True)
class Scales:
    """The scales σ_w and σ_b of every layer of a network."""

    w_std: float
    b_std: float


@dataclass(frozen=True)
class Convolutional:
    """A convolutional network in NTK parameterization.

    It has `hidden` convolutional layers of `width` channels, then a dense layer, which reads all pixels'
    channels ("flatten") or their averages over the image ("average"). Filters have `taps` pixels a side. All
    pixels share them, or each pixel has its own ("local"; Novak et al. 2019 arXiv:1810.05148). `last_layer`
    is a factor on the output layer's weights.
    """

    dimensions: Dimensions
    hidden: int
    width: int
    taps: int
    read_out: ReadBy
    sharing: Sharing
    padding: Padding
    activation: Activation
    scales: Scales
    outputs: int = 1
    last_layer: float = 1.0

    @property
    def last_scales(self) -> Scales:
        """The scales of the output layer."""
        return Scales(self.scales.w_std * self.last_layer, self.scales.b_std)


@dataclass(frozen=True)
class DenseBlocks:
    """Dense layers with skip connections or layer normalisation, in NTK parameterization.

        h₁ = W₁x + b₁,   hₗ₊₁ = [hₗ +] branch · (W φ(N hₗ) + b),   f = W φ(N h_hidden) + b

    skip: whether hₗ is added.
    normalised: whether N is layer normalisation or the identity.
    read_out: how the output layer's weights start: Gaussian, or all 1.
    """

    hidden: int
    width: int
    activation: Activation
    scales: Scales
    skip: bool = False
    branch: float = 1.0
    normalised: bool = False
    read_out: ReadOutStart = "gaussian"
    outputs: int = 1


@dataclass(frozen=True)
class Attentive:
    """Self-attention over tokens, between two dense layers, in NTK parameterization.

    Source: Hron et al. 2020 arXiv:2006.10540. A flat input is `tokens` tokens side by side. Each is embedded
    in `width` units; `heads` heads of `width` units attend; tokens are read side by side or averaged.
    `attending` sets the scores: q·k / width with keys for queries ("linear"), q·k / √width ("root"), or the
    same weight for every token ("uniform").
    """

    tokens: int
    heads: int
    width: int
    attending: Attending
    read_out: ReadBy
    scales: Scales
    score_std: float = 1.0
    outputs: int = 1


@dataclass(frozen=True)
class Recurrent:
    """A recurrent network in NTK parameterization (Elman; Alemohammad et al. 2021 arXiv:2006.10246).

        h_t = W φ(h_(t−1)) + U x_t + b,   f = V a + b,   a = φ(h_last), or the average of φ(h_t)

    A flat input is `steps` steps of one length, side by side. All steps share weights, or each step has its
    own ("local").
    """

    steps: int
    width: int
    read_out: StepsRead
    sharing: Sharing
    activation: Activation
    scales: Scales
    outputs: int = 1
