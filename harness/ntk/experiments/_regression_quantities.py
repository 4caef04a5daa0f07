"""The quantities of `ntk.regression`, how each is measured, and a line about each parameter.

`TABLE` both declares and measures. Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.declare import Quantity
from harness.ntk.experiments import _regression_predictors as p
from harness.ntk.experiments._regression_predictors import Predictor, stage_of
from harness.ntk.preparation import (
    ABOUT_DATA,
    ABOUT_PREPROCESS,
    ABOUT_TARGETS,
    DISTANCE_UNIT,
    ERROR_UNIT,
)

if TYPE_CHECKING:
    from harness.ntk.experiments._regression_computed import Computed

RESOLUTION = 1e-6
"""Resolution of what is computed without training: kernel solves are trusted to 1e-6
(`solve.TRUSTED_CONDITION`), and an untrained network's float32 outputs are as good (unit roundoff 6e-8, times
the root of a layer's few hundred terms)."""

TRAINED_RESOLUTION = 3e-4
"""Resolution of trained networks' errors.

Gradient descent in float32 and in float64 from the same start (3 data sets, 1 and 3 hidden ReLU layers,
widths 64 to 512, 24 runs) ended with relative differences between errors of 1e-7 to 3e-4: rounding moves a
point across a kink of a ReLU, and the paths part. Adam with uniform initialisation (3 data sets, 1 and 3
hidden layers, widths 64 and 256) gave a median of 5e-6 and at most 6e-4. This does not cover a rate that is
too high for the kernel that training arrives at (a narrow, deep network with uniform initialisation at 0.75
of 2/λ_max): the loss then jumps about, and float32 and float64 end in different networks."""

FINE_DISTANCE, TRAINED_DISTANCE = 1e-4, 1e-3
"""Resolutions of distances. They are relative, so they are coarser than the predictions' own resolution by
the size of a distance. Kernels: 1e-6 in distances of 0.01 and more. Trained networks: in the runs above,
predictions came apart by a median of 2e-5 and at most 2e-3, in distances of 0.1 to 0.5."""


@dataclass(frozen=True)
class MeasuredQuantity:
    """A quantity: its name, its declaration, and how a trial measures it.

    `of` lists the predictors that it compares, in the order of its name. It is empty for other quantities.
    """

    name: str
    quantity: Quantity
    measure: Callable[[Computed], float]
    of: tuple[Predictor, ...] = ()

    @property
    def stage(self) -> str:
        return self.quantity.stage


def _mean(*predictors: Predictor) -> str:
    return ", geometric mean over networks" if any(each.networks for each in predictors) else ""


def error(of: Predictor, about: str = "", *, resolution: float | None = None) -> MeasuredQuantity:
    """The quantity `A.error` of one predictor."""
    text = f"root mean square test error of {about or of.about}{_mean(of)}"
    resolution = resolution or (TRAINED_RESOLUTION if of.trained else RESOLUTION)
    return MeasuredQuantity(
        f"{of.name}.error",
        Quantity(text, scale="log", unit=ERROR_UNIT, resolution=resolution, stage=of.stage),
        lambda made: made.ruler.error(made.predictions(of)),
        (of,),
    )


def distance(a: Predictor, b: Predictor) -> MeasuredQuantity:
    """The quantity `A-vs-B.distance` of two predictors."""
    text = f"root mean square difference on the test points between {a.about} and {b.about}{_mean(a, b)}"
    return MeasuredQuantity(
        f"{a.name}-vs-{b.name}.distance",
        _distance(text, stage_of(a.stage, b.stage), a.trained or b.trained),
        lambda made: made.distance(a, b),
        (a, b),
    )


def ratio(a: Predictor, b: Predictor) -> MeasuredQuantity:
    """The quantity `A-over-B.error-ratio` of two predictors."""
    text = f"test error of {a.about} over that of {b.about}"
    return MeasuredQuantity(
        f"{a.name}-over-{b.name}.error-ratio",
        Quantity(text, scale="log", resolution=RESOLUTION, stage=stage_of(a.stage, b.stage)),
        lambda made: made.ruler.error(made.predictions(a)) / made.ruler.error(made.predictions(b)),
        (a, b),
    )


def nearest(
    network: Predictor, alternatives: tuple[Predictor, ...], name: str, about: str
) -> MeasuredQuantity:
    """The quantity `A-vs-nearest-alternative.distance`: to the nearest alternative in the trial."""
    text = f"root mean square difference on the test points between {network.about} and {about}"
    at = stage_of(network.stage, *(alternative.stage for alternative in alternatives))
    return MeasuredQuantity(
        f"{network.name}-vs-{name}.distance",
        _distance(f"{text}{_mean(network)}", at, trained=True),
        lambda made: made.nearest(network, alternatives),
        (network, *alternatives),
    )


def _distance(text: str, stage: str, trained: bool) -> Quantity:
    resolution = TRAINED_DISTANCE if trained else FINE_DISTANCE
    return Quantity(text, scale="log", unit=DISTANCE_UNIT, resolution=resolution, stage=stage)


def jitter(kernel: Predictor) -> MeasuredQuantity:
    """The quantity `K.jitter` of one kernel."""
    text = f"jitter that the kernel of {kernel.about} needed beyond the ridge; 0 where it needed none"
    return MeasuredQuantity(
        f"{kernel.name}.jitter",
        Quantity(
            text, scale="linear", unit="largest eigenvalue of that kernel", resolution=1e-15,
            stage=kernel.stage,
        ),
        lambda made: made.jitter(kernel.name),
    )  # fmt: skip


def final_loss(network: Predictor, training: Literal["single", "centred"]) -> MeasuredQuantity:
    """The quantity `A.final-loss` of one training."""
    return MeasuredQuantity(
        f"{network.name}.final-loss",
        Quantity(
            f"mean squared training residual of {network.about} as returned, the largest of all networks",
            unit="variance of the training targets", resolution=RESOLUTION, stage=network.stage,
        ),
        lambda made: float(made.trained(training).loss.max()) / made.points.unit**2,
    )  # fmt: skip


_ALTERNATIVES = "whichever is nearest of NNGP, RBF, Laplace and Matérn-3/2 regression"


def _networks_beside_kernels() -> Iterator[MeasuredQuantity]:
    for kernel in (p.NTK, p.NNGP, p.RBF, p.LAPLACE, p.MATERN32):
        yield distance(p.CENTRED, kernel)
        yield distance(p.ENSEMBLE, kernel)
    for kernel in (p.NTK, p.NNGP, p.RBF):
        yield distance(p.SINGLE, kernel)
    for kernel in (p.NTK_GIVEN, p.NNGP_GIVEN, p.RBF_GIVEN, p.LAPLACE_GIVEN, p.MATERN32_GIVEN):
        yield distance(p.SINGLE, kernel)
    for network in (p.SINGLE, p.CENTRED, p.ENSEMBLE):
        yield nearest(network, p.ALTERNATIVES, "nearest-alternative", _ALTERNATIVES)
    given = f"{_ALTERNATIVES}, all given f₀, and NTK regression without f₀"
    yield nearest(p.SINGLE, p.ALTERNATIVES_GIVEN, "nearest-alternative-given-f0", given)


TABLE: tuple[MeasuredQuantity, ...] = (
    error(p.MEAN),
    error(p.ZERO, "the constant 0, which is that of the targets"),
    error(p.UNTRAINED, "an untrained network, f₀"),
    error(p.NTK),
    MeasuredQuantity(
        "condition-number",
        Quantity(
            "condition number of the NTK's training Gram matrix, ridge included", resolution=RESOLUTION,
            stage="condition number",
        ),
        lambda made: made.condition(p.NTK),
    ),
    *map(error, (p.NNGP, p.RBF, p.LAPLACE, p.MATERN32, p.NTK_GIVEN, p.NNGP_GIVEN, p.RBF_GIVEN)),
    *map(jitter, (p.NTK, p.NNGP, p.RBF, p.LAPLACE, p.MATERN32)),
    distance(p.MEAN, p.NTK),
    *(distance(alternative, p.NTK) for alternative in p.ALTERNATIVES),
    distance(p.MATERN32, p.NNGP),
    *map(error, (p.NTK_LOO, p.NNGP_LOO, p.MATERN32_LOO, p.LINEAR_LOO)),
    distance(p.NNGP_LOO, p.NTK_LOO),
    *(ratio(alternative, p.NTK) for alternative in (p.LAPLACE, p.RBF, p.MATERN32, p.LINEAR_LOO)),
    MeasuredQuantity(
        "learning-rate",
        Quantity(
            "learning rate on ½Σr² (sgd: over a batch; adam: its own rate), geometric mean over networks",
            unit="1/NTK eigenvalue", resolution=RESOLUTION, stage="learning rate",
        ),
        lambda made: made.learning_rate(),
    ),
    *map(error, (p.SINGLE, p.CENTRED, p.ENSEMBLE)),
    distance(p.SINGLE, p.UNTRAINED),
    distance(p.CENTRED, p.ZERO),
    final_loss(p.SINGLE, "single"),
    final_loss(p.CENTRED, "centred"),
    MeasuredQuantity(
        "steps",
        Quantity(
            "steps of the network returned, those of mini-batches counted, mean over the single networks",
            scale="linear", unit="steps", resolution=1.0, stage=p.SINGLE.stage,
        ),
        lambda made: float(made.trained("single").steps.mean()),
    ),
    *_networks_beside_kernels(),
    error(p.AT_TIME),
    distance(p.SINGLE, p.AT_TIME),
    distance(p.CENTRED, p.CENTRED_AT_TIME),
    error(p.OWN_NTK, "regression with a network's own initial NTK", resolution=TRAINED_RESOLUTION),
    error(p.AFTER_KERNEL, "regression with the NTK of a trained network"),
    distance(p.SINGLE, p.OWN_NTK_GIVEN),
    distance(p.CENTRED, p.OWN_NTK),
    distance(p.SINGLE, p.AFTER_KERNEL_GIVEN),
    distance(p.CENTRED, p.CENTRED_AFTER_KERNEL),
    MeasuredQuantity(
        "kernel-change",
        Quantity(
            "‖Θ_T − Θ_0‖ / ‖Θ_0‖ (Frobenius) of a single network's NTK on the training points, 0 before and "
            "T after training, geometric mean over networks",
            resolution=TRAINED_DISTANCE, stage="kernel change",
        ),
        lambda made: made.kernel_change(),
    ),
)  # fmt: skip
"""Every quantity. Stages run in the order of their first rows here."""

QUANTITIES = {row.name: row.quantity for row in TABLE}


DATA = "data"
"""The stage that all others need."""

STAGES = frozenset(row.stage for row in TABLE)
"""The stages of all quantities."""


def named(stages: Collection[str]) -> list[str]:
    """The quantities of these stages and of the stage `DATA`."""
    return [row.name for row in TABLE if row.stage == DATA or row.stage in stages]


def by_stage(wanted: Iterable[str] = ()) -> dict[str, list[MeasuredQuantity]]:
    """The rows of each stage, in the order of the table. If `wanted` names quantities, only their stages."""
    names = set(wanted) or {row.name for row in TABLE}
    stages = dict.fromkeys(row.stage for row in TABLE if row.name in names)
    return {stage: [row for row in TABLE if row.stage == stage] for stage in stages}


def kernels_read(rows: Iterable[MeasuredQuantity]) -> frozenset[str]:
    """The kernels that these quantities read, by the names of `Computed.kernel`."""
    return frozenset(of.kernel for row in rows for of in row.of if of.kernel)


ABOUT = {
    "model": "the network: a model of this package, or package.module:function",
    "data": ABOUT_DATA,
    "preprocess": ABOUT_PREPROCESS,
    "targets": ABOUT_TARGETS,
    "noise": "standard deviation of Gaussian noise on the training targets, in units of their own",
    "train": "training points",
    "validation": "further points on which training stops early; 0: it goes on to the target loss",
    "test": "test points",
    "networks": "initialisations per seed",
    "optimizer": "gd: full batch; sgd: mini-batches without replacement; adam: full batch, mean of r²",
    "batch": "points in a mini-batch of sgd, all of them if there are fewer",
    "adam_rate": "learning rate of adam, which takes no other",
    "patience": "steps without a lower validation error after which training stops",
    "learning_rate": "in units of 2/λ_max, of the analytic or the network's NTK, the larger; sgd: on a batch",
    "target_loss": "mean squared training residual at which training stops, over the targets' variance",
    "max_steps": "step budget (of mini-batches, too); reaching it fails the stage `training`",
    "precision": "of networks' products: float32, or tf32 (three digits) on a device that has it",
    "ridge": "added to the diagonal for kernel regression, in units of each kernel's mean diagonal",
}
