"""What `ntk.network` declares: its quantities, a line about each parameter, and their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import REFERENCE, Quantity, Reference, Value
from harness.ntk.preparation import ABOUT_PREPROCESS, ABOUT_TARGETS, BUNDLED, effective

NetworkData = Annotated[
    str,
    Meta(pattern=rf"^({'|'.join(BUNDLED)}|{REFERENCE})$", examples=list(BUNDLED)),
    Reference("data", check="harness.ntk.network_data:check", told_by=("preprocess", "targets")),
]
"""The type of a parameter `data`: as `preparation.Data`, with targets of several outputs and of classes."""

OptaxRule = Literal[
    "adabelief", "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamaxw", "adamw", "adan", "amsgrad",
    "fromage", "lamb", "lars", "lion", "nadam", "nadamw", "novograd", "optimistic_gradient_descent", "radam",
    "rmsprop", "rprop", "sgd", "sign_sgd", "signum", "sm3", "yogi",
]  # fmt: skip
"""The functions of optax that require no argument besides a learning rate."""

RateUnit = Literal["default", "stable", "absolute"]

STABLE, ABSOLUTE = 0.5, 1e-3
"""The default rates: of gradient descent in units of 2/λ₀; of every other rule the rate that Adam is
published with."""

RESOLUTION = 1e-5
"""Relative resolution. Networks and their linearisations are trained in float32. Over hundreds of steps,
rounding leaves 1e-6 to 1e-5 of outputs."""

UNIT = "standard deviations of the training targets (of cross-entropy: of the shares of the classes)"


def _of(about: str, stage: str, unit: str = "") -> Quantity:
    return Quantity(about, unit=unit, resolution=RESOLUTION, stage=stage)


def _error(of: str, stage: str) -> Quantity:
    return _of(f"root mean square test error of {of}", stage, UNIT)


def _distance(a: str, b: str, stage: str) -> Quantity:
    return _of(f"root mean square difference at the test points between {a} and {b}", stage, UNIT)


def _change(when: str) -> Quantity:
    return _of(
        f"‖Θ_t − Θ₀‖ / ‖Θ₀‖ of its own NTK at the training points, {when}", "kernel", "its norm before"
    )


_NETWORK, _LINEARISED = "the trained network", "its linearisation, trained alike"
_OWN = "regression with its NTK before training, given f₀, for as many steps"
_AFTER = "regression with its NTK after training, given f₀"

QUANTITIES = {
    "parameters": _of("numbers that are trained", "training"),
    "steps": _of("steps of training", "training"),
    "learning-rate": _of("learning rate", "training"),
    "initial-loss": _of("loss on the training points at the start", "training"),
    "final-loss": _of("loss on the training points at the end", "training"),
    "weights-moved": _of("‖θ_t − θ₀‖ / ‖θ₀‖ of all parameters, at the end", "training", "its norm before"),
    "network.error": _error(_NETWORK, "training"),
    "untrained.error": _error("the network before training", "training"),
    "mean.error": _error("the mean of the training targets", "training"),
    "network-vs-untrained.distance": _distance(_NETWORK, "itself before training", "training"),
    "network.accuracy": Quantity(
        "share of test points whose largest output is that of the right class", scale="linear",
        resolution=1e-9, stage="classes",
    ),
    "largest-stable-rate": _of(
        "2/λ₀, below which gradient descent on the network's linearisation is stable", "largest stable rate"
    ),
    "rate-over-stable": _of("the learning rate", "rate of gradient descent", "2/λ₀"),
    "rate-over-stable.after": _of(
        "the learning rate, by λ of the trained network", "rate of gradient descent", "2/λ"
    ),
    "kernel-change.sixteenth": _change("after a sixteenth of `steps`"),
    "kernel-change.quarter": _change("after a quarter of `steps`"),
    "kernel-change": _change("at the end"),
    "kernel-alignment.before": _of("yᵀΘy / (‖y‖²‖Θ‖) of the NTK before training, y centred", "kernel"),
    "kernel-alignment.after": _of("yᵀΘy / (‖y‖²‖Θ‖) of the NTK after training, y centred", "kernel"),
    "kernel.probes": Quantity(
        "random vectors that the kernel was multiplied with to estimate its norm and its change; 0: it was "
        "computed whole", scale="linear", resolution=1e-9, stage="kernel",
    ),
    "features-moved": _of(
        "‖Φ_t − Φ₀‖ / ‖Φ₀‖ of what enters the last layer at the training points, at the end", "features",
        "its norm before",
    ),
    "linearised.error": _error(_LINEARISED, "linearised"),
    "network-vs-linearised.distance": _distance(_NETWORK, _LINEARISED, "linearised"),
    "own-ntk.error": _error(_OWN, "own NTK"),
    "network-vs-own-ntk.distance": _distance(_NETWORK, _OWN, "own NTK"),
    "linearised-vs-own-ntk.distance": _distance(_LINEARISED, _OWN, "linearised beside own NTK"),
    "after-kernel.error": _error(_AFTER, "after-kernel"),
    "network-vs-after-kernel.distance": _distance(_NETWORK, _AFTER, "after-kernel"),
    "nearest-alternative.error": _error("the alternative that is nearest to the network", "alternatives"),
    "best-alternative.error": _error("the alternative with the lowest error", "alternatives"),
    "network-vs-nearest-alternative.distance": _distance(
        _NETWORK, "the nearest alternative (itself before training; regression given f₀ with RBF, Laplace "
        "and Matérn-3/2 kernels, and with that of what enters its last layer)", "alternatives",
    ),
}  # fmt: skip

ABOUT = {
    "model": "fully-connected, or package.module:function, which returns (init, apply): docs/own-network.md",
    "data": (
        "data set, or package.module:function, which returns (inputs [points, features], targets [points] or "
        "[points, outputs]), or these of the training points and then of the test points"
    ),
    "preprocess": ABOUT_PREPROCESS,
    "targets": f"{ABOUT_TARGETS}. Of squared loss",
    "train": "training points",
    "test": "test points",
    "loss": (
        "squared: the mean over points and outputs of (f − y)²; cross-entropy: the mean over points of "
        "−Σ y log softmax f, of targets that are classes or their shares"
    ),
    "optimizer": "a rule of optax, by the name of its function",
    "learning_rate": "0: 0.5 in units of 2/λ₀ for sgd without more said, else 0.001",
    "rate_unit": (
        "of the learning rate: absolute, as optax takes it; stable, 2/λ₀, at which gradient descent on the "
        "network's linearisation ceases to be stable. default: absolute where a rate is given"
    ),
    "momentum": "of sgd",
    "batch": "points in a batch; 0: all of them",
    "steps": "steps of training, at most; with batches whole epochs",
    "target_loss": "training ends once the loss is no higher; 0: it takes all steps",
    "kernel_by": (
        "jacobians: the training kernel is computed whole, in blocks of memory; products: it is multiplied "
        "with. auto: whole where (points · outputs)² · parameters is at most 2e12"
    ),
    "checkpoint": "describe a network whose parameters are the same for every key, which is not judged",
}


def rate_of(optimizer: str, rate: float, unit: str) -> tuple[float, str]:
    """A rate and its unit, after "default" is replaced."""
    if unit == "default":
        unit = "stable" if rate == 0 and optimizer == "sgd" else "absolute"
    return rate or (STABLE if unit == "stable" else ABSOLUTE), unit


def settle_network(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Replace "default" by what it stands for, in the data's preparation and in the rate."""
    at = parameters
    preprocess, targets = effective(*(str(at[name]) for name in ("data", "preprocess", "targets")))
    if at["loss"] == "cross-entropy":
        targets = "none"
    rate, unit = rate_of(str(at["optimizer"]), float(at["learning-rate"]), str(at["rate-unit"]))
    return {"preprocess": preprocess, "targets": targets, "learning-rate": rate, "rate-unit": unit}
