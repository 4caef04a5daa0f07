"""What a fully connected network looks like, in the field's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Activation = Literal["relu", "erf", "identity"]
Parameterization = Literal["ntk", "standard"]


@dataclass(frozen=True)
class Architecture:
    """A fully connected network with one output; made by an experiment from its parameters.

    `hidden` layers (0: a linear model) of `width` units each. Every layer, the output layer included,
    scales its weights by `w_std` and its biases by `b_std`; `parameterization` says where the scale stands
    (`network`): beside the weights (`ntk`, Jacot et al. 2018 arXiv:1806.07572) or in their initial
    distribution (`standard`, Sohl-Dickstein et al. 2020 arXiv:2001.07301).

    Raises `ValueError` for what cannot be built.
    """

    hidden: int
    width: int
    activation: Activation = "relu"
    w_std: float = 1.5
    b_std: float = 0.1
    parameterization: Parameterization = "ntk"

    def __post_init__(self) -> None:
        if self.hidden < 0:
            raise ValueError(f"hidden layers: expected at least 0, found {self.hidden}")
        if self.width < 1:
            raise ValueError(f"width: expected at least 1, found {self.width}")
        if self.w_std <= 0 or self.b_std < 0:
            raise ValueError(f"expected w_std > 0 and b_std >= 0, found {self.w_std} and {self.b_std}")
        if self.activation not in ("relu", "erf", "identity"):
            raise ValueError(f"activation: expected relu, erf or identity, found {self.activation!r}")
        if self.parameterization not in ("ntk", "standard"):
            raise ValueError(f"parameterization: expected ntk or standard, found {self.parameterization!r}")
