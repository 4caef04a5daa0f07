"""Data functions of users, good and bad, and a toy experiment that reads them. Imports NumPy, no JAX."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from harness.declare import Quantity, Reference, experiment, stage
from harness.ntk.preparation import DEFAULT, Data, Preprocess, TargetScaling, settle


@experiment(
    "toy-on-data",
    version=1,
    quantities={"size.error": Quantity("mean distance of a training input from 0", stage="data")},
    settle=settle,
)
def on_data(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    train: Annotated[int, Meta(ge=2)] = 8,
    test: Annotated[int, Meta(ge=1)] = 4,
    subject: Annotated[str, Reference("subject", check="harness.ntk.subject_check:check")] = "none",
) -> dict[str, float]:
    """How large the inputs are."""
    from harness.ntk.data import split

    with stage("data") as report:
        points = split(data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets)
        report.fixed = points.own_split
        return {"size.error": float(np.abs(points.x_train).mean())}


SUITE = """
[suite]
format = 2
title = "On data"
[experiments.x]
run = "toy_data:on_data"
with = {{ {parameters} }}
{sweep}
[claims.small]
says = "Inputs are small."
expect = "open"
experiment = "x"
at-most = {{ of = "size.error", bound = 100 }}
"""


def cosine() -> tuple[np.ndarray, np.ndarray]:
    """64 points of a cosine in one dimension."""
    x = np.linspace(-np.pi, np.pi, 64)
    return x[:, None], np.cos(x)


def already_split() -> tuple[np.ndarray, ...]:
    """20 training and 10 test points in two dimensions."""
    t = np.arange(30.0)
    x, y = np.stack([np.cos(1.3 * t), t * np.sin(t)], axis=1), np.sin(t)
    return x[:20], y[:20], x[20:], y[20:]


def flat() -> tuple[np.ndarray, np.ndarray]:
    """Inputs without a second axis."""
    return np.ones(30), np.ones(30)


def infinite() -> tuple[np.ndarray, np.ndarray]:
    """An input that is not finite, in row 3."""
    x, y = cosine()
    x[3] = np.inf
    return x, y


def constant() -> tuple[np.ndarray, np.ndarray]:
    """Targets that are all 7."""
    return cosine()[0], np.full(64, 7.0)


def broken() -> Any:
    """Raise an exception."""
    raise OSError("the disk with the data is not mounted")


def kernel(x1: Any, x2: Any, architecture: Any, seed: int = 0) -> Any:
    """A subject, as far as its signature goes."""


def one_argument(x: Any) -> Any:
    """No subject."""


NOT_A_FUNCTION = 3
