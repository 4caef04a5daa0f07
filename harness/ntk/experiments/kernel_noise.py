"""The experiment `ntk.kernel-noise`: the standard errors that a kernel implementation states.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, experiment
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._kernel_quantities import ABOUT, KERNELS, NOISE, SubjectName


def _quantities() -> dict[str, Quantity]:
    declared: dict[str, Quantity] = {}
    for key, name in KERNELS.items():
        for check, (about, flaw) in NOISE.items():
            stage = f"{key} {check}"
            for quantity, text in ((key, about), (f"{key}-flawed", f"{about}, {flaw}")):
                declared[f"{quantity}.{check}"] = Quantity(
                    f"{name}: {text}", scale="linear", resolution=1e-9, stage=stage
                )
    for check, (about, _) in NOISE.items():
        declared[f"right.{check}"] = Quantity(
            f"what it should be: {about}", scale="linear", resolution=1e-9, stage="right"
        )
    return declared


@experiment(
    "ntk.kernel-noise",
    version=2,
    quantities=_quantities(),
    about={key: about for key, about in ABOUT.items() if key not in ("flaw", "accuracy")},
    precision="float64; of a subject, its own",
)
def kernel_noise(
    *,
    seed: int,
    subject: SubjectName = "neural-tangents",
    reference: Literal["closed-form", "neural-tangents"] = "closed-form",
    points: Annotated[int, Meta(ge=1, le=1024)] = 3,
    others: Annotated[int, Meta(ge=1, le=1024)] = 2,
    inputs: Annotated[int, Meta(ge=1, le=65_536)] = 4,
    geometry: Literal["gaussian", "sphere", "nonnegative"] = "gaussian",
    hidden: Annotated[int, Meta(ge=0, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 1024,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.3,
    parameterization: Literal["ntk", "standard"] = "ntk",
    initialisation: Literal["gaussian", "uniform"] = "gaussian",
    last_layer: Annotated[float, Meta(gt=0)] = 1.0,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
) -> dict[str, float]:
    """Ask an implementation that estimates K(A, B), and divide its deviations by its standard errors.

    These z-scores should have mean 0. Their mean square, divided by the mean square of Student's t for the
    number of replicates, should be 1. A subject that states no standard errors is not covered.
    """
    from harness.declare import stage
    from harness.ntk.architecture import Architecture
    from harness.ntk.conformance import case_of
    from harness.ntk.kernel_checks import measured
    from harness.ntk.noise_checks import CHECKS

    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    case = case_of(subject, reference, architecture, (points, others, inputs), geometry, seed)
    with stage("right"):
        right = {"right.z-mean": 0.0, "right.z-square": 1.0}
    return right | measured(CHECKS, case, 0.0)
