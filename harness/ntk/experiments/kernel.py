"""The experiment `ntk.kernel`: tests an implementation of the NNGP and the NTK at one architecture.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import experiment
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._kernel_quantities import ABOUT, VALUES, Accuracy, SubjectName, quantities


@experiment(
    "ntk.kernel",
    version=2,
    quantities=quantities(VALUES),
    about=ABOUT,
    precision="float64; of a subject, its own",
)
def kernel(
    *,
    seed: int,
    subject: SubjectName = "neural-tangents",
    reference: Literal["closed-form", "neural-tangents"] = "closed-form",
    points: Annotated[int, Meta(ge=2, le=1024)] = 7,
    others: Annotated[int, Meta(ge=2, le=1024)] = 5,
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
    """Ask a kernel implementation for kernels between points A and B, and compare them with a reference.

    Implementations are listed in `harness.ntk.subjects`. Errors are relative to the size of a kernel at the
    two points, √(K(x,x) K(x',x')). If a subject states standard errors, only what exceeds 6 of them counts
    (`harness.ntk.conformance`). Cases that a subject does not implement are not covered. A number that is not
    finite counts as an error of 1e99.
    """
    from harness.ntk.architecture import Architecture
    from harness.ntk.conformance import case_of
    from harness.ntk.kernel_checks import CHECKS, measured

    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    case = case_of(subject, reference, architecture, (points, others, inputs), geometry, seed, accuracy)
    return measured(CHECKS, case, flaw)
