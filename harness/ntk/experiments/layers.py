"""The experiment `ntk.layers`: the kernels of some layers only, at finite and at infinite width.

A trial draws `networks` initialisations and compares their kernels at the same points with those of infinite
width (`harness.ntk.layers`). Importing this module imports no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, covered_if_installed, experiment, stage
from harness.ntk.preparation import ABOUT_PREPROCESS, DEFAULT, Data, Preprocess, TargetScaling, settle

if TYPE_CHECKING:
    from harness.ntk.architecture import Architecture
    from harness.ntk.network import Params

RESOLUTION = 1e-6
"""Relative resolution of distances of 1e-2 and more. neural-tangents' ReLU kernels carry errors of 1e-8 near
the diagonal."""

ROUNDING = 2.0
"""Resolution of a distance that should be 0, on a logarithmic scale: a factor of e² between two values is
still only rounding."""

NARROW = 64
"""The greatest width of networks whose Jacobians are computed. The partial sums add up at any width, and a
Jacobian is costly."""


def _distance(about: str, at: str, resolution: float = RESOLUTION) -> Quantity:
    text = f"‖A − B‖ / ‖B‖ (Frobenius) at the points: {about}"
    return Quantity(text, scale="linear", unit="norm of B", resolution=resolution, stage=at)


def _between(about: str) -> Quantity:
    text = f"‖A − B‖ / ‖B‖ (Frobenius) at the points: A {about}, geometric mean over networks"
    return Quantity(text, unit="norm of B", resolution=RESOLUTION, stage="widths")


_LESS = "the sum of all terms but the one of the smallest trace"

QUANTITIES = {
    "sum.distance": _distance(
        "A the sum of the layers' terms at infinite width, B the NTK by neural-tangents", "sums", ROUNDING
    ),
    "sum-but-the-least.distance": _distance(f"A {_LESS}, B the NTK", "sums"),
    "last-vs-nngp.distance": _distance(
        "A the output layer's term at infinite width, B the NNGP by neural-tangents", "sums", ROUNDING
    ),
    "scaled-ntk-vs-nngp.distance": _distance("A the NTK scaled to the trace of B, B the NNGP", "sums"),
    "own-sum.distance": _distance(
        "A the sum of the layers' terms of a network, of a width of 64 at most, B its NTK from Jacobians, "
        "the largest of all networks",
        "networks' sums",
        ROUNDING,
    ),
    "own-sum-but-the-least.distance": _distance(
        f"A {_LESS}, B a network's NTK from Jacobians, the smallest of all networks", "networks' sums"
    ),
    "kernel.distance": _between("a network's own kernel of `layers`, B the same of infinite width"),
    "kernel-vs-scaled-ntk.distance": _between(
        "a network's own kernel of `layers`, B the analytic NTK of all layers, scaled to the trace of that "
        "of `layers`"
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
    "activation": "max(x, 0), erf(x), x Φ(x), or none",
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "layers": "whose parameters count: all, the first, the hidden ones (all but the last), or the last alone",
}


@experiment(
    "ntk.layers",
    version=2,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def layers_experiment(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    points: Annotated[int, Meta(ge=2, le=8192)] = 16,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 256,
    networks: Annotated[int, Meta(ge=1, le=65_536)] = 4,
    activation: Literal["relu", "erf", "gelu", "identity"] = "relu",
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    layers: Literal["all", "first", "hidden", "last"] = "all",
) -> dict[str, float]:
    """Compare the kernels of some layers with partial sums of the NTK, at initialisation.

    The NTK is a sum over parameters by definition (Jacot et al. 2018 arXiv:1806.07572), so the NTK of the
    trained layers is a partial sum. Networks have NTK parameterization.
    """
    from dataclasses import replace

    import numpy as np

    from harness.ntk import layers as parts
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import inputs
    from harness.ntk.empirical import float64_ntk
    from harness.ntk.jacobian import jacobian_ntk
    from harness.ntk.measures import geometric_mean
    from harness.ntk.network import apply
    from harness.ntk.random_networks import relative_distance

    measured: dict[str, float] = {}
    architecture = Architecture(hidden, width, activation, w_std, b_std)
    with stage("data") as data_stage:
        x, data_stage.fixed = inputs(data, points=points, seed=seed, preprocess=preprocess)
    terms = parts.layer_terms(architecture, x)

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(relative_distance(a, b))

    with stage("sums"):
        with covered_if_installed():
            from harness.ntk import stax_kernels

            nngp, ntk = stax_kernels.nngp_ntk(architecture, x)
        scaled = float(np.trace(nngp) / np.trace(ntk)) * ntk
        measured |= {
            "sum.distance": apart(terms.sum(axis=0), ntk),
            "sum-but-the-least.distance": apart(parts.sum_but_the_least(terms), ntk),
            "last-vs-nngp.distance": apart(terms[-1], nngp),
            "scaled-ntk-vs-nngp.distance": apart(scaled, nngp),
        }

    with stage("networks' sums"):
        narrow, whole, but_one = replace(architecture, width=min(width, NARROW)), [], []
        for params in _drawn(narrow, x.shape[1], seed, networks):
            exact = jacobian_ntk(lambda p, points: apply(p, narrow, points), params, x)
            own = np.stack([float64_ntk(params, narrow, x, None, (each,)) for each in range(hidden + 1)])
            whole.append(apart(own.sum(axis=0), exact))
            but_one.append(apart(parts.sum_but_the_least(own), exact))
        measured["own-sum.distance"] = max(whole)
        measured["own-sum-but-the-least.distance"] = min(but_one)

    with stage("widths"):
        numbers = parts.numbers_of(layers, hidden)
        analytic = terms[list(numbers)].sum(axis=0)
        own_kernels = np.stack(
            [
                float64_ntk(params, architecture, x, None, numbers)
                for params in _drawn(architecture, x.shape[1], seed, networks)
            ]
        )
        all_layers = terms.sum(axis=0)
        control = float(np.trace(analytic) / np.trace(all_layers)) * all_layers
        measured["kernel.distance"] = geometric_mean(relative_distance(own_kernels, analytic))
        measured["kernel-vs-scaled-ntk.distance"] = geometric_mean(relative_distance(own_kernels, control))
    return measured


def _drawn(architecture: Architecture, inputs: int, seed: int, networks: int) -> list[Params]:
    """The initialisations of a trial, in float64."""
    from harness.ntk import network
    from harness.ntk.train import network_key

    keys = [network_key(seed, number) for number in range(networks)]
    return [network.in_float64(network.init(key, architecture, inputs)) for key in keys]
