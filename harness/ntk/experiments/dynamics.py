"""The experiment `ntk.dynamics`: one network through training, and what the NTK predicts at each step.

    network      trained by gradient descent
    linearised   its first-order Taylor expansion in the parameters, trained likewise
    closed form  what the linearised network must be, by its own NTK at initialisation
    infinite     what an infinitely wide network with this initial function would be, by the analytic NTK
    nngp         the same by an alternative kernel, the NNGP scaled to the trace of the NTK
    all layers   the same by the NTK of all layers, scaled to the trace of the trained layers'

`layers` says which layers are trained; "the NTK" and "own NTK" are then those of these layers alone.

All take the same steps. `A-vs-B.distance` is the root mean square difference on the test points, at the
recorded time at which it is greatest (`harness.ntk.measures`). Importing this module imports no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import experiment, stage
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._dynamics_quantities import ABOUT, QUANTITIES
from harness.ntk.preparation import DEFAULT, Data, Preprocess, TargetScaling, settle

if TYPE_CHECKING:
    import numpy as np

STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())
"""All stages."""


@experiment(
    "ntk.dynamics",
    version=3,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def dynamics(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    train: Annotated[int, Meta(ge=2, le=8192)] = 16,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 100,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
    scaling: Literal["ntk", "mean-field"] = "ntk",
    base_width: Annotated[int, Meta(ge=1)] = 64,
    centred: bool = False,
    layers: Literal["all", "first", "hidden", "last"] = "all",
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.25,
    steps: Annotated[int, Meta(ge=2, le=1_000_000)] = 300,
    stages: frozenset[str] = STAGES,
) -> dict[str, float]:
    """Train a network and its linearisation, and compare them with what kernels predict at the same steps.

    Lee et al. 2019 (arXiv:1902.06720): the linearised network obeys a closed form, and a wide network stays
    near it. Training is full-batch gradient descent on ½Σr² for a fixed number of steps, in NTK
    parameterization.

    `scaling` "mean-field" multiplies the output by s = √(base_width/width). Such a network must not become
    lazy (Chizat et al. 2019 arXiv:1812.07956). Training s·f on y with rate η is the same as training f on y/s
    with rate ηs², and this is how it is computed. The rate is in units of the scaled kernel and distances are
    relative, so both read the same. s·f₀ vanishes with width; `centred`, which trains f on y + f₀(X), removes
    it at every width.
    """
    from harness.ntk import measures
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.experiments import _dynamics_computed as computed

    measured: dict[str, float] = {}
    architecture = Architecture(
        hidden, width, activation, w_std, b_std,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    with stage("data") as data_stage:
        points = split(data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets)
        data_stage.fixed = points.own_split
    scale = (base_width / width) ** 0.5 if scaling == "mean-field" else 1.0
    ruler = measures.error_ruler(points, scale)

    def farthest(a: np.ndarray, b: np.ndarray) -> float:
        return max(ruler.distance(now, other) for now, other in zip(a, b, strict=True))

    with stage("training") as trained:
        problem = computed.prepare_problem(
            architecture, points, seed=seed, layers=layers, learning_rate=learning_rate, scale=scale,
            centred=centred, steps=steps,
        )  # fmt: skip
        followed = computed.follow_training(problem, ruler.distance, scale)
        measured |= followed.measured
    if not trained.ok:
        return measured
    if "linearised" in stages:
        with stage("linearised"):
            measured |= computed.beside_linearised(problem, followed, farthest)
    if "infinite width" in stages:
        with stage("infinite width"):
            measured |= computed.beside_infinite(problem, followed, farthest)
    return measured
