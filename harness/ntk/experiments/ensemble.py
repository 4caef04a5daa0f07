"""The experiment `ntk.ensemble`: many networks trained alike, and the Gaussian that infinite width predicts.

Predictions are for the networks' own number of steps unless they say otherwise:

    ntk            mean and variance if all layers are trained: Θ trains, K is the initial covariance
    nngp           mean and variance if only the last layer is trained: K trains
    posterior      that of the NNGP given the training targets: nngp after infinitely many steps
    prior          before training: mean 0, variance K

Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, experiment, stage
from harness.ntk.architecture import ABOUT as ABOUT_ARCHITECTURE
from harness.ntk.architecture import Activation, NegativeSlope
from harness.ntk.preparation import (
    ABOUT_PREPROCESS,
    ABOUT_TARGETS,
    DEFAULT,
    DISTANCE_UNIT,
    Data,
    Preprocess,
    TargetScaling,
    settle,
)

if TYPE_CHECKING:
    import numpy as np

    from harness.ntk.ensembles import Gaussian
    from harness.ntk.measures import ErrorRuler

RESOLUTION = 1e-6
"""Relative resolution. Training and solves are in float64; kernels are good to 1e-8."""

_GAUSSIANS = {
    "ntk": "the prediction where all layers are trained",
    "nngp": "the prediction where the last layer alone is trained",
    "posterior": "the NNGP's posterior",
}


def _quantity(text: str, unit: str, at: str) -> Quantity:
    return Quantity(text, unit=unit, resolution=RESOLUTION, stage=at)


def _stage_of(gaussian: str, stage: str) -> str:
    """The stage that a Gaussian needs. Only the posterior needs a kernel's inverse, which may not exist."""
    return "posterior" if gaussian == "posterior" else stage


_TARGETS, _SQUARED = DISTANCE_UNIT, "squared unit of the targets"
_MEAN, _VARIANCE = "mean over networks", "variance over networks, mean over test points"

QUANTITIES = {
    "initial-loss": _quantity("mean squared residual at first, mean over networks", _SQUARED, "training"),
    "final-loss": _quantity("mean squared residual after training, the largest of all", _SQUARED, "training"),
    "learning-rate": _quantity("learning rate on ½Σr²", "1/eigenvalue of the kernel that trains", "training"),
    "variance": _quantity(f"{_VARIANCE}, unbiased", _SQUARED, "variance"),
    "prior.variance": _quantity("variance untrained, NNGP, mean over test points", _SQUARED, "variance"),
    **{
        f"{name}.variance": _quantity(
            f"variance by {what}, mean over test points", _SQUARED, _stage_of(name, "variance")
        )
        for name, what in _GAUSSIANS.items()
    },
    **{
        f"mean-vs-{name}.distance": _quantity(
            f"root mean square difference on the test points between the {_MEAN} and the mean of {what}",
            _TARGETS,
            _stage_of(name, "mean"),
        )
        for name, what in _GAUSSIANS.items()
    },
    "mean-vs-zero.distance": _quantity(f"root mean square of the {_MEAN}, test points", _TARGETS, "mean"),
}

ABOUT = {
    "data": "data set, or package.module:function, as in ntk.regression",
    "preprocess": ABOUT_PREPROCESS,
    "targets": ABOUT_TARGETS,
    "train": "training points",
    "test": "test points",
    "hidden": "hidden layers",
    "width": "units in each hidden layer",
    "networks": "networks in the ensemble",
    "activation": ABOUT_ARCHITECTURE["activation"],
    "negative_slope": ABOUT_ARCHITECTURE["negative_slope"],
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "layers": "which are trained: all, or the last alone",
    "learning_rate": "in units of 2/λ_max of the kernel that trains, analytic or of any network, the largest",
    "steps": "steps of gradient descent",
}


@experiment(
    "ntk.ensemble",
    version=3,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def ensemble(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    train: Annotated[int, Meta(ge=2, le=8192)] = 16,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 100,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    networks: Annotated[int, Meta(ge=2, le=65_536)] = 64,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    layers: Literal["all", "last"] = "all",
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.25,
    steps: Annotated[int, Meta(ge=2, le=1_000_000)] = 300,
) -> dict[str, float]:
    """Train an ensemble, and compare its mean and variance with those of infinitely wide networks.

    Lee et al. 2019 (arXiv:1902.06720): trained wide networks are draws from a Gaussian process. It is the
    NNGP posterior if only the last layer is trained, and is not a posterior if all layers are. Training is
    full-batch gradient descent on ½Σr², in NTK parameterization. All networks have the same rate and number
    of steps.
    """
    import jax.numpy as jnp
    import numpy as np

    from harness.ntk import ensembles, kernels, measures, solve
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.dynamics import require_fallen
    from harness.ntk.train import network_keys

    measured: dict[str, float] = {}
    architecture = Architecture(hidden, width, activation, w_std, b_std, negative_slope=negative_slope)
    with stage("data") as data_stage:
        points = split(data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets)
        data_stage.fixed = points.own_split
    x, y, ruler = jnp.asarray(points.x_train), points.y_train, measures.error_ruler(points)

    with stage("kernels") as factored:
        covariance, ntk = kernels.nngp_ntk(architecture, np.concatenate([points.x_train, points.x_test]))
        trains = {"ntk": ntk, "nngp": covariance}
        solvers = {name: solve.factor(name.upper(), k[:train, :train]) for name, k in trains.items()}
    if not factored.ok:  # without them there is no rate
        return measured

    with stage("training") as trained:
        keys = network_keys(seed, networks)
        own = ensembles.largest_eigenvalues(keys, architecture, x, layers)
        largest = max(float(jnp.max(own)), solvers["ntk" if layers == "all" else "nngp"].largest)
        rate = learning_rate * 2 / largest
        problem = (x, jnp.asarray(y), jnp.asarray(points.x_test), jnp.asarray(rate))
        ends = ensembles.train_ensemble(keys, architecture, *problem, steps, layers)
        f_test, initial, losses = (np.asarray(part) for part in ends)
        for number, (before, after) in enumerate(zip(initial, losses, strict=True)):
            require_fallen(f"network {number}", float(before), float(after), steps)
        measured["initial-loss"], measured["final-loss"] = float(initial.mean()), float(losses.max())
        measured["learning-rate"] = rate
    if not trained.ok:
        return measured

    predictions = {
        name: ensembles.predicted(solvers[name], kernel[train:, :train], covariance, y, steps, rate)
        for name, kernel in trains.items()
    }
    measured |= _compare(f_test, predictions, covariance, ruler)
    with stage("posterior"):
        limit = ensembles.posterior(solvers["nngp"], covariance, y)
        measured["mean-vs-posterior.distance"] = ruler.distance(f_test.mean(axis=0), limit.mean)
        measured["posterior.variance"] = float(limit.variance.mean())
    return measured


def _compare(
    f_test: np.ndarray, predictions: Mapping[str, Gaussian], covariance: np.ndarray, ruler: ErrorRuler
) -> dict[str, float]:
    """Compare the mean and variance of the networks, one row each, with those predicted."""
    import numpy as np

    measured: dict[str, float] = {}
    test, mean = f_test.shape[1], f_test.mean(axis=0)
    with stage("mean"):
        measured["mean-vs-zero.distance"] = ruler.distance(mean, np.zeros(test))
        for name, gaussian in predictions.items():
            measured[f"mean-vs-{name}.distance"] = ruler.distance(mean, gaussian.mean)
    with stage("variance"):
        measured["variance"] = float(np.var(f_test, axis=0, ddof=1).mean())
        measured["prior.variance"] = float(np.diag(covariance)[-test:].mean())
        for name, gaussian in predictions.items():
            measured[f"{name}.variance"] = float(gaussian.variance.mean())
    return measured
