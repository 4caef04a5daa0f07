"""The experiment `ntk.depth-width`: how the NTK of networks as deep as wide varies and moves.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, experiment, stage

_DRAWN, _STEPPED = "networks", "first step"
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
        "first-step": Quantity(
            "E[f ∇f·∇Θ] / (E[f²] E[Θ]) over networks: by how much of itself a step of gradient descent on "
            "½f² changes Θ(x,x), over its learning rate and f²",
            resolution=1e-12,
            stage=_STEPPED,
        ),
        "predicted.first-step": _computed("the same by a formula"),
        "linear.first-step": _computed("its limit for small β, 4/3 (hidden + 2) β"),
        "exponential.first-step": _computed("that times e^(5β)"),
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
    """Draw ReLU networks without biases, and compute Θ(x,x) and how much the first step changes it.

    Weights have variance 2/fan-in. There is one input; the seed draws the networks. Means of Θ² have heavy
    tails, so a larger hidden/width needs more networks. 2,048 networks suffice up to hidden/width = ¼.
    """
    import math

    import numpy as np

    from harness.ntk.depth_width import drawn_ntk, ntk_second_moment, rate
    from harness.ntk.first_step import drawn_first_step, first_step, first_step_without_growth

    measured: dict[str, float] = {}
    if _DRAWN in stages:
        with stage(_DRAWN):
            ntk = drawn_ntk(hidden, width, inputs, networks, np.random.default_rng(seed))
            measured["second-moment"] = float(np.mean(ntk**2) / np.mean(ntk) ** 2)
    if _STEPPED in stages:
        with stage(_STEPPED):
            rng = np.random.default_rng([seed, 1])
            measured["first-step"] = drawn_first_step(hidden, width, inputs, networks, rng)
    if _THEORY in stages:
        with stage(_THEORY):
            without_growth = first_step_without_growth(hidden, width)
            measured |= {
                "predicted.second-moment": ntk_second_moment(hidden, width),
                "exponential.second-moment": math.exp(min(5 * hidden / width, 700.0)),
                "predicted.first-step": first_step(hidden, width),
                "linear.first-step": without_growth,
                "exponential.first-step": without_growth * math.exp(min(5 * hidden / width, 600.0)),
                "rate": rate(hidden, width),
            }
    return measured
