"""The experiment `ntk.deep-kernels`: how depth changes kernels, with and without skip connections.

It draws no network. Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from harness.declare import Quantity, StageError, Value, experiment, stage

if TYPE_CHECKING:
    import numpy as np

    KernelFunction = Callable[[np.ndarray, np.ndarray | None], np.ndarray]

RESOLUTION = 1e-9
"""Relative resolution: recursions of a thousand steps, each good to 1e-15, in spreads of 1e-3 and more."""

FREQUENCIES = (16, 64)
"""The frequencies between which the decay of eigenvalues on the sphere is measured, even and odd alike."""


STAGES = frozenset(
    f"{name} of {key}"
    for name in ("spread", "condition", "decay")
    for key in ("ntk", "without", "nngp", "nngp-without")
)
"""All stages."""


def _quantities() -> dict[str, Quantity]:
    declared: dict[str, Quantity] = {}
    for key, name in (
        ("ntk", "the NTK"),
        ("without", "the NTK of the network without its component"),
        ("nngp", "the NNGP"),
        ("nngp-without", "the NNGP of the network without its component"),
    ):
        declared[f"{key}.spread"] = Quantity(
            f"of {name}: standard deviation, over pairs of points, of K(x,x')/√(K(x,x) K(x',x'))",
            resolution=RESOLUTION, stage=f"spread of {key}",
        )  # fmt: skip
        declared[f"{key}.condition"] = Quantity(
            f"of {name}: largest over smallest eigenvalue at the points",
            resolution=RESOLUTION, stage=f"condition of {key}",
        )  # fmt: skip
        declared[f"{key}.decay"] = Quantity(
            f"of {name}: exponent with which eigenvalues on the sphere in three dimensions fall with "
            f"frequency, between frequencies {FREQUENCIES[0]} and {FREQUENCIES[1]}",
            scale="linear", resolution=1e-6, stage=f"decay of {key}", deterministic=True,
        )  # fmt: skip
    return declared


@experiment(
    "ntk.deep-kernels",
    version=1,
    quantities=_quantities(),
    about={
        "model": "a model of the package, or package.module:function",
        "points": "points, uniform on the sphere of radius √inputs",
        "inputs": "features of a point",
    },
    precision="float64",
)
def deep_kernels(
    *,
    seed: int,
    model: str = "residual",
    points: Annotated[int, Meta(ge=3, le=1024)] = 16,
    inputs: Annotated[int, Meta(ge=2, le=65_536)] = 10,
    stages: frozenset[str] = STAGES,
    **of_model: Value,
) -> dict[str, float]:
    """Measure how well a model's kernels still distinguish points.

    Huang et al. 2020 (arXiv:2002.06262): with depth, the NTK of a feedforward network degenerates, and that
    of a residual network does not. Barzilai et al. 2023 (arXiv:2211.14810): skip connections do not change
    the decay of eigenvalues, and they improve condition numbers.
    """
    import numpy as np

    from harness.ntk.component_model import kernels_without
    from harness.ntk.named_models import build
    from harness.ntk.preprocess import to_sphere

    built = build(model, of_model)
    with stage("data"):
        x = to_sphere(np.random.default_rng([seed, 0x4450]).standard_normal((points, inputs)))
    kernels: dict[str, KernelFunction] = {
        "ntk": lambda a, b: built.analytic(a, b)[1],
        "without": lambda a, b: kernels_without(built, a, b)[1],
        "nngp": lambda a, b: built.analytic(a, b)[0],
        "nngp-without": lambda a, b: kernels_without(built, a, b)[0],
    }
    measured: dict[str, float] = {}
    for key, kernel in kernels.items():
        for name, measure in (("spread", _spread), ("condition", _condition), ("decay", _decay)):
            if f"{name} of {key}" in stages:
                with stage(f"{name} of {key}"):
                    measured[f"{key}.{name}"] = measure(kernel, x)
    return measured


def _spread(kernel: KernelFunction, x: np.ndarray) -> float:
    import numpy as np

    gram = _finite(kernel(x, None))
    sizes = np.sqrt(np.diag(gram))
    return float((gram / np.outer(sizes, sizes))[np.triu_indices(len(x), 1)].std())


def _condition(kernel: KernelFunction, x: np.ndarray) -> float:
    import numpy as np

    values = np.linalg.eigvalsh(_finite(kernel(x, None)))
    return float(values[-1] / values[0])


def _decay(kernel: KernelFunction, x: np.ndarray) -> float:
    from harness.ntk.spectral_decay import decay

    return decay(kernel, FREQUENCIES)


def _finite(gram: np.ndarray) -> np.ndarray:
    """The kernel, unchanged. Raises `StageError` if sums of branches exceed the range of float64."""
    if not (gram < float("inf")).all():
        raise StageError("the kernel is not finite: branches of size one double it in each block")
    return gram
