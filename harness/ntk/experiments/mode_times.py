"""The experiment `ntk.mode-times`: how soon kernels and networks learn a frequency on the circle.

The seed draws only the network; numbers of kernels are the same for every seed. Importing this module imports
no library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage
from harness.ntk.experiments._ridge_theory_quantities import KERNELS

_TIME = "time in which gradient flow learns cos(frequency · φ) to 5%"
_UNIT = "1/K(x,x)"
_RESOLUTION = 1e-4
"""Relative resolution: networks are trained in float32."""

_NETWORK = {
    "time": (
        "network",
        "a network trained on cos(frequency · φ), centred: time until 5% is left of this component",
        _UNIT,
    ),
    "left": ("network left", "root mean square of all that is left after all steps, in the target's", ""),
    "mixture-time": (
        "network mixture",
        "a network trained on cos φ + cos 2φ + cos 4φ + cos 8φ: time until 5% is left of the component of "
        "the frequency",
        _UNIT,
    ),
    "growing-mixture-time": (
        "network growing mixture",
        "the same of cos φ + 2 cos 2φ + 4 cos 4φ + 8 cos 8φ",
        _UNIT,
    ),
}
"""For each quantity of the seed's network: its stage, its description and its unit."""


def _quantities() -> dict[str, Quantity]:
    found = {
        "density-ratio": Quantity("density of the upper half circle over that of the lower", stage="density",
                                  deterministic=True),
        "one": Quantity("1, which nothing changes", stage="density", deterministic=True),
    }  # fmt: skip
    for kernel, about in KERNELS.items():
        for suffix, text in (
            ("time", f"{_TIME}, over all points"),
            ("time-above", f"{_TIME}, over the middle of the upper half circle"),
            ("time-below", f"{_TIME}, over the middle of the lower half circle"),
        ):
            name = f"{kernel}.{suffix}"
            found[name] = Quantity(f"{about}: {text}", "log", _UNIT, stage=kernel, deterministic=True)
        for suffix, text in (
            ("time-ratio", "time-below over time-above"),
            ("time-ratio-normalised", "the same of the flow by each row of K over its sum"),
        ):
            found[f"{kernel}.{suffix}"] = Quantity(f"{about}: {text}", stage=kernel, deterministic=True)
    for name, (stage_name, text, unit) in _NETWORK.items():
        found[f"network.{name}"] = Quantity(text, "log", unit, _RESOLUTION, stage_name)
    return found


QUANTITIES = _quantities()
STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())


@experiment(
    "ntk.mode-times",
    version=3,
    quantities=QUANTITIES,
    about={
        "model": "the network whose kernels ntk and nngp are: a model, or package.module:function",
        "points": "points on the circle of radius √2",
        "dense": "share of the points that lie on the upper half circle, at equal distances on either half",
        "frequency": "k of the target cos(kφ)",
        "length": "length of the radial kernels, in units of the circle's radius",
        "gamma": "γ of the γ-exponential kernel",
        "nu": "ν of the Matérn kernel",
        "learning_rate": "of networks, in units of 2/λ_max, beyond which gradient descent diverges",
        "steps": "of gradient descent, all of which are taken",
    },
    precision="float32 networks, float64 kernels",
)
def mode_times(
    *,
    seed: int,
    model: str = "fully-connected",
    points: Annotated[int, Meta(ge=4, le=4096)] = 256,
    dense: Annotated[float, Meta(gt=0, lt=1)] = 0.5,
    frequency: Annotated[int, Meta(ge=1, le=1024)] = 4,
    length: Annotated[float, Meta(gt=0)] = 1.0,
    gamma: Annotated[float, Meta(gt=0, le=2)] = 1.5,
    nu: Annotated[float, Meta(gt=0, le=50)] = 1.5,
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.75,
    steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000,
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Solve the gradient flow of a kernel on the circle, and measure when and where it learns a frequency.

    Basri et al. 2019 (arXiv:1906.00425) and 2020 (arXiv:2003.04560), for ReLU networks: this time is
    proportional to the square of the frequency and to the inverse of the density of points. `network.*` train
    one network of the model by gradient descent on ½Σr², with its initial function subtracted.
    """
    from harness.ntk.experiments._mode_times_computed import measured

    found: dict[str, float] = {}
    if "density" in stages:
        with stage("density"):
            upper = round(points * dense)
            found |= {"density-ratio": upper / (points - upper), "one": 1.0}
    for kernel in KERNELS:
        if kernel in stages:
            with stage(kernel):
                found |= measured(kernel, model, of_model, points, dense, frequency, length, gamma, nu)
    wanted = {name: stage_name for name, (stage_name, _, _) in _NETWORK.items() if stage_name in stages}
    if wanted:
        from harness.ntk.experiments._mode_times_networks import CircleTraining

        trained = CircleTraining(model, of_model, seed, points, dense, frequency, learning_rate, steps)
        measures: dict[str, Callable[[], float]] = {
            "time": trained.time,
            "left": trained.left,
            "mixture-time": lambda: trained.mixed_time(growing=False),
            "growing-mixture-time": lambda: trained.mixed_time(growing=True),
        }
        for name, stage_name in wanted.items():
            with stage(stage_name):
                found[f"network.{name}"] = measures[name]()
    return found
