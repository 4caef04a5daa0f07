"""The quantities of `ntk.ridge-theory`, how each is measured, and a line about each parameter.

`TABLE` both declares and measures. Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.declare import Quantity
from harness.ntk.names import SphereKernel

if TYPE_CHECKING:
    from harness.ntk.experiments._ridge_theory_computed import TheoryTrial

KERNELS: Mapping[SphereKernel, str] = {
    "ntk": "the model's NTK",
    "nngp": "the model's NNGP",
    "laplace": "Laplace kernel",
    "gamma-exponential": "γ-exponential kernel",
    "matern": "Matérn kernel",
    "gaussian": "Gaussian kernel",
}
PAIRS: tuple[tuple[SphereKernel, SphereKernel], ...] = (
    ("nngp", "ntk"), ("matern", "laplace"), ("matern", "ntk"), ("laplace", "ntk")
)  # fmt: skip
"""Pairs of kernels whose costs of noise and whose risks are compared."""

COMPUTED = frozenset({"limit", "theory", "risk theory", "training theory"})
"""Stages that no seed changes, because they follow from spectra."""

RESOLUTION, LINEAR_RESOLUTION = 1e-6, 1e-12
"""The relative resolution: kernels are good to 1e-15 of K(x,x), and a solve at a condition of 1e9 to 1e-6.
The absolute resolution of risks and of learnabilities, which are of size 1, at conditions of 1e3."""


@dataclass(frozen=True)
class TheoryQuantity:
    """A quantity: its name, its declaration, and how a trial measures it."""

    name: str
    quantity: Quantity
    measure: Callable[[TheoryTrial], float]


@dataclass(frozen=True)
class _Of:
    """A quantity that every kernel has."""

    stage: str
    suffix: str
    about: str
    measure: Callable[[TheoryTrial, SphereKernel], float]
    unit: str = ""
    linear: bool = False


_ADDED = "what labels of pure noise add to the mean squared test error"
_THEORY = "by the theory, from the spectrum"
_GRID = "the least over a grid of ridges, chosen on the test points"
_RATIO = "the largest ratio on the grid of gradient flow's clean-risk to the ridge's"
_OFF = "the largest |Σ L − n| of a training set"
_GAP = "the largest |L − λ/(λ + κ)| of a level, L the mean over training sets"

_EACH: tuple[_Of, ...] = (
    _Of("noise", "noise-excess", f"{_ADDED}, over the clean function", lambda c, k: c.excess(k), "σ²"),
    _Of(
        "noise",
        "noise-risk",
        f"{_ADDED}, on noisy labels: 1 + noise-excess",
        lambda c, k: 1 + c.excess(k),
        "σ²",
    ),
    _Of("limit", "noise-excess-limit", "noise-excess as n → ∞: α − 1", lambda c, k: c.limit(k), "σ²"),
    _Of(
        "limit",
        "noise-risk-limit",
        "noise-risk as n → ∞: α, where λ_i ~ i^(−α)",
        lambda c, k: 1 + c.limit(k),
        "σ²",
    ),
    _Of(
        "theory",
        "effective-regularisation",
        f"κ {_THEORY}",
        lambda c, k: c.prediction(k).regularisation,
        "K(x,x)",
    ),
    _Of(
        "theory",
        "noise-risk-theory",
        f"noise-risk {_THEORY}: E₀",
        lambda c, k: c.prediction(k).overfitting,
        "σ²",
    ),
    _Of(
        "theory",
        "noise-excess-theory",
        f"noise-excess {_THEORY}",
        lambda c, k: c.prediction(k).overfitting - 1,
        "σ²",
    ),
    _Of("risk theory", "risk-theory", f"risk {_THEORY}", lambda c, k: c.risk_theory(k)),
    _Of(
        "risk theory",
        "clean-risk-theory",
        f"clean-risk {_THEORY}",
        lambda c, k: c.risk_theory(k) - c.setting.noise**2,
    ),
    _Of(
        "training theory",
        "training-risk-theory",
        f"training-risk {_THEORY}",
        lambda c, k: c.training_risk_theory(k),
    ),
    _Of(
        "regression",
        "clean-risk",
        "mean squared test error over the clean function",
        lambda c, k: c.clean_risk(k),
    ),
    _Of(
        "regression",
        "risk",
        "mean squared test error on noisy labels: clean-risk + σ²",
        lambda c, k: c.clean_risk(k) + c.setting.noise**2,
    ),
    _Of(
        "training",
        "training-risk",
        "mean squared training residual",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.training(draw.y)),
    ),
    _Of(
        "regression",
        "kare",
        "the kernel alignment risk estimator",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.kare(draw.y)),
    ),
    _Of(
        "regression",
        "leave-one-out-risk",
        "mean squared residual of points left out",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.leave_one_out(draw.y)),
    ),
    _Of(
        "training",
        "corrected-training-risk",
        "training-risk over 1 − (degrees of freedom)/n, as of a linear model's noise",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.corrected_once(draw.y)),
    ),
    _Of(
        "regression",
        "threshold",
        "1/tr (K + ridge)⁻¹, which estimates κ",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.threshold),
        "K(x,x)",
    ),
    _Of(
        "leaving out",
        "leave-one-out-change",
        "root mean square, over test points and points left out, of how far the prediction moves",
        lambda c, k: c.mean(k, lambda ridge, cross, draw: ridge.change_by_leaving_out(cross, draw.y)),
    ),
    _Of("strengths", "best-ridge-clean-risk", f"clean-risk, {_GRID}", lambda c, k: c.best(k, "ridge")),
    _Of(
        "strengths",
        "best-time-clean-risk",
        "clean-risk of gradient flow, the least over times 1/ridge of that grid",
        lambda c, k: c.best(k, "flow"),
    ),
    _Of(
        "strengths",
        "interpolation-clean-risk",
        "clean-risk at the least ridge of the grid, 1e-7",
        lambda c, k: c.at_least_ridge(k),
    ),
    _Of(
        "strengths",
        "flow-over-ridge",
        f"{_RATIO}, at the time 1/ridge",
        lambda c, k: c.flow_over_ridge(k, 1.0),
    ),
    _Of(
        "strengths",
        "late-flow-over-ridge",
        f"{_RATIO}, at the time 10/ridge",
        lambda c, k: c.flow_over_ridge(k, 10.0),
    ),
    _Of(
        "conservation",
        "learnability-error",
        f"{_OFF}, over the kernel's own modes",
        lambda c, k: c.conservation_error(k, "modes"),
        "modes",
        True,
    ),
    _Of(
        "conservation",
        "learnability-error-in-a-random-basis",
        f"{_OFF}, over a random basis",
        lambda c, k: c.conservation_error(k, "random"),
        "modes",
        True,
    ),
    _Of(
        "conservation",
        "learnability-error-of-smoothing",
        f"{_OFF}, for the Nadaraya–Watson smoother",
        lambda c, k: c.conservation_error(k, "smoothed"),
        "modes",
        True,
    ),
    _Of("modes", "learnability-gap", _GAP, lambda c, k: c.learnability_gap(k, k), linear=True),
    _Of(
        "modes",
        "learnability-gap-of-half-more-points",
        f"{_GAP}, κ for 3n/2 points",
        lambda c, k: c.learnability_gap(k, k, c.setting.train * 3 // 2),
        linear=True,
    ),
    _Of(
        "modes",
        "learnability-gap-of-the-control",
        f"{_GAP}, by the spectrum of the kernel's nearest alternative",
        lambda c, k: c.learnability_gap(k, c.control(k)),
        linear=True,
    ),
    _Of(
        "spikes",
        "spiky-training-risk",
        "mean squared training residual of K + ridge · (narrow bump)",
        lambda c, k: c.spiky(k, "training"),
        linear=True,
    ),
    _Of(
        "spikes",
        "spiky-distance",
        "relative distance of its predictions to those of K with the ridge",
        lambda c, k: c.spiky(k, "distance"),
        linear=True,
    ),
    _Of(
        "spikes",
        "plain-distance",
        "relative distance of interpolation with K to K with the ridge",
        lambda c, k: c.spiky(k, "plain"),
        linear=True,
    ),
)


def _row(
    name: str, of: _Of, stage: str, about: str, measure: Callable[[TheoryTrial], float]
) -> TheoryQuantity:
    scale: Literal["linear", "log"] = "linear" if of.linear else "log"
    resolution = LINEAR_RESOLUTION if of.linear else RESOLUTION
    computed = of.stage in COMPUTED
    return TheoryQuantity(name, Quantity(about, scale, of.unit, resolution, stage, computed), measure)


def _of_kernel(kernel: SphereKernel, of: _Of) -> TheoryQuantity:
    name, stage = f"{kernel}.{of.suffix}", f"{kernel} {of.stage}"
    return _row(name, of, stage, f"{KERNELS[kernel]}: {of.about}", lambda made: of.measure(made, kernel))


def _of_pair(one: SphereKernel, other: SphereKernel, of: _Of) -> TheoryQuantity:
    stage = f"{one} {of.stage} and {other} {of.stage}"
    return _row(
        f"{one}-over-{other}.{of.suffix}",
        _Of(of.stage, of.suffix, of.about, of.measure),
        stage,
        f"{KERNELS[one]} over {KERNELS[other]}: {of.about}",
        lambda made: of.measure(made, one) / of.measure(made, other),
    )


def _rows() -> Iterator[TheoryQuantity]:
    pair = Quantity("angle between the two nearest training points", "log", "radians", RESOLUTION, "points")
    yield TheoryQuantity("closest-pair", pair, lambda made: made.closest_pair())
    yield TheoryQuantity(
        "one", Quantity("1, which nothing changes", "log", "", RESOLUTION, "one", True), lambda made: 1.0
    )
    for kernel in KERNELS:
        yield from (_of_kernel(kernel, of) for of in _EACH)
    compared = [of for of in _EACH if of.suffix.startswith(("noise-excess", "clean-risk"))]
    for one, other in PAIRS:
        yield from (_of_pair(one, other, of) for of in compared)


TABLE: tuple[TheoryQuantity, ...] = tuple(_rows())
"""Every quantity. Stages run in the order of their first rows here."""

QUANTITIES = {row.name: row.quantity for row in TABLE}
STAGES = frozenset(row.quantity.stage for row in TABLE)


def rows_by_stage(wanted: Iterable[str]) -> dict[str, list[TheoryQuantity]]:
    """The rows of the wanted stages, in the order of the table."""
    stages = set(wanted)
    order = dict.fromkeys(row.quantity.stage for row in TABLE if row.quantity.stage in stages)
    return {stage: [row for row in TABLE if row.quantity.stage == stage] for stage in order}


ABOUT = {
    "model": "the network whose kernels ntk and nngp are: a model of the package, or package.module:function",
    "geometry": "where inputs are uniform: the sphere of radius √inputs; `points` points on a circle of "
    "radius √2; or the 2^inputs points of {−1, 1}^inputs",
    "inputs": "features of a point, d; 2 on the circle",
    "points": "points of the circle",
    "train": "training points, n; on a finite domain drawn without replacement",
    "test": "test points on the sphere; on a finite domain all of its points",
    "sets": "training sets in a trial, of whose numbers the mean is taken",
    "target": "none, or harmonics about the first axis, of variance 1 in all: of degree 1, 2 or 3; mixed, "
    "half of degree 1, 0.3 of degree 2, 0.2 of degree 3; teacher, with the degrees of x₁ + x₁x₂",
    "noise": "standard deviation σ of the labels' noise; test targets have none: risk adds σ², clean-risk "
    "does not",
    "ridge": "δ, added to the Gram matrix's diagonal, in units of K(x,x); 0 interpolates: no jitter is ever "
    "added, and a condition number beyond 1e13 is an error",
    "ridge_per_point": "a further ridge, times n",
    "length": "length of the radial kernels, in units of the sphere's radius",
    "gamma": "γ of the γ-exponential kernel",
    "nu": "ν of the Matérn kernel",
    "gap": "angle in radians at which the second training point is put beside the first; 0: none is moved",
    "separation": "the least angle between training points, in radii of a cap of 1/n of the sphere's area",
    "spike": "length of the bump of `spiky`, in units of the sphere's radius",
}
