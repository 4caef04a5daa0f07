"""The experiment `ntk.kernel-relations`: how an implementation's kernels change with the architecture.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import experiment
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._kernel_quantities import ABOUT, RELATIONS, Accuracy, SubjectName, quantities


@experiment(
    "ntk.kernel-relations",
    version=2,
    quantities=quantities(RELATIONS),
    about={key: about for key, about in ABOUT.items() if key != "reference"},
    precision="float64; of a subject, its own",
)
def kernel_relations(
    *,
    seed: int,
    subject: SubjectName = "neural-tangents",
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
    """Ask a kernel implementation for kernels of several architectures, and compare them with one another.

    Implementations are listed in `harness.ntk.subjects`. Every relation is exact and holds between the
    subject's own answers, so that no reference is needed. At an architecture to which a relation does not
    apply, its stage fails. Units and noise are those of `ntk.kernel`.
    """
    from harness.ntk.architecture import Architecture
    from harness.ntk.conformance import case_of
    from harness.ntk.kernel_checks import measured
    from harness.ntk.kernel_relations import RELATIONS

    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    case = case_of(subject, "closed-form", architecture, (points, others, inputs), geometry, seed, accuracy)
    return measured(RELATIONS, case, flaw)
