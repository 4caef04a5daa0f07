"""Randomly drawn points and targets for experiments about training. Each geometry is one setting of a theory.

- one: a single point, x = 1, with target 0
- circle: corners of a regular polygon on the circle of radius √2, targets +1 and −1 in turn: cos(nφ/2)
- whitened: orthogonal inputs of norm √d, random targets ±1; test targets: the linear function through them
- gaussian: x = Λ^(1/2) z, z standard normal, Λ_k in proportion to k^(−anisotropy) with mean 1
- spiked: the same, Λ_k in proportion to `snr` for the first `SPIKES` coordinates, to 1 for the others
- sphere: uniform on the sphere of radius √d
- hypercube: uniform on the corners ±1

The last four have a target of variance one, in the coordinates z (gaussian, spiked) or x. Everything drawn
depends only on the seed. Importing this module imports NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk.data import Split, split
from harness.ntk.measures import ErrorRuler, error_ruler
from harness.ntk.preprocess import to_sphere
from harness.ntk.shapes import Points

PointGeometry = Literal["data", "one", "circle", "whitened", "gaussian", "spiked", "sphere", "hypercube"]
"""Where points come from; "data": a data set."""

TargetFunction = Literal["linear", "sum", "square", "product", "parity", "staircase"]
"""x₁; the sum of all coordinates; x₁² − 1; x₁x₂; x₁x₂x₃; x₁ + x₁x₂ + x₁x₂x₃."""

SPIKES = 4
"""The number of coordinates of spiked points that vary more: those that targets use, and one that no target
uses."""

_STREAM = 5
"""The stream of a seed for what is drawn here, `default_rng([seed, 5])`. Stream 1 is that of data sets."""

Outputs = Float[np.ndarray, " points"]


@dataclass(frozen=True)
class TrainedPoints:
    """The points on which a network is trained and tested, float64. `draw_points` makes it."""

    x: Points
    y: Outputs
    x_test: Points
    y_test: Outputs
    ruler: ErrorRuler
    own_split: bool = False
    """Whether the data came split, so that the seed chose neither training nor test points."""


def draw_points(
    geometry: PointGeometry,
    *,
    data: str,
    preprocess: str,
    targets: str,
    target: TargetFunction,
    signs: bool,
    train: int,
    test: int,
    inputs: int,
    anisotropy: float,
    snr: float,
    seed: int,
) -> TrainedPoints:
    """The points of a seed. With `signs`, targets are replaced by their signs, those of test points too.

    Raises `StageError` if the setting has no such points, and `DataError` as `data.split` does.
    """
    if geometry == "data":
        found = split(data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets)
        return _measured_in_classes(found) if signs else _as_split(found)
    random = np.random.default_rng([seed, _STREAM])
    variances = np.arange(1, inputs + 1.0) ** -anisotropy
    if geometry == "spiked":
        variances = np.where(np.arange(inputs) < SPIKES, snr, 1.0)
    x, y, x_test, y_test = _drawn(geometry, target, train, test, inputs, variances, random)
    if signs:
        y, y_test = np.sign(y), np.sign(y_test)
    size = float(np.sqrt(np.mean(y_test**2)))
    return TrainedPoints(x, y, x_test, y_test, ErrorRuler(y_test, 1.0, size or 1.0))


def _as_split(found: Split) -> TrainedPoints:
    return TrainedPoints(
        found.x_train, found.y_train, found.x_test, found.y_test, error_ruler(found), found.own_split
    )


def _measured_in_classes(found: Split) -> TrainedPoints:
    y, y_test = np.sign(found.y_train), np.sign(found.y_test)
    return TrainedPoints(
        found.x_train, y, found.x_test, y_test, ErrorRuler(y_test, 1.0, 1.0), found.own_split
    )


def _drawn(
    geometry: PointGeometry,
    target: TargetFunction,
    train: int,
    test: int,
    inputs: int,
    variances: Outputs,
    random: np.random.Generator,
) -> tuple[Points, Outputs, Points, Outputs]:
    """Draw training and test points as the module's docstring says."""
    if geometry == "one":
        x = np.ones((1, 1))
        return x, np.zeros(1), x, np.zeros(1)
    if geometry == "circle":
        return _polygon(train, test, random)
    if geometry == "whitened":
        return _whitened(train, test, inputs, random)
    z = random.standard_normal((train + test, inputs))
    x, moments = z, (1.0, 1.0, 1.0, 3.0)
    if geometry in ("gaussian", "spiked"):
        x = z * np.sqrt(variances / variances.mean())
    elif geometry == "sphere":
        x = z = to_sphere(z)
        d = inputs
        moments = (1.0, d / (d + 2), d**2 / ((d + 2) * (d + 4)), 3 * d / (d + 2))
    else:
        x = z = np.sign(z)
        moments = (1.0, 1.0, 1.0, 1.0)
    y = x.sum(axis=1) / math.sqrt(inputs) if target == "sum" else _target(target, z, moments)
    return x[:train], y[:train], x[train:], y[train:]


def _polygon(train: int, test: int, random: np.random.Generator) -> tuple[Points, Outputs, Points, Outputs]:
    if train % 2:
        raise StageError(f"circle: expected an even number of points, as targets alternate, found {train}")
    angles = np.concatenate([2 * np.pi * np.arange(train) / train, 2 * np.pi * random.random(test)])
    x = math.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    y = np.cos(train / 2 * angles)
    y[:train] = np.where(np.arange(train) % 2, -1.0, 1.0)
    return x[:train], y[:train], x[train:], y[train:]


def _whitened(
    train: int, test: int, inputs: int, random: np.random.Generator
) -> tuple[Points, Outputs, Points, Outputs]:
    if train > inputs:
        raise StageError(f"whitened: expected at most as many points as inputs, {inputs}, found {train}")
    basis, _ = np.linalg.qr(random.standard_normal((inputs, train)))
    x = math.sqrt(inputs) * basis.T
    y = np.where(random.random(train) < 0.5, -1.0, 1.0)
    x_test = to_sphere(random.standard_normal((test, inputs)))
    return x, y, x_test, x_test @ (x.T @ y) / inputs


def _target(target: TargetFunction, z: Points, moments: tuple[float, float, float, float]) -> Outputs:
    """A target of variance one. `moments`: E z₁², E z₁²z₂², E z₁²z₂²z₃² and E z₁⁴.

    The terms of a staircase are uncorrelated: each of them is odd in another set of coordinates.
    """
    one, two, three, fourth = moments
    terms: dict[TargetFunction, tuple[Callable[[], Outputs], float]] = {
        "linear": (lambda: z[:, 0], one),
        "square": (lambda: z[:, 0] ** 2 - one, fourth - one**2),
        "product": (lambda: z[:, 0] * z[:, 1], two),
        "parity": (lambda: z[:, 0] * z[:, 1] * z[:, 2], three),
        "staircase": (lambda: z[:, 0] * (1 + z[:, 1] * (1 + z[:, 2])), one + two + three),
    }
    value, variance = terms[target]
    if not variance:
        raise StageError(f"target {target}: expected a target that varies, found the same at every point")
    needed = {"product": 2, "parity": 3, "staircase": 3}.get(target, 1)
    if z.shape[1] < needed:
        raise StageError(f"target {target}: expected at least {needed} inputs, found {z.shape[1]}")
    return value() / math.sqrt(variance)
