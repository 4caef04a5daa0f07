"""How far predictions are from the truth, and from each other. Each measure is one number per trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.data import Split

Predictions = Float[np.ndarray, "points *#nets"]
Numbers = Float[np.ndarray, " nets"] | np.float64
"""One number for each network, or one number if predictions have no axis of networks."""


@dataclass(frozen=True)
class ErrorRuler:
    """Errors and distances of one trial on its test targets `y`, each in its unit. `error_ruler` makes it."""

    y: Float[np.ndarray, " points"]
    error_unit: float
    distance_unit: float

    def error(self, predictions: Predictions) -> float:
        """Root mean square error in standard deviations of the training targets (`Split.unit`)."""
        return error(predictions, self.y) / self.error_unit

    def distance(self, a: Predictions, b: Predictions) -> float:
        """Root mean square of a − b over the root mean square of the test targets.

        For a user's unchanged targets it is taken over the training targets' standard deviation, because a
        mean far from 0 would make all distances small. As in `distance`, the divisor depends on neither a nor
        b.
        """
        return _apart(a, b) / self.distance_unit


def error_ruler(points: Split, scale: float = 1.0) -> ErrorRuler:
    """The ruler of a trial on `points`, whose targets were divided by `scale`."""
    y, unit = points.y_test / scale, points.unit / scale
    return ErrorRuler(y, unit, unit if points.raw else float(_rms(y)))


def error(predictions: Predictions, y: Float[np.ndarray, " points"]) -> float:
    """Root mean square error, in the targets' unit; for several networks (columns) the geometric mean."""
    return geometric_mean(_rms(predictions - _beside(y, predictions)))


def distance(a: Predictions, b: Predictions, y: Float[np.ndarray, " points"]) -> float:
    """How far apart two predictors are: root mean square of a − b over root mean square of the targets `y`.

    For several networks (columns of either) it is the geometric mean of their distances. The divisor is one
    number per data set and seed; it does not depend on a, b, width, depth or kernel. So all distances of a
    trial are in one unit and obey the triangle inequality, a claim may compare controls of either side, and a
    distance bounds a difference of errors: |error(a) − error(b)| ≤ distance(a, b) · rms(y).
    """
    return _apart(a, b) / float(_rms(y))


def _apart(a: Predictions, b: Predictions) -> float:
    difference = a - b if a.ndim == b.ndim else _beside(a, b) - _beside(b, a)
    return geometric_mean(_rms(difference))


def _beside(values: Predictions, other: Predictions) -> Predictions:
    return values[:, None] if values.ndim < other.ndim else values


def _rms(values: Predictions) -> Numbers:
    root: Numbers = np.sqrt(np.mean(values**2, axis=0))
    return root


def geometric_mean(values: Numbers) -> float:
    """The geometric mean of numbers that are at least 0, one per network."""
    with np.errstate(divide="ignore"):  # equal predictions give 0, as they should
        return float(np.exp(np.mean(np.log(values))))
