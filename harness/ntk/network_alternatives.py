"""Alternatives to a trained network's tangent kernel: predictors that may predict alike without it.

    untrained        f₀
    rbf, laplace, matern32   regression on y − f₀(X) with a kernel that knows no network, added to f₀
    last-layer       the same with the kernel Φ Φᵀ of what enters the last layer before training

Each kernel has the ridge that leave-one-out prefers, and its length is the median distance between training
points. With cross-entropy, regression is on the shares of the classes themselves. An alternative that cannot
be computed is left out; `untrained` is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk import kernels, solve
from harness.ntk.network_data import NetworkPoints
from harness.ntk.trainable import LastInputs, Loss

TestOutputs = Float[np.ndarray, "test outputs"]


@dataclass(frozen=True)
class NetworkScale:
    """Errors and distances of one trial, in `NetworkPoints.unit`.

    It is made from the trial's points and loss.
    """

    points: NetworkPoints
    loss: Loss

    def seen(self, out: TestOutputs) -> TestOutputs:
        """Outputs in the form that is compared: with cross-entropy, the shares that they give to classes."""
        if self.loss == "squared":
            return out
        powers = np.exp(out - out.max(axis=1, keepdims=True))
        shares: TestOutputs = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def distance(self, a: TestOutputs, b: TestOutputs) -> float:
        """The root mean square difference of two predictors' compared outputs at the test points."""
        return float(np.sqrt(np.mean((a - b) ** 2))) / self.points.unit

    def error(self, seen: TestOutputs) -> float:
        """The root mean square error at the test points."""
        return self.distance(seen, self.points.y_test)


def alternatives(
    scale: NetworkScale,
    f_0: Float[np.ndarray, "train outputs"],
    f_0_test: TestOutputs,
    last: LastInputs | None,
) -> Mapping[str, TestOutputs]:
    """What each alternative predicts, in the form that is compared.

    `last`: the inputs of the last layer at the training and then the test points, if they are known
    """
    points = scale.points
    given = scale.loss == "squared"
    targets = points.y_train - f_0 if given else points.y_train
    found = {"untrained": scale.seen(f_0_test)}
    for name, (gram, cross) in _kernels(points, last).items():
        try:
            solver = solve.factor(name, gram)
            columns = [solver.leave_one_out(cross, column).predictions for column in targets.T]
        except StageError:
            continue
        regressed = np.stack(columns, axis=1)
        found[name] = f_0_test + regressed if given else regressed
    return found


def _kernels(points: NetworkPoints, last: LastInputs | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    x, x_test = points.x_train, points.x_test
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    radials: dict[str, Callable[..., np.ndarray]] = {
        "rbf": kernels.rbf, "laplace": kernels.laplace, "matern32": kernels.matern32,
    }  # fmt: skip
    try:
        length = kernels.median_distance(x)
    except StageError:
        radials = {}
    for name, radial in radials.items():
        found[name] = radial(x, x, length), radial(x_test, x, length)
    if last is not None:
        features = np.concatenate(last, axis=1)
        train, test = features[: len(x)], features[len(x) :]
        found["last-layer"] = train @ train.T, test @ train.T
    return found
