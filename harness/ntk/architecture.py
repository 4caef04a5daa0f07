"""What a fully connected network looks like, in the field's own words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Activation = Literal["relu", "erf", "gelu", "identity"]
Parameterization = Literal["ntk", "standard"]
Initialisation = Literal["gaussian", "uniform"]


@dataclass(frozen=True)
class Architecture:
    """A fully connected network; made by an experiment from its parameters.

    `hidden` layers (0: a linear model) of `width` units each. Every layer, the output layer included,
    scales its weights by `w_std` and its biases by `b_std`; `parameterization` says where the scale stands
    (`network`): beside the weights (`ntk`, Jacot et al. 2018 arXiv:1806.07572) or in their initial
    distribution (`standard`, Sohl-Dickstein et al. 2020 arXiv:2001.07301).

    `initialisation` "uniform" is the default of PyTorch's `nn.Linear`: weights and biases of a layer are
    uniform on ±1/√fan_in. It stands for w_std = 1/√3 and b_std = 1/√(3 fan_in), the deviations of that
    distribution, ignores `w_std` and `b_std`, and needs the standard parameterization. `last_layer` is one
    more factor on the output layer's weights, not on its bias. `outputs` units in the output layer.

    Raises `ValueError` for what cannot be built.
    """

    hidden: int
    width: int
    activation: Activation = "relu"
    w_std: float = 1.5
    b_std: float = 0.1
    parameterization: Parameterization = "ntk"
    initialisation: Initialisation = "gaussian"
    last_layer: float = 1.0
    outputs: int = 1

    def __post_init__(self) -> None:
        if self.hidden < 0:
            raise ValueError(f"hidden layers: expected at least 0, found {self.hidden}")
        if self.width < 1:
            raise ValueError(f"width: expected at least 1, found {self.width}")
        if self.w_std <= 0 or self.b_std < 0:
            raise ValueError(f"expected w_std > 0 and b_std >= 0, found {self.w_std} and {self.b_std}")
        if self.activation not in ("relu", "erf", "gelu", "identity"):
            raise ValueError(f"activation: expected relu, erf, gelu or identity, found {self.activation!r}")
        if self.parameterization not in ("ntk", "standard"):
            raise ValueError(f"parameterization: expected ntk or standard, found {self.parameterization!r}")
        if self.initialisation not in ("gaussian", "uniform"):
            raise ValueError(f"initialisation: expected gaussian or uniform, found {self.initialisation!r}")
        if self.initialisation == "uniform" and self.parameterization != "standard":
            raise ValueError(
                "initialisation 'uniform' is a scale of the parameters themselves: expected parameterization "
                f"'standard', found {self.parameterization!r}"
            )
        if self.last_layer <= 0:
            raise ValueError(f"last_layer: expected above 0, found {self.last_layer}")
        if self.outputs < 1:
            raise ValueError(f"outputs: expected at least 1, found {self.outputs}")

    def scales(self, number: int, fan_in: int) -> tuple[float, float]:
        """w_std and b_std of layer `number`: 0 is the first, `hidden` the output layer."""
        w_std, b_std = self.w_std, self.b_std
        if self.initialisation == "uniform":
            w_std, b_std = 1 / math.sqrt(3), 1 / math.sqrt(3 * fan_in)
        return (w_std * self.last_layer if number == self.hidden else w_std), b_std
