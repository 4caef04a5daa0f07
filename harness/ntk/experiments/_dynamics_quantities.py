"""What `ntk.dynamics` declares: its quantities, and a line about each parameter."""

from __future__ import annotations

from harness.declare import Quantity
from harness.ntk.architecture import ABOUT as ABOUT_ARCHITECTURE
from harness.ntk.preparation import ABOUT_PREPROCESS, ABOUT_TARGETS, DISTANCE_UNIT

RESOLUTION = 1e-6
"""Relative resolution. Training and solves are in float64. Closed-form kernels carry errors of 1e-8 near the
diagonal (`extremes.NOT_A_KERNEL`), in distances of 1e-2 and more."""

ROUNDING = 2.0
"""Resolution of a distance that should be 0, on a logarithmic scale: a factor of e² between two values is
still only rounding."""

_GREATEST = ", the greatest over the recorded times"


def _distance(a: str, b: str, at: str, resolution: float = RESOLUTION) -> Quantity:
    text = f"root mean square difference on the test points between {a} and {b}{_GREATEST}"
    return Quantity(text, unit=DISTANCE_UNIT, resolution=resolution, stage=at)


def _residual(when: str) -> Quantity:
    return Quantity(
        f"mean squared residual {when}",
        unit="squared unit of the targets",
        resolution=RESOLUTION,
        stage="training",
    )


def _moved(text: str) -> Quantity:
    return Quantity(text + _GREATEST, unit="its norm before", resolution=RESOLUTION, stage="training")


def _loss(kernel: str) -> Quantity:
    return Quantity(
        f"how far ‖f(X) − y‖ is from what {kernel} predicts from the same start{_GREATEST}",
        unit="‖f₀(X) − y‖",
        resolution=RESOLUTION,
        stage="infinite width",
    )


def _rates(kernel: str) -> Quantity:
    return Quantity(
        f"median over eigenmodes of {kernel} of |measured rate of decay / that by its eigenvalue − 1|, from "
        "the steps in which the mode should fall to 1/e",
        resolution=RESOLUTION,
        stage="infinite width",
    )


_NETWORK, _LINEARISED = "the network", "its linearisation"
_INFINITE = "the analytic NTK's prediction given f₀"
_NNGP = "the NNGP, scaled to the trace of the NTK"

QUANTITIES = {
    "initial-loss": _residual("at the start"),
    "final-loss": _residual("at the end"),
    "learning-rate": Quantity(
        "learning rate on ½Σr²", unit="1/NTK eigenvalue", resolution=RESOLUTION, stage="training"
    ),
    "network-vs-untrained.distance": Quantity(
        "root mean square difference on the test points between the trained network and its initial function",
        unit=DISTANCE_UNIT,
        resolution=RESOLUTION,
        stage="training",
    ),
    "weights-moved": _moved("‖W_t − W₀‖ / ‖W₀‖ of all layers' weights together, without biases"),
    "input-weights-moved": _moved("‖W_t − W₀‖ / ‖W₀‖ of the first layer's weights"),
    "output-weights-moved": _moved("‖W_t − W₀‖ / ‖W₀‖ of the output layer's weights"),
    "features-moved": _moved("‖a_t − a₀‖ / ‖a₀‖ of the last hidden activations at the training points"),
    "kernel-drift": _moved(
        "‖Θ_t − Θ₀‖ / ‖Θ₀‖ of the network's own NTK of the trained layers on the training points"
    ),
    "linearised-vs-closed-form.distance": _distance(
        _LINEARISED, "its closed-form solution by the network's own NTK", "linearised", ROUNDING
    ),
    "linearised-vs-infinite.distance": _distance(_LINEARISED, _INFINITE, "linearised"),
    "network-vs-linearised.distance": _distance(_NETWORK, _LINEARISED, "linearised"),
    "network-vs-infinite.distance": _distance(_NETWORK, _INFINITE, "infinite width"),
    "network-vs-nngp.distance": _distance(_NETWORK, f"the prediction given f₀ of {_NNGP}", "infinite width"),
    "network-vs-all-layers.distance": _distance(
        _NETWORK,
        "the prediction given f₀ of all layers' NTK, scaled to the trace of the trained layers'",
        "infinite width",
    ),
    "loss-vs-infinite.distance": _loss("the analytic NTK"),
    "loss-vs-nngp.distance": _loss(_NNGP),
    "mode-rates-vs-infinite.distance": _rates("the analytic NTK"),
    "mode-rates-vs-nngp.distance": _rates(_NNGP),
}

ABOUT = {
    "data": "data set, or package.module:function, as in ntk.regression",
    "preprocess": ABOUT_PREPROCESS,
    "targets": ABOUT_TARGETS,
    "train": "training points",
    "test": "test points",
    "hidden": "hidden layers",
    "width": "units in each hidden layer",
    **ABOUT_ARCHITECTURE,
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "scaling": "of the output: ntk, as it is; mean-field, times √(base_width/width)",
    "base_width": "width at which both scalings are one; the smaller, the further from lazy is mean-field",
    "centred": "train f − f₀ in place of f, so that the initial function does not enter",
    "layers": "which are trained: all, the first, the hidden ones (all but the last), or the last alone",
    "learning_rate": "in units of 2/λ_max, of the analytic or the network's NTK, the larger",
    "steps": "steps of gradient descent; eight times, evenly spaced in their logarithm, are recorded",
}
