"""The experiment `ntk.regression`: trained networks beside the kernel regressions that should predict them.

`_regression_predictors` lists the predictors and their names, and `_regression_quantities` what is measured
of each. `harness.ntk.measures` defines `A.error` and `A-vs-B.distance`. Importing this module imports no
library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import Abreast, Value, experiment, stage
from harness.ntk.experiments._regression_cost import cost
from harness.ntk.experiments._regression_memory import bytes_of_seed
from harness.ntk.experiments._regression_quantities import (
    ABOUT,
    DATA,
    QUANTITIES,
    STAGES,
    by_stage,
    kernels_read,
    named,
)
from harness.ntk.preparation import DEFAULT, Data, Preprocess, TargetScaling, settle
from harness.ntk.sizes import regression_bytes

if TYPE_CHECKING:
    from harness.ntk.experiments._regression_computed import Setting
    from harness.ntk.model import Model

PATIENCE = 1000
"""Steps without a lower validation error after which training stops. At the default learning rate, 1.5/λ_max,
a mode of eigenvalue λ_max/1000 has come 1 − e^(−1.5) = 78% of its way in as many steps: a lower validation
error afterwards would have to come from even slower modes."""


def _bytes_held(parameters: Mapping[str, Value]) -> int:
    train, test, networks = (int(parameters[name]) for name in ("train", "test", "networks"))
    return regression_bytes(train, test, networks)


@experiment(
    "ntk.regression",
    version=5,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="kernels and solves float64, networks float32",
    settle=settle,
    memory=_bytes_held,
    cost=cost,
    abreast=Abreast(16, bytes_of_seed),
    tf32="precision",
)
def regression(
    *,
    seed: int,
    model: str = "fully-connected",
    data: Data = "diabetes",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    noise: Annotated[float, Meta(ge=0)] = 0.0,
    train: Annotated[int, Meta(ge=2, le=131_072)] = 64,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 200,
    validation: Annotated[int, Meta(ge=0, le=100_000)] = 0,
    networks: Annotated[int, Meta(ge=1, le=1024)] = 1,
    optimizer: Literal["gd", "sgd", "adam"] = "gd",
    batch: Annotated[int, Meta(ge=1)] = 16,
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.75,
    adam_rate: Annotated[float, Meta(gt=0)] = 1e-3,
    target_loss: Annotated[float, Meta(gt=0)] = 1e-4,
    max_steps: Annotated[int, Meta(ge=2, le=10_000_000)] = 20_000,
    patience: Annotated[int, Meta(ge=1, le=10_000_000)] = PATIENCE,
    ridge: Annotated[float, Meta(ge=0)] = 0.0,
    precision: Literal["float32", "tf32"] = "float32",
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Train networks and predict with their kernels, on the same points.

    Lee et al. 2019 (arXiv:1902.06720) assert that a wide network trained by gradient descent predicts as NTK
    regression given its initial function. Liu et al. 2025 (arXiv:2501.10929) dispute that this holds in
    practice. `parameterization`, `initialisation`, `last_layer`, `optimizer` and `validation` set what counts
    as practice; the defaults are full-batch gradient descent to a target loss.
    """
    from harness.ntk.experiments._regression_computed import Setting
    from harness.ntk.named_models import build

    setting = Setting(
        seed=seed, data=data, preprocess=preprocess, targets=targets, noise=noise, train=train, test=test,
        validation=validation, networks=networks, optimizer=optimizer, batch=batch,
        learning_rate=learning_rate, adam_rate=adam_rate, target_loss=target_loss, max_steps=max_steps,
        patience=patience, ridge=ridge, precision=precision,
    )  # fmt: skip
    return measure(build(model, of_model), setting, named(stages))


def measure(model: Model, setting: Setting, wanted: Iterable[str] = ()) -> dict[str, float]:
    """Measure every quantity of one trial, or only the stages of the `wanted` quantities.

    Each part is computed when a stage first asks for it, by a program of its own. So its numbers do not
    depend on which other stages are measured. Quantities are left out if their stage fails or if the model
    does not cover them (`stage`).
    """
    from harness.ntk.experiments._regression_abreast import computed

    stages = by_stage(wanted)
    read = kernels_read(row for rows in stages.values() for row in rows)
    made, measured = computed(model, setting, read), dict[str, float]()
    for name, rows in stages.items():
        with stage(name) as report:
            found = {row.name: row.measure(made) for row in rows}
            report.fixed = name == DATA and made.points.own_split
            measured |= found
    return measured
