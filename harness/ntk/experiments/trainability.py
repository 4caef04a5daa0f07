"""The experiment `ntk.trainability`: how fast deep networks train, beside the condition of their kernels.

Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage

_NETWORK, _NTK, _NNGP = "network", "ntk", "nngp"
_RESOLUTION = 1e-4
"""Relative resolution: networks are trained in float32."""
_PACE = "ln 2 over the steps in which half of the residual goes"

QUANTITIES = {
    "network.loss-left": Quantity(
        "mean squared residual of a centred network after all steps, in that at first",
        resolution=_RESOLUTION, stage=_NETWORK,
    ),
    "network.pace": Quantity(
        f"{_PACE}, scaled to the rate of the NTK's λ_max", unit="a step", resolution=_RESOLUTION,
        stage=_NETWORK,
    ),
    "ntk.loss-left": Quantity("the same by the NTK", stage=_NTK, deterministic=True),
    "ntk.pace": Quantity(f"{_PACE}, by the NTK", unit="a step", stage=_NTK, deterministic=True),
    "nngp.pace": Quantity(f"{_PACE}, by the NNGP", unit="a step", stage=_NNGP, deterministic=True),
}  # fmt: skip


@experiment(
    "ntk.trainability",
    version=1,
    quantities=QUANTITIES,
    about={
        "model": "the network: a model, or package.module:function",
        "points": "inputs, the corners of a polygon on a circle of radius √2",
        "learning_rate": "of gradient descent on ½Σr², in units of 2/λ_max",
        "steps": "of gradient descent, all of which are taken",
    },
    precision="float32 networks, float64 kernels",
)
def trainability(
    *,
    seed: int,
    stages: frozenset[str],
    model: str = "fully-connected",
    points: Annotated[int, Meta(ge=3, le=1024)] = 8,
    learning_rate: Annotated[float, Meta(gt=0, lt=1)] = 0.5,
    steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 300,
    **of_model: Value,
) -> dict[str, float]:
    """Train a network on one wave around a polygon of inputs, and measure how much of it remains.

    Xiao et al. 2020 (arXiv:1912.13053) and Schoenholz et al. 2017 (arXiv:1611.01232): deep networks do not
    train in the ordered phase, because the steps that they need grow with the condition number of their
    kernel. The labels, √2 cos φ, have mean 0 and are an eigenvector of the infinitely wide network's kernel.
    """
    from harness.ntk.training_pace import PolygonTraining

    made = PolygonTraining(model, of_model, points, learning_rate, steps)
    measured: dict[str, float] = {}
    if _NETWORK in stages:
        with stage(_NETWORK):
            left, pace = made.network(seed)
            measured |= {"network.loss-left": left, "network.pace": pace}
    if _NTK in stages:
        with stage(_NTK):
            measured |= {"ntk.loss-left": made.left_by_ntk(), "ntk.pace": made.pace_of("ntk")}
    if _NNGP in stages:
        with stage(_NNGP):
            measured["nngp.pace"] = made.pace_of("nngp")
    return measured
