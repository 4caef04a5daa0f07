"""The experiment `ntk.learnability`: how much of each function on a finite domain trained networks learn.

Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage

LEVELS = (1, 2)
"""The levels whose learnabilities are measured: on the hypercube, functions of degree 1 and 2."""
_RESOLUTION = 1e-4
"""Relative resolution: networks are trained in float32, to a residual of 1e-2."""

_NETWORK, _THEORY = "networks", "theory"
_LEARNED = "mean learnability ⟨φ, f̂⟩ / ⟨φ, φ⟩ of the functions of level"

QUANTITIES = {
    "network.learnability-sum": Quantity(
        "Σ learnability over a complete basis, one network trained for each function, over n",
        resolution=_RESOLUTION, stage=_NETWORK,
    ),
    "network.learnability-distance": Quantity(
        "the largest difference, over levels, of the networks' mean learnability to that of regression with "
        "their NTK on the same points",
        "linear", resolution=_RESOLUTION, stage=_NETWORK,
    ),
    "network.learnability-distance-to-nngp": Quantity(
        "the same to regression with the NNGP", "linear", resolution=_RESOLUTION, stage=_NETWORK
    ),
    **{
        f"network.learnability-of-level-{level}": Quantity(
            f"{_LEARNED} {level}: networks", "linear", resolution=_RESOLUTION, stage=_NETWORK
        )
        for level in LEVELS
    },
    **{
        f"{kernel}.learnability-of-level-{level}": Quantity(
            f"{_LEARNED} {level}: λ/(λ + κ) of the {kernel.upper()}", "linear", stage=_THEORY,
            deterministic=True,
        )
        for kernel in ("ntk", "nngp")
        for level in LEVELS
    },
    "one": Quantity("1, which nothing changes", stage=_THEORY, deterministic=True),
    "one-point-more": Quantity(
        "1 + 1/n: what the sum would be of one training point more", stage=_THEORY, deterministic=True
    ),
}  # fmt: skip


@experiment(
    "ntk.learnability",
    version=2,
    quantities=QUANTITIES,
    about={
        "model": "the network: a model, or package.module:function",
        "geometry": "the domain: `points` points on a circle of radius √2, or the 2^inputs points of "
        "{−1, 1}^inputs",
        "inputs": "features of a point, of the hypercube",
        "points": "points of the circle",
        "train": "training points, n, drawn from the domain without replacement",
        "learning_rate": "of gradient descent on ½Σr², in units of 2/λ_max",
        "target_loss": "mean squared residual at which training stops; functions have a mean square of 1",
        "max_steps": "steps within which it must",
    },
    precision="float32 networks, float64 kernels",
)
def learnability(
    *,
    seed: int,
    stages: frozenset[str],
    model: str = "fully-connected",
    geometry: Literal["circle", "hypercube"] = "hypercube",
    inputs: Annotated[int, Meta(ge=2, le=12)] = 5,
    points: Annotated[int, Meta(ge=3, le=4096)] = 32,
    train: Annotated[int, Meta(ge=2, le=2048)] = 10,
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.75,
    target_loss: Annotated[float, Meta(gt=0)] = 1e-4,
    max_steps: Annotated[int, Meta(ge=2, le=10_000_000)] = 100_000,
    **of_model: Value,
) -> dict[str, float]:
    """Train a network on each eigenfunction of its NTK over a finite domain, and measure how much it learns.

    Simon et al. 2021 (arXiv:2110.03922): the learnabilities of a basis add up to the number of training
    points, as those of kernel regression do, and each is λ/(λ + κ). All networks start from the seed's first
    initialisation, and their initial function is subtracted.
    """
    from harness.ntk.experiments._learnability_computed import LearnabilityTrial

    made = LearnabilityTrial(model, of_model, seed, geometry, inputs, points, train)
    measured: dict[str, float] = {}
    if _NETWORK in stages:
        with stage(_NETWORK):
            measured |= made.networks(learning_rate, target_loss, max_steps, LEVELS)
    if _THEORY in stages:
        with stage(_THEORY):
            measured |= made.theory(LEVELS) | {"one": 1.0, "one-point-more": 1 + 1 / train}
    return measured
