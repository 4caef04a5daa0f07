"""The architecture of a fully connected network, in the terms of the literature."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from msgspec import Meta

Activation = Literal[
    "relu", "erf", "gelu", "identity", "tanh", "sin", "cos", "leaky-relu", "step", "squared-relu"
]
"""The activations. `step` and `squared-relu` are those of the arc-cosine kernels of degrees 0 and 2, as
`relu` is of degree 1 (Cho & Saul 2009, "Kernel Methods for Deep Learning", NeurIPS)."""

NegativeSlope = Annotated[float, Meta(ge=0, le=1)]
Parameterization = Literal["ntk", "standard"]
Initialisation = Literal["gaussian", "uniform"]
Biases = Literal["all", "hidden", "first", "none"]
BiasInit = Literal["random", "zeros"]

HOMOGENEOUS: tuple[Activation, ...] = ("relu", "identity", "leaky-relu")
"""Activations with φ(c h) = c φ(h) for c > 0."""

ABOUT: dict[str, str] = {
    "activation": "max(x, 0), erf(x), x Φ(x), x, tanh(x), sin(x), cos(x), max(x, αx), x > 0, or max(x, 0)²",
    "negative_slope": "α of leaky-relu: 0.01 in PyTorch, Flax and JAX, 0.2 in tf.nn, 0.3 in Keras",
    "biases": "which layers have biases: all, all but the output layer, the first, or none",
    "bias_init": "random: as `initialisation` says; zeros: biases start at 0 and are trained",
}
"""A line about each parameter, for the experiments that have it."""


@dataclass(frozen=True)
class Architecture:
    """A fully connected network. Experiments make it from their parameters.

    It has `hidden` layers (0: a linear model) of `width` units each, and `outputs` units in the output layer.
    Every layer, the output layer included, scales its weights by `w_std` and its biases by `b_std`.
    `parameterization` says where the scale stands (`network`): beside the weights (`ntk`, Jacot et al. 2018
    arXiv:1806.07572) or in their initial distribution (`standard`, Sohl-Dickstein et al. 2020
    arXiv:2001.07301).

    `initialisation` "uniform" is the default of PyTorch's `nn.Linear`: weights and biases of a layer are
    uniform on ±1/√fan_in. This distribution has the deviations w_std = 1/√3 and b_std = 1/√(3 fan_in). The
    fields `w_std` and `b_std` are then ignored, and the parameterization must be standard. `last_layer` is
    one more factor on the output layer's weights, not on its bias.

    `biases` says which layers have biases, and `bias_init` how they start: "zeros" is the default of Keras
    and Flax, and common in code for the NTK. Biases that start at 0 are still trained, with the scale `b_std`
    under `ntk`, so that they contribute to the NTK and not to the NNGP. `negative_slope` is that of leaky
    ReLU, and has no effect on other activations.

    Raises `ValueError` for combinations that cannot be built.
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
    biases: Biases = "all"
    bias_init: BiasInit = "random"
    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        if self.hidden < 0:
            raise ValueError(f"hidden layers: expected at least 0, found {self.hidden}")
        if self.width < 1:
            raise ValueError(f"width: expected at least 1, found {self.width}")
        if self.w_std <= 0 or self.b_std < 0:
            raise ValueError(f"expected w_std > 0 and b_std >= 0, found {self.w_std} and {self.b_std}")
        for name, known in (
            ("activation", Activation),
            ("parameterization", Parameterization),
            ("initialisation", Initialisation),
            ("biases", Biases),
            ("bias_init", BiasInit),
        ):
            names, found = get_args(known), getattr(self, name)
            if found not in names:
                raise ValueError(f"{name}: expected {', '.join(names[:-1])} or {names[-1]}, found {found!r}")
        if self.initialisation == "uniform" and self.parameterization != "standard":
            raise ValueError(
                "initialisation 'uniform' is a scale of the parameters themselves: expected parameterization "
                f"'standard', found {self.parameterization!r}"
            )
        if self.last_layer <= 0:
            raise ValueError(f"last_layer: expected above 0, found {self.last_layer}")
        if self.outputs < 1:
            raise ValueError(f"outputs: expected at least 1, found {self.outputs}")
        if not 0 <= self.negative_slope <= 1:
            raise ValueError(f"negative_slope: expected 0 to 1, found {self.negative_slope}")

    def has_bias(self, number: int) -> bool:
        """Whether layer `number` has biases: 0 is the first, `hidden` the output layer."""
        return {
            "all": True, "hidden": number < self.hidden, "first": number == 0, "none": False
        }[self.biases]  # fmt: skip

    def scales(self, number: int, fan_in: int) -> tuple[float, float]:
        """The deviations w_std and b_std with which layer `number` starts.

        b_std is 0 if the layer has no biases or if they start at 0.
        """
        w_std, b_std = self.w_std, self.b_std
        if self.initialisation == "uniform":
            w_std, b_std = 1 / math.sqrt(3), 1 / math.sqrt(3 * fan_in)
        if self.bias_init == "zeros" or not self.has_bias(number):
            b_std = 0.0
        return (w_std * self.last_layer if number == self.hidden else w_std), b_std

    def bias_slope(self, number: int) -> float:
        """∂h/∂b: the derivative of layer `number`'s pre-activations by its trained biases, or 0."""
        if not self.has_bias(number):
            return 0.0
        return 1.0 if self.parameterization == "standard" else self.b_std

    def require(self, **supported: Collection[object]) -> None:
        """Raise `NotImplementedError` if a subject that supports only this much lacks the architecture.

        Each keyword is a field with the values that the subject supports, such as `activation=["relu"]`. A
        field that is not named may have any value if it is a size or a scale (`hidden`, `width`, `w_std`,
        `b_std`, `outputs`), and must have its default if it is a convention. So a convention that is newer
        than the subject is not covered, instead of giving a wrong answer. A field without effect counts as
        having its default: where and how biases start if `b_std` is 0 under `ntk`, and the slope of any
        activation other than leaky ReLU.
        """
        free, without_effect = {"hidden", "width", "w_std", "b_std", "outputs"}, set()
        if self.parameterization == "ntk" and not self.b_std:
            without_effect |= {"biases", "bias_init"}
        if self.activation != "leaky-relu":
            without_effect.add("negative_slope")
        for name, field in self.__dataclass_fields__.items():
            found = getattr(self, name)
            if name in without_effect:
                continue
            if name in supported:
                if found not in supported[name]:
                    listed = ", ".join(map(str, supported[name]))
                    raise NotImplementedError(f"{name}: the subject supports {listed}, not {found}")
            elif name not in free and found != field.default:
                raise NotImplementedError(f"{name}: the subject supports {field.default}, not {found}")
        unknown = sorted(set(supported) - set(self.__dataclass_fields__))
        if unknown:
            raise TypeError(f"require: expected fields of Architecture, found {', '.join(unknown)}")
