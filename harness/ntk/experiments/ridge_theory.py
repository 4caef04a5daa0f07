"""The experiment `ntk.ridge-theory`: kernel ridge regression on the sphere beside the theory of its risk.

`_ridge_theory_quantities` lists what is measured, and `_ridge_theory_computed` computes it. Importing this
module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Value, experiment, stage
from harness.ntk.experiments._ridge_theory_quantities import ABOUT, QUANTITIES, STAGES, rows_by_stage


@experiment(
    "ntk.ridge-theory", version=3, quantities=QUANTITIES, about=ABOUT, precision="float64",
)  # fmt: skip
def ridge_theory(
    *,
    seed: int,
    model: str = "fully-connected",
    geometry: Literal["sphere", "circle", "hypercube"] = "sphere",
    inputs: Annotated[int, Meta(ge=2, le=1024)] = 6,
    points: Annotated[int, Meta(ge=3, le=4096)] = 256,
    train: Annotated[int, Meta(ge=2, le=1_000_000)] = 64,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 1000,
    sets: Annotated[int, Meta(ge=1, le=1024)] = 1,
    target: Literal["none", "linear", "quadratic", "cubic", "mixed", "teacher"] = "none",
    noise: Annotated[float, Meta(ge=0)] = 0.0,
    ridge: Annotated[float, Meta(ge=0)] = 0.0,
    ridge_per_point: Annotated[float, Meta(ge=0)] = 0.0,
    length: Annotated[float, Meta(gt=0)] = 1.0,
    gamma: Annotated[float, Meta(gt=0, le=2)] = 1.5,
    nu: Annotated[float, Meta(gt=0, le=50)] = 1.5,
    gap: Annotated[float, Meta(ge=0, le=3)] = 0.0,
    separation: Annotated[float, Meta(ge=0, le=0.95)] = 0.0,
    spike: Annotated[float, Meta(gt=0)] = 0.05,
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Regress with six kernels on uniform points of the sphere, and predict the result from their spectra.

    The theory is that of Simon et al. 2021 (arXiv:2110.03922), which agrees with Bordelon et al. 2020
    (arXiv:2002.02561), Canatar et al. 2021 (arXiv:2006.13198) and Jacot et al. 2020 (arXiv:2006.09796). The
    limits of interpolation under noise follow from Mallinar et al. 2022 (arXiv:2207.06569). Test targets
    carry no noise; each quantity says whether it is of noisy labels or of the clean function.
    """
    from harness.ntk.experiments._ridge_theory_computed import TheoryTrial
    from harness.ntk.experiments._ridge_theory_setting import TheorySetting

    setting = TheorySetting(
        seed, geometry, inputs, points, train, test, sets, target, noise, ridge, ridge_per_point, length,
        gamma, nu, gap, separation, spike,
    )  # fmt: skip
    made, measured = TheoryTrial(model, of_model, setting), dict[str, float]()
    for name, rows in rows_by_stage(stages).items():
        with stage(name):
            measured |= {row.name: row.measure(made) for row in rows}
    return measured
