"""The experiment `ntk.initialisation`: compares random networks of a given width with infinitely wide ones.

A trial draws `networks` initialisations. It compares each network's own NNGP and NTK, their means, and the
outputs with the analytic kernels, all at the same points. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, covered_if_installed, experiment, stage
from harness.ntk.architecture import ABOUT as ABOUT_ARCHITECTURE
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.preparation import ABOUT_PREPROCESS, DEFAULT, Data, Preprocess, TargetScaling, settle

RESOLUTION = 1e-6
"""Relative resolution. In distances of 1e-2 and more, neural-tangents' ReLU kernels carry errors of 1e-8 near
the diagonal, and the harness's own closed form errors of 1e-15."""


def _distance(about: str) -> Quantity:
    return Quantity(
        f"‖A − B‖ / ‖B‖ (Frobenius) at the points: {about}",
        unit="norm of B",
        resolution=RESOLUTION,
        stage="distances",
    )


_OWN = "a network's own {}, B the analytic {}, geometric mean over networks"
_MEAN = "A the mean over networks of their own {}, B the analytic {}"

_SCALED = "{}, the wrong one, scaled to the trace of the {}"

QUANTITIES = {
    "nngp.distance": _distance("A " + _OWN.format("NNGP", "NNGP")),
    "ntk.distance": _distance("A " + _OWN.format("NTK", "NTK")),
    "nngp-vs-ntk.distance": _distance("A " + _OWN.format("NNGP", "NTK, the wrong one")),
    "ntk-vs-nngp.distance": _distance("A " + _OWN.format("NTK", "NNGP, the wrong one")),
    "ntk-vs-scaled-nngp.distance": _distance("A " + _OWN.format("NTK", _SCALED.format("NNGP", "NTK"))),
    "mean-nngp.distance": _distance(_MEAN.format("NNGP", "NNGP")),
    "mean-ntk.distance": _distance(_MEAN.format("NTK", "NTK")),
    "mean-nngp-vs-ntk.distance": _distance(_MEAN.format("NNGP", "NTK, the wrong one")),
    "mean-ntk-vs-nngp.distance": _distance(_MEAN.format("NTK", "NNGP, the wrong one")),
    "mean-nngp-vs-scaled-ntk.distance": _distance(_MEAN.format("NNGP", _SCALED.format("NTK", "NNGP"))),
    "mean-ntk-vs-scaled-nngp.distance": _distance(_MEAN.format("NTK", _SCALED.format("NNGP", "NTK"))),
    "outputs.distance": _distance("A the outputs' second moment over networks, B the analytic NNGP"),
    "outputs-vs-ntk.distance": _distance(
        "A the outputs' second moment over networks, B the analytic NTK, the wrong one"
    ),
    "outputs-vs-scaled-ntk.distance": _distance(
        "A the outputs' second moment over networks, B the analytic " + _SCALED.format("NTK", "NNGP")
    ),
    "ntk.relative-variance": Quantity(
        "Var Θ(x,x) / (E Θ(x,x))² over networks, mean over points", resolution=RESOLUTION, stage="variances"
    ),
    "nngp.relative-variance": Quantity(
        "Var q / (E q)² over networks of the own NNGP's diagonal q, mean over points",
        resolution=RESOLUTION,
        stage="variances",
    ),
    "outputs.excess-kurtosis": Quantity(
        "3 Var q / (E q)², q the own NNGP's diagonal: the excess kurtosis of the outputs, which are Gaussian "
        "with variance q given the hidden layers; mean over points",
        resolution=RESOLUTION,
        stage="variances",
    ),
}

ABOUT = {
    "data": "data set, or package.module:function, as in ntk.regression: its training inputs are the points",
    "preprocess": ABOUT_PREPROCESS,
    "targets": "of targets, as in ntk.regression; nothing here depends on them",
    "points": "points at which kernels are compared",
    "hidden": "hidden layers",
    "width": "units in each hidden layer",
    "networks": "initialisations per seed",
    **ABOUT_ARCHITECTURE,
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "reference": "where the analytic kernels come from; closed-form is our own, and needs no neural-tangents",
}


@experiment(
    "ntk.initialisation",
    version=3,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def initialisation(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    points: Annotated[int, Meta(ge=2, le=8192)] = 16,
    hidden: Annotated[int, Meta(ge=1, le=1024)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    networks: Annotated[int, Meta(ge=2, le=65_536)] = 32,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
    reference: Literal["closed-form", "neural-tangents"] = "closed-form",
) -> dict[str, float]:
    """Draw random networks, and compare their kernels and outputs with those of infinite width.

    Lee et al. 2018 (arXiv:1711.00165) and Matthews et al. 2018 (arXiv:1804.11271): outputs become Gaussian
    with the NNGP covariance. Jacot et al. 2018 (arXiv:1806.07572): the NTK becomes deterministic. Hanin &
    Nica 2019 (arXiv:1909.05989): depth/width governs its relative variance. Networks have NTK
    parameterization.
    """
    import numpy as np

    from harness.ntk import kernels
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import inputs
    from harness.ntk.measures import geometric_mean

    with covered_if_installed():
        from harness.ntk import random_networks
        from harness.ntk.random_networks import relative_distance

    measured: dict[str, float] = {}
    architecture = Architecture(
        hidden, width, activation, w_std, b_std,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    with stage("data") as data_stage:
        x, data_stage.fixed = inputs(data, points=points, seed=seed, preprocess=preprocess)
    if reference == "neural-tangents":
        with covered_if_installed():
            from harness.ntk import stax_kernels

            nngp, ntk = stax_kernels.nngp_ntk(architecture, x)
    else:
        nngp, ntk = kernels.nngp_ntk(architecture, x)
    draws = random_networks.draw(seed, networks, architecture, x)

    with stage("distances"):
        stacks = {
            "nngp": (draws.nngp, nngp),
            "ntk": (draws.ntk, ntk),
            "nngp-vs-ntk": (draws.nngp, ntk),
            "ntk-vs-nngp": (draws.ntk, nngp),
        }
        for name, (own, exact) in stacks.items():
            measured[f"{name}.distance"] = geometric_mean(relative_distance(own, exact))
            measured[f"mean-{name}.distance"] = float(relative_distance(own.mean(axis=0), exact))
        ratio = float(np.trace(ntk) / np.trace(nngp))
        for name, own, matched in (
            ("mean-nngp-vs-scaled-ntk", draws.nngp, ntk / ratio),
            ("mean-ntk-vs-scaled-nngp", draws.ntk, ratio * nngp),
        ):
            measured[f"{name}.distance"] = float(relative_distance(own.mean(axis=0), matched))
        scaled = relative_distance(draws.ntk, ratio * nngp)
        measured["ntk-vs-scaled-nngp.distance"] = geometric_mean(scaled)
        moment = random_networks.second_moment(draws.outputs)
        measured["outputs.distance"] = float(relative_distance(moment, nngp))
        measured["outputs-vs-ntk.distance"] = float(relative_distance(moment, ntk))
        measured["outputs-vs-scaled-ntk.distance"] = float(relative_distance(moment, ntk / ratio))

    with stage("variances"):
        measured |= {
            "ntk.relative-variance": random_networks.relative_variance(draws.ntk),
            "nngp.relative-variance": random_networks.relative_variance(draws.nngp),
            "outputs.excess-kurtosis": random_networks.excess_kurtosis(draws.nngp),
        }
    return measured
