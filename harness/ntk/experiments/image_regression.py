"""The experiment `ntk.image-regression`: kernel regression on images in classes, exact and sampled.

It trains no network. Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, experiment, stage
from harness.ntk.specifications import ImageData

if TYPE_CHECKING:
    import numpy as np

_ERROR = "root mean square over test images and classes, in units of the targets' own"
_SAMPLED = "regression with the mean NTK of `networks` random networks"


STAGES = frozenset({"exact", "without", "sampled", "sampled beside"})
"""All stages."""


def _error(about: str, at: str) -> Quantity:
    return Quantity(f"test error of {about}: {_ERROR}", resolution=1e-6, stage=at)


def _square(control: str, at: str) -> Quantity:
    return Quantity(
        f"mean square of the difference of predictions, over that of the test targets: {_SAMPLED} and "
        f"regression with {control}",
        resolution=1e-9, stage=at,
    )  # fmt: skip


@experiment(
    "ntk.image-regression",
    version=1,
    quantities={
        "ntk.error": _error("regression with the analytic NTK", "exact"),
        "without.error": _error("regression with the NTK of the network without its component", "without"),
        "sampled.error": _error(_SAMPLED, "sampled"),
        "sampled-vs-ntk.square": _square("the analytic NTK", "sampled"),
        "sampled-vs-without.square": _square("that of the network without its component", "sampled beside"),
    },
    about={
        "model": "a model of the package, or package.module:function",
        "data": "digit-images, 8 × 8 pixels, or mnist-1d, signals of 40",
        "train": "training images",
        "test": "test images",
        "classes": "the number of classes, the first digits; targets are one-hot, less their mean",
        "shift": "share of the side by which images are moved at most (of mnist-1d 2/3 is what is published)",
        "ridge": "in units of a kernel's mean diagonal",
        "networks": "random networks whose NTKs are averaged",
    },
    precision="float64, networks' parameters drawn in float32",
)
def image_regression(
    *,
    seed: int,
    model: str = "convolutional",
    data: ImageData = "digit-images",
    train: Annotated[int, Meta(ge=2, le=4096)] = 64,
    test: Annotated[int, Meta(ge=1, le=4096)] = 64,
    classes: Annotated[int, Meta(ge=2, le=10)] = 4,
    shift: Annotated[float, Meta(ge=0, le=1)] = 0.0,
    ridge: Annotated[float, Meta(ge=0)] = 1e-3,
    networks: Annotated[int, Meta(ge=1, le=65_536)] = 8,
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Regress one-hot targets of images with three kernels.

    They are a model's NTK, the NTK of the network without its component, and the mean of random networks' own
    NTKs. Arora et al. 2019 (arXiv:1904.11955), Li et al. 2019 (arXiv:1911.00809): on images, kernels with
    pooling predict better than others, and sampled kernels predict worse than exact ones.
    """
    from functools import cache

    import numpy as np

    from harness.ntk.component_model import kernels_without
    from harness.ntk.image_data import class_split
    from harness.ntk.named_models import build
    from harness.ntk.sampled_kernels import own_kernels_of
    from harness.ntk.solve import factor

    built = build(model, of_model)
    with stage("data"):
        points = class_split(data, train=train, test=test, seed=seed, classes=classes, shift=shift)
    x, x_test, y, truth = points.x_train, points.x_test, points.y_train, points.y_test

    def regression(name: str, kernel: Callable[[np.ndarray, np.ndarray | None], np.ndarray]) -> np.ndarray:
        gram = kernel(x, None)
        solver = factor(name, gram, ridge * float(np.trace(gram)) / train)
        predictions: np.ndarray = solver.regression(kernel(x_test, x), y)
        return predictions

    def error(predictions: np.ndarray) -> float:
        return float(np.sqrt(np.mean((predictions - truth) ** 2) / np.mean(truth**2)))

    def square(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean((a - b) ** 2) / np.mean(truth**2))

    @cache
    def exact() -> np.ndarray:
        return regression("NTK", lambda a, b: built.analytic(a, b)[1])

    @cache
    def without() -> np.ndarray:
        return regression("NTK without its component", lambda a, b: kernels_without(built, a, b)[1])

    @cache
    def sampled() -> np.ndarray:
        def mean(a: np.ndarray, b: np.ndarray | None) -> np.ndarray:
            of_each: np.ndarray = own_kernels_of(built, a, b, networks=networks, seed=seed)[1]
            return np.asarray(of_each.mean(axis=0))

        return regression("sampled NTK", mean)

    measured: dict[str, float] = {}
    if "exact" in stages:
        with stage("exact"):
            measured["ntk.error"] = error(exact())
    if "without" in stages:
        with stage("without"):
            measured["without.error"] = error(without())
    if "sampled" in stages:
        with stage("sampled"):
            measured["sampled.error"] = error(sampled())
            measured["sampled-vs-ntk.square"] = square(sampled(), exact())
    if "sampled beside" in stages:
        with stage("sampled beside"):
            measured["sampled-vs-without.square"] = square(sampled(), without())
    return measured
