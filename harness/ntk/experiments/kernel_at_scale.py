"""The experiment `ntk.kernel-at-scale`: tests an implementation's kernels at inputs of one scale.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import experiment
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._kernel_quantities import (
    ABOUT,
    SCALES,
    TOLERANCE,
    TOLERANCE_RESOLUTION,
    Accuracy,
    SubjectName,
    quantities,
)


@experiment(
    "ntk.kernel-at-scale",
    version=2,
    quantities=quantities(SCALES, unit=TOLERANCE, resolution=TOLERANCE_RESOLUTION),
    about=ABOUT | {"scale": "factor on the points, whose features are of size 1"},
    precision="float64; of a subject, its own",
)
def kernel_at_scale(
    *,
    seed: int,
    subject: SubjectName = "neural-tangents",
    reference: Literal["closed-form", "neural-tangents"] = "closed-form",
    scale: Annotated[float, Meta(ge=1e-6, le=1e6)] = 1.0,
    points: Annotated[int, Meta(ge=2, le=1024)] = 7,
    others: Annotated[int, Meta(ge=4, le=1024)] = 5,
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
    accuracy: Accuracy = 0.0,
    flaw: Annotated[float, Meta(gt=0)] = 6e-8,
) -> dict[str, float]:
    """Ask a kernel implementation for K(A, B) and K(A), and compare each entry with a reference.

    Implementations are listed in `harness.ntk.subjects`. B begins with a point of A, the opposite of another
    point of A, and a point of scale 1. Each entry has its own tolerance, which follows from its condition:
    the error that 32 roundings of each covariance explain, in float64, or in float32 if inputs are float32
    (`harness.ntk.rounding`). Errors are in units of this tolerance; those of a correct kernel are at most 1.
    Cases that a subject does not implement are not covered. A number that is not finite counts as an error of
    1e99.
    """
    from harness.ntk.architecture import Architecture
    from harness.ntk.conformance import case_of
    from harness.ntk.kernel_checks import measured
    from harness.ntk.scale_checks import AtScale

    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    case = case_of(subject, reference, architecture, (points, others, inputs), geometry, seed, accuracy)
    return measured(AtScale(scale).checks, case, flaw)
