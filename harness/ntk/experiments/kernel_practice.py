"""The experiment `ntk.kernel-practice`: kernel regression in float32, on whitened inputs, on moved copies.

It trains no network. Importing this module imports no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, experiment, stage

if TYPE_CHECKING:
    import numpy as np

_ON_SPHERE, _ON_DIGITS = "over that of x₁x₂ on the sphere", "over that of the test targets"


_STREAM = 0x4B50
"""The stream of a seed that draws copies, `default_rng([seed, 0x4B50])`. Stream 1 draws data sets."""


def _error(about: str, where: str, at: str) -> Quantity:
    return Quantity(f"root mean square test error of {about}, {where}", resolution=1e-6, stage=at)


QUANTITIES = {
    "double.error": _error("regression", _ON_SPHERE, "precision"),
    "single.error": _error("regression in float32", _ON_SPHERE, "precision"),
    "single.over-double": Quantity(
        "single.error over double.error", resolution=1e-6, stage="precision"
    ),
    "digits.error": _error("regression on digits", _ON_DIGITS, "digits"),
    "whitened.error": _error(
        "regression on digits after ZCA whitening, of the strength that does best on the test points",
        _ON_DIGITS, "whitened",
    ),
    "least-whitened.error": _error(
        "regression on digits after ZCA whitening of the smallest strength", _ON_DIGITS, "whitened"
    ),
    "ensemble.error": _error(
        "the mean of `copies` regressions, each on digits moved by at most a pixel", _ON_DIGITS, "moved"
    ),
    "union.error": _error("one regression on all of these digits", _ON_DIGITS, "union"),
}  # fmt: skip
STAGES = frozenset(quantity.stage for quantity in QUANTITIES.values())


@experiment(
    "ntk.kernel-practice",
    version=1,
    quantities=QUANTITIES,
    about={
        "kernel": "of an infinitely wide ReLU network",
        "hidden": "its hidden layers",
        "w_std": "its weight scale σ_w",
        "b_std": "its bias scale σ_b",
        "inputs": "dimension of the sphere",
        "train": "training points",
        "test": "test points",
        "classes": "the first digits; targets are one-hot, less their mean",
        "shift": "share of the side by which digits are moved at most before they are split",
        "copies": "copies of the training digits, each moved anew",
        "ridge": "on digits, in units of the kernel's mean diagonal",
    },
    precision="float64 unless said",
)
def kernel_practice(
    *,
    seed: int,
    kernel: Literal["ntk", "nngp"] = "ntk",
    hidden: Annotated[int, Meta(ge=1, le=1024)] = 1,
    w_std: Annotated[float, Meta(gt=0)] = 1.4142135623730951,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    inputs: Annotated[int, Meta(ge=2, le=4096)] = 2,
    train: Annotated[int, Meta(ge=2, le=4096)] = 128,
    test: Annotated[int, Meta(ge=1, le=4096)] = 200,
    classes: Annotated[int, Meta(ge=2, le=10)] = 4,
    shift: Annotated[float, Meta(ge=0, le=1)] = 0.25,
    copies: Annotated[int, Meta(ge=1, le=1024)] = 4,
    ridge: Annotated[float, Meta(ge=0)] = 1e-3,
    stages: frozenset[str] = STAGES,
) -> dict[str, float]:
    """Regress in float32, after ZCA whitening, and with randomly moved images.

    Lee et al. 2020 (arXiv:2007.15801): precision limits how large a data set kernels can use (section 3.8),
    whitening improves kernels (3.10), and an ensemble of kernel predictors makes augmentation possible
    (3.12).
    """
    import numpy as np

    from harness.ntk import kernel_practice as practice
    from harness.ntk.architecture import Architecture
    from harness.ntk.drawn_points import draw_points
    from harness.ntk.image_data import class_split
    from harness.ntk.kernels import nngp_ntk
    from harness.ntk.solve import factor

    network = Architecture(hidden, 1, "relu", w_std, b_std)

    def kernel_of(x: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        found: np.ndarray = nngp_ntk(network, x, other)[1 if kernel == "ntk" else 0]
        return found

    name, measured = kernel.upper(), {}
    if "precision" in stages:
        with stage("precision"):
            points = draw_points(
                "sphere", data="digits", preprocess="none", targets="none", target="product", signs=False,
                train=train, test=test, inputs=inputs, anisotropy=0.0, snr=1.0, seed=seed,
            )  # fmt: skip
            gram, cross = kernel_of(points.x, None), kernel_of(points.x_test, points.x)
            double = points.ruler.error(factor(name, gram).regression(cross, points.y))
            single = points.ruler.error(practice.single_precision(gram, cross, points.y))
            measured = {"double.error": double, "single.error": single, "single.over-double": single / double}
    if stages <= {"precision"}:
        return measured
    digits = class_split("digit-images", train=train, test=test, seed=seed, classes=classes, shift=shift)
    found = practice.DigitsInPractice(digits, name, kernel_of, ridge)
    random = np.random.default_rng([seed, _STREAM])
    moved = [practice.moved_copy(digits.x_train, random) for _ in range(copies)]
    if "digits" in stages:
        with stage("digits"):
            measured["digits.error"] = found.plain()
    if "whitened" in stages:
        with stage("whitened"):
            errors = found.after_whitening()
            measured |= {"whitened.error": min(errors), "least-whitened.error": errors[0]}
    if "moved" in stages:
        with stage("moved"):
            measured["ensemble.error"] = found.ensemble(moved)
    if "union" in stages:
        with stage("union"):
            measured["union.error"] = found.union(moved)
    return measured
