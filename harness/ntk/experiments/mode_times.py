"""The experiment `ntk.mode-times`: how soon gradient flow on a kernel learns a frequency on the circle.

Nothing is drawn: each number is the same on every seed. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage
from harness.ntk.experiments._ridge_theory_quantities import KERNELS

_TIME = "time in which gradient flow learns cos(frequency · φ) to 5%"
_UNIT = "1/K(x,x)"


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
    return found


QUANTITIES = _quantities()
STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())


@experiment(
    "ntk.mode-times",
    version=1,
    quantities=QUANTITIES,
    about={
        "model": "the network whose kernels ntk and nngp are: a model, or package.module:function",
        "points": "points on the circle of radius √2",
        "dense": "share of the points that lie on the upper half circle, at equal distances on either half",
        "frequency": "k of the target cos(kφ)",
        "length": "length of the radial kernels, in units of the circle's radius",
        "gamma": "γ of the γ-exponential kernel",
        "nu": "ν of the Matérn kernel",
    },
    precision="float64",
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
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Solve the gradient flow of a kernel on the circle, and see when a frequency is learned, and where.

    Basri et al. 2019 (arXiv:1906.00425) and 2020 (arXiv:2003.04560) for ReLU networks: in a time in
    proportion to the square of the frequency, and to the inverse of the density of points.
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
    return found
