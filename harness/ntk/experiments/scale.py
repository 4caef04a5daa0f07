"""The experiment `ntk.scale`: from the kernel regime to feature learning, and past the edge of stability.

`harness.ntk.scaled_training` says what is trained, and defines the one unit of rates and decay.
`_scale_quantities` lists what is measured. Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from harness.declare import Abreast, Value, experiment
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._scale_quantities import ABOUT, QUANTITIES
from harness.ntk.preparation import DEFAULT, Data, Preprocess, TargetScaling, settle

BLOCK = 16
"""Seeds of a block on an accelerator. The other experiments that train use the same number."""

STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())
"""All stages."""

BASE_WIDTH = 64
"""The width at which `rate_exponent` changes nothing."""

_FEATURES = 64
"""The number of inputs of the package's widest data set."""


def _weights(parameters: Mapping[str, Any]) -> int:
    width, inputs = int(parameters["width"]), max(_FEATURES, int(parameters["inputs"]))
    return width * (inputs + 2 + (int(parameters["hidden"]) - 1) * (width + 1))


def bytes_of_networks(parameters: Mapping[str, Any]) -> int:
    """Bytes that a seed takes on a device.

    They hold parameters six times in float32 and twice in float64, activations and their slopes, and kernels
    at every look.
    """
    train, test = int(parameters["train"]), int(parameters["test"])
    of_layers = 6 * 8 * (train + test) * int(parameters["width"]) * int(parameters["hidden"])
    kernels = 8 * 3 * train * (41 * train + test)
    return int(parameters["networks"] * (40 * _weights(parameters) + of_layers + kernels))


def seconds_of_trial(parameters: Mapping[str, Value], stages: frozenset[str]) -> float:
    """Seconds that a trial takes on one core at 50 GFLOP/s, plus half a second for what does not grow."""
    steps, networks, train = (float(parameters[each]) for each in ("steps", "networks", "train"))
    return 0.5 + 6 * train * _weights(parameters) * networks * (steps + 200) / 5e10


@experiment(
    "ntk.scale",
    version=1,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="training in float32; kernels and predictions of kernels in float64",
    settle=settle,
    abreast=Abreast(BLOCK, bytes_of_networks),
    cost=seconds_of_trial,
)
def scale(
    *,
    seed: int,
    points: Literal[
        "data", "one", "circle", "whitened", "gaussian", "spiked", "sphere", "hypercube"
    ] = "sphere",
    target: Literal["linear", "sum", "square", "product", "parity", "staircase"] = "linear",
    signs: bool = False,
    data: Data = "digits",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    train: Annotated[int, Meta(ge=1, le=4096)] = 16,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 100,
    inputs: Annotated[int, Meta(ge=1, le=4096)] = 10,
    anisotropy: Annotated[float, Meta(ge=0)] = 0.0,
    snr: Annotated[float, Meta(gt=0)] = 1.0,
    networks: Annotated[int, Meta(ge=1, le=1024)] = 1,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 256,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.4142135623730951,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    biases: Biases = "none",
    bias_init: BiasInit = "random",
    parameterization: Literal["ntk", "standard"] = "ntk",
    start: Annotated[float, Meta(gt=0)] = 1.0,
    alpha: Annotated[float, Meta(gt=0)] = 1.0,
    gamma: Annotated[float, Meta(gt=0)] = 1.0,
    exponent: Annotated[float, Meta(ge=-1, le=2)] = 0.0,
    centred: bool = False,
    loss: Literal["squared", "cross-entropy"] = "squared",
    learning_rate: Annotated[float, Meta(gt=0, le=1000)] = 0.25,
    rate_exponent: Annotated[float, Meta(ge=-2, le=2)] = 0.0,
    decay: Annotated[float, Meta(ge=0, le=1)] = 0.0,
    decay_by: Literal["weights", "layers"] = "weights",
    steps: Annotated[int, Meta(ge=4, le=10_000_000)] = 400,
    stages: frozenset[str] = STAGES,
) -> dict[str, float]:
    """Train fully connected networks with a scaled output, and measure how their tangent kernels change.

    The output's scale decides between the kernel regime and feature learning (Chizat et al. 2019
    arXiv:1812.07956, Geiger et al. 2020 arXiv:1906.08034, Bordelon & Pehlevan 2022 arXiv:2205.09653). The
    learning rate decides between lazy training, the catapult and divergence (Lewkowycz et al. 2020
    arXiv:2003.02218).

    Rates and decay are in units of each network's own: rate 1 is 2/λ₀, and decay 1 is λ₀. λ₀ is the largest
    eigenvalue of D^½ Θ D^½ before training, for the loss and the kernel that train. Θ is the tangent kernel
    of the scaled output, and D holds the second derivatives of the loss (1 for ½Σ(F − y)²).
    """
    from harness.ntk.architecture import Architecture
    from harness.ntk.drawn_points import TrainedPoints, draw_points
    from harness.ntk.experiments import _scale_computed as computed

    def points_of(seed: int) -> TrainedPoints:
        return draw_points(
            points, data=data, preprocess=preprocess, targets=targets, target=target, signs=signs,
            train=train, test=test, inputs=inputs, anisotropy=anisotropy, snr=snr, seed=seed,
        )  # fmt: skip

    setting = computed.ScaleSetting(
        Architecture(
            hidden, width, activation, w_std, b_std, parameterization,
            biases=biases, bias_init=bias_init, negative_slope=negative_slope,
        ),
        networks, alpha / gamma * width**-exponent, centred, loss,
        learning_rate * (width / BASE_WIDTH) ** rate_exponent, decay, decay_by == "layers", start, steps,
    )  # fmt: skip
    return computed.measured_seed(setting, seed, stages, points_of)
