"""The experiment `ntk.depth-width`: how much the NTK of networks that are as deep as they are wide varies.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, experiment, stage

_DRAWN = "networks"
_THEORY = "theory"


def _computed(about: str) -> Quantity:
    return Quantity(about, stage=_THEORY, deterministic=True)


@experiment(
    "ntk.depth-width",
    version=1,
    quantities={
        "second-moment": Quantity("E[Θ(x,x)²] / E[Θ(x,x)]² over networks", resolution=1e-12, stage=_DRAWN),
        "predicted.second-moment": _computed("the same by a formula, to first order in 1/width a layer"),
        "exponential.second-moment": _computed("e^(5β), β = hidden/width"),
        "rate": _computed("the slope of the formula's logarithm on β between hidden/2 and hidden layers"),
    },
    about={
        "hidden": "hidden layers",
        "width": "units of each hidden layer",
        "inputs": "coordinates of the input",
        "networks": "drawn in a trial",
    },
    precision="float64",
)
def depth_width(
    *,
    seed: int,
    stages: frozenset[str],
    hidden: Annotated[int, Meta(ge=2, le=65_536)] = 4,
    width: Annotated[int, Meta(ge=1, le=4096)] = 32,
    inputs: Annotated[int, Meta(ge=1, le=4096)] = 10,
    networks: Annotated[int, Meta(ge=16, le=1_000_000)] = 2048,
) -> dict[str, float]:
    """Draw ReLU networks without biases, weights of variance 2/fan-in, and compute Θ(x,x) of each.

    There is one input; the seed draws the networks. Means of Θ² have heavy tails: they need the more networks
    the larger hidden/width is; 2,048 do up to ¼.
    """
    import math

    import numpy as np

    from harness.ntk.depth_width import drawn_ntk, ntk_second_moment, rate

    measured: dict[str, float] = {}
    if _DRAWN in stages:
        with stage(_DRAWN):
            ntk = drawn_ntk(hidden, width, inputs, networks, np.random.default_rng(seed))
            measured["second-moment"] = float(np.mean(ntk**2) / np.mean(ntk) ** 2)
    if _THEORY in stages:
        with stage(_THEORY):
            measured |= {
                "predicted.second-moment": ntk_second_moment(hidden, width),
                "exponential.second-moment": math.exp(min(5 * hidden / width, 700.0)),
                "rate": rate(hidden, width),
            }
    return measured
