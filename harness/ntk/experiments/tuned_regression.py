"""The experiment `ntk.tuned-regression`: regression on data with seven tuned kernels and a random forest.

It trains no network. `harness.ntk.measures` defines `A.error` and `A-vs-B.distance`. Importing this module
imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage
from harness.ntk.preparation import (
    ABOUT_DATA,
    ABOUT_PREPROCESS,
    ABOUT_TARGETS,
    DEFAULT,
    DISTANCE_UNIT,
    ERROR_UNIT,
    Data,
    Preprocess,
    TargetScaling,
    settle,
)

KERNELS = {
    "ntk": "NTK regression",
    "nngp": "NNGP regression",
    "laplace": "Laplace regression",
    "gamma-exponential": "γ-exponential regression, γ tuned from 0.5 to 1.5 too",
    "matern32": "Matérn-3/2 regression",
    "gaussian": "Gaussian regression",
    "linear": "a linear model with intercept",
}
COMPARED = ("ntk", "nngp", "linear")
"""The kernels whose predictions are compared with those of all others."""
MATCHED = {
    "laplace": "a Laplace kernel of any length",
    "matern32": "a Matérn-3/2 kernel of any length",
    "gaussian": "a Gaussian kernel of any length",
    "linear": "a linear model",
}
"""The kernels that are fitted to NTK regression."""
_FOREST = "forest"


def _matched(kernel: str) -> str:
    return f"{kernel} matched to ntk"


def _quantities() -> dict[str, Quantity]:
    found = {}
    for kernel, about in KERNELS.items():
        found[f"{kernel}.error"] = Quantity(
            f"root mean square test error of {about}", unit=ERROR_UNIT, resolution=1e-6, stage=kernel
        )
        found[f"{kernel}.left-out-error"] = Quantity(
            f"leave-one-out error of {about}, by which it was chosen",
            unit=ERROR_UNIT,
            resolution=1e-6,
            stage=kernel,
        )
    for other in COMPARED:
        for kernel, about in KERNELS.items():
            if kernel != other:
                found[f"{kernel}-vs-{other}.distance"] = Quantity(
                    f"root mean square difference on the test points between {about} and {KERNELS[other]}",
                    unit=DISTANCE_UNIT, resolution=1e-4, stage=f"{kernel} and {other}",
                )  # fmt: skip
    for kernel, about in MATCHED.items():
        found[f"matched-{kernel}-vs-ntk.distance"] = Quantity(
            "root mean square difference on the test points between NTK regression and the nearest that "
            f"{about}, of any ridge, comes to it there",
            unit=DISTANCE_UNIT, resolution=1e-4, stage=_matched(kernel),
        )  # fmt: skip
    found[f"{_FOREST}.error"] = Quantity(
        "root mean square test error of a random forest of 100 trees, scikit-learn's",
        unit=ERROR_UNIT, resolution=1e-6, stage=_FOREST,
    )  # fmt: skip
    return found


QUANTITIES = _quantities()
STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())


@experiment(
    "ntk.tuned-regression",
    version=2,
    quantities=QUANTITIES,
    about={
        "model": "the network whose kernels ntk and nngp are: a model, or package.module:function",
        "data": ABOUT_DATA,
        "preprocess": ABOUT_PREPROCESS,
        "targets": ABOUT_TARGETS,
        "noise": "standard deviation of Gaussian noise on the training targets, in units of their own",
        "train": "training points",
        "test": "test points",
        "lengths": "tuned: a quarter to 16 median distances between training points; median: one of them. "
        "Ridges are tuned in any case",
    },
    precision="float64",
    settle=settle,
)
def tuned_regression(
    *,
    seed: int,
    model: str = "fully-connected",
    data: Data = "diabetes",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    noise: Annotated[float, Meta(ge=0)] = 0.0,
    train: Annotated[int, Meta(ge=3, le=4096)] = 128,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 200,
    lengths: Literal["tuned", "median"] = "tuned",
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Predict with each kernel, at the length and ridge that leave-one-out prefers on the training points.

    Geifman et al. 2020 (arXiv:2007.01580) report that the NTK, the Laplace and γ-exponential kernels perform
    almost identically. Muyskens et al. 2024 (arXiv:2410.08311) report that the NNGP is close to a Matérn
    kernel; Lencevičius 2022 (arXiv:2208.03761) that a Laplace kernel fitted to the NTK has its posterior mean
    on the sphere; Arora et al. 2020 (arXiv:1910.01663) that the NTK beats random forests on small data.
    """
    from harness.ntk.data import split
    from harness.ntk.experiments._tuned_regression_computed import TunedTrial
    from harness.ntk.measures import error_ruler

    points = split(
        data, train=train, test=test, seed=seed, noise=noise, preprocess=preprocess, targets=targets
    )  # fmt: skip
    made, ruler, measured = (
        TunedTrial(model, of_model, points, lengths),
        error_ruler(points),
        dict[str, float](),
    )
    for name in KERNELS:
        if name in stages:
            with stage(name) as report:
                report.fixed = points.own_split
                found = made.tuned(name)
                measured[f"{name}.error"] = ruler.error(found.predictions)
                measured[f"{name}.left-out-error"] = found.left_out / points.unit
    for other in COMPARED:
        for name in KERNELS:
            if f"{name} and {other}" in stages:
                with stage(f"{name} and {other}") as report:
                    report.fixed = points.own_split
                    apart = ruler.distance(made.tuned(name).predictions, made.tuned(other).predictions)
                    measured[f"{name}-vs-{other}.distance"] = apart
    for name in MATCHED:
        if _matched(name) in stages:
            with stage(_matched(name)) as report:
                report.fixed = points.own_split
                nearest = min(
                    ruler.distance(each, made.tuned("ntk").predictions) for each in made.all_predictions(name)
                )
                measured[f"matched-{name}-vs-ntk.distance"] = nearest
    if _FOREST in stages:
        with stage(_FOREST):
            measured[f"{_FOREST}.error"] = ruler.error(made.forest(seed))
    return measured
