"""The experiment `ntk.random-networks`: compares random networks of any model with its analytic kernels.

A trial draws `networks` initialisations. It compares their own kernels with the model's analytic ones, and
with those of the network without the model's component. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage
from harness.ntk.preparation import ABOUT_PREPROCESS, DEFAULT, Data, Preprocess, TargetScaling, settle

RESOLUTION = 1e-6
"""Relative resolution: parameters are drawn in float32."""

_KINDS = {"nngp": "NNGP", "ntk": "NTK"}


def _quantities() -> dict[str, Quantity]:
    declared = {}
    for kind, name in _KINDS.items():
        for control, about, at in (
            ("", f"the analytic {name}", "distances"),
            ("-vs-without", f"that of the network without its component, of the trace of the analytic {name}",
             "component"),
        ):  # fmt: skip
            declared[f"{kind}{control}.distance"] = Quantity(
                f"‖A − B‖ / ‖B‖ (Frobenius) at the points: A a network's own {name}, B {about}; geometric "
                "mean over networks",
                unit="norm of B", resolution=RESOLUTION, stage=at,
            )  # fmt: skip
        declared[f"{kind}.mean-distance"] = Quantity(
            f"‖A − B‖ / ‖B‖ (Frobenius) at the points: A the mean of the networks' own {name}, B the "
            f"analytic {name}",
            unit="norm of B", resolution=RESOLUTION, stage="distances",
        )  # fmt: skip
    return declared


@experiment(
    "ntk.random-networks",
    version=1,
    quantities=_quantities(),
    about={
        "model": "a model of the package, or package.module:function",
        "data": "data set, or package.module:function, as in ntk.regression: training inputs are the points",
        "preprocess": ABOUT_PREPROCESS,
        "targets": "of targets, as in ntk.regression; nothing here depends on them",
        "points": "points at which kernels are compared",
        "networks": "initialisations per seed",
    },
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def random_networks_experiment(
    *,
    seed: int,
    model: str = "residual",
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    points: Annotated[int, Meta(ge=2, le=8192)] = 8,
    networks: Annotated[int, Meta(ge=1, le=65_536)] = 4,
    **of_model: Value,
) -> dict[str, float]:
    """Draw random networks of a model, and compare their kernels with those of infinite width.

    Yang 2020 (arXiv:2006.14548): the NTK of any architecture becomes deterministic, and the usual formulas
    give it if the read-out is independent with mean 0. A network's own NNGP is the covariance of its outputs
    given all layers except the output layer.
    """
    import numpy as np

    from harness.ntk.component_model import kernels_without
    from harness.ntk.data import inputs
    from harness.ntk.measures import geometric_mean
    from harness.ntk.named_models import build
    from harness.ntk.random_networks import relative_distance
    from harness.ntk.sampled_kernels import own_kernels_of

    built = build(model, of_model)
    with stage("data") as data_stage:
        x, data_stage.fixed = inputs(data, points=points, seed=seed, preprocess=preprocess)
    own = dict(zip(_KINDS, own_kernels_of(built, x, networks=networks, seed=seed), strict=True))
    measured: dict[str, float] = {}
    with stage("distances"):
        exact = dict(zip(_KINDS, built.analytic(x), strict=True))
        for kind in _KINDS:
            measured[f"{kind}.distance"] = geometric_mean(relative_distance(own[kind], exact[kind]))
            mean = own[kind].mean(axis=0)
            measured[f"{kind}.mean-distance"] = float(relative_distance(mean, exact[kind]))
    with stage("component"):
        exact = dict(zip(_KINDS, built.analytic(x), strict=True))
        for kind, control in zip(_KINDS, kernels_without(built, x), strict=True):
            scaled = float(np.trace(exact[kind]) / np.trace(control)) * control
            measured[f"{kind}-vs-without.distance"] = geometric_mean(relative_distance(own[kind], scaled))
    return measured
