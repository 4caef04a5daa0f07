"""The parts of a trial of `ntk.dynamics`: a network, its linearisation, and what kernels predict of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from harness.ntk import dynamics as paths
from harness.ntk import kernels, modes, network, solve
from harness.ntk import layers as parts
from harness.ntk import train as training
from harness.ntk.architecture import Architecture
from harness.ntk.data import Split
from harness.ntk.empirical import float64_ntk
from harness.ntk.fully_connected import fully_connected

PredictionsOverTime = Float[np.ndarray, "times test"]


class TrainTestKernels(NamedTuple):
    """A kernel between the training points, and between test and training points."""

    gram: solve.Gram
    cross: solve.Cross

    def times(self, factor: float) -> TrainTestKernels:
        """The same kernel, multiplied by `factor`."""
        return TrainTestKernels(factor * self.gram, factor * self.cross)


@dataclass(frozen=True)
class DynamicsProblem:
    """A network before training, what it is trained on, and kernels of infinite width.

    `prepare_problem` makes it.

    numbers: the numbers of the trained layers; None if all are trained
    ntk: the analytic NTK of the trained layers
    whole: the analytic NTK of all layers
    """

    architecture: Architecture
    numbers: tuple[int, ...] | None
    params: network.Params
    x: Float[np.ndarray, "train inputs"]
    y: Float[np.ndarray, " train"]
    x_test: Float[np.ndarray, "test inputs"]
    f_0: Float[np.ndarray, " train"]
    f_0_test: Float[np.ndarray, " test"]
    rate: float
    times: Int[np.ndarray, " times"]
    ntk: TrainTestKernels
    nngp: TrainTestKernels
    whole: TrainTestKernels

    @property
    def steps(self) -> int:
        return int(self.times[-1])

    @property
    def setting(self) -> tuple[Array, ...]:
        """The points, the learning rate and the recorded times, in the order that training paths expect."""
        arrays = (self.x, self.y, self.x_test, self.rate, self.times)
        return tuple(jnp.asarray(each) for each in arrays)

    def predicted(
        self, kernel: TrainTestKernels, solver: solve.Solver
    ) -> tuple[PredictionsOverTime, Float[np.ndarray, " times"]]:
        """Predictions at the test points, and the norm of the residual, both at the recorded times.

        `solver` must be made from the same kernel.
        """
        at = [(np.asarray(float(time)), np.asarray(self.rate)) for time in self.times]
        start = (self.y, self.f_0)
        at_test = np.stack([solver.after(*when, kernel.cross, *start, self.f_0_test) for when in at])
        at_train = np.stack([solver.after(*when, kernel.gram, *start, self.f_0) for when in at])
        return at_test, np.linalg.norm(at_train - self.y, axis=1)

    def own_kernel(self) -> TrainTestKernels:
        """The network's own NTK of the trained layers, before training."""
        gram, cross = (
            float64_ntk(self.params, self.architecture, first, second, self.numbers)
            for first, second in ((self.x, None), (self.x_test, self.x))
        )
        return TrainTestKernels(gram, cross)


def prepare_problem(
    architecture: Architecture,
    points: Split,
    *,
    seed: int,
    layers: parts.Layers,
    learning_rate: float,
    scale: float,
    centred: bool,
    steps: int,
) -> DynamicsProblem:
    """Draw the first network of a seed and prepare its training.

    Raises `StageError` if there is no learning rate.
    """
    x, x_test, model = points.x_train, points.x_test, fully_connected(architecture)
    nngp, ntk = (
        TrainTestKernels(gram, cross)
        for gram, cross in zip(
            kernels.nngp_ntk(architecture, x), kernels.nngp_ntk(architecture, x_test, x), strict=True
        )
    )
    whole, numbers = ntk, None
    initial = training.initialise(training.network_key(seed, 0), model, x, x_test)
    params = network.in_float64(initial.params)
    if layers != "all":
        numbers = parts.numbers_of(layers, architecture.hidden)
        ntk = TrainTestKernels(
            parts.partial_ntk(architecture, layers, x), parts.partial_ntk(architecture, layers, x_test, x)
        )
        own = np.array([solve.largest_eigenvalue(float64_ntk(params, architecture, x, layers=numbers))])
    else:
        own = training.own_largest_eigenvalues([initial], model, x)
    rate = training.learning_rates(learning_rate, solve.largest_eigenvalue(ntk.gram), own)[0]
    f_0, f_0_test = (np.asarray(training.outputs(params, model, each)) for each in (x, x_test))
    y = points.y_train / scale
    return DynamicsProblem(
        architecture, numbers, params, x, y + f_0 if centred else y, x_test, f_0, f_0_test, float(rate),
        paths.recorded_times(steps), ntk, nngp, whole,
    )  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """A network followed through its training. `follow_training` makes it."""

    residuals: Float[np.ndarray, "steps_and_one train"]
    f_test: PredictionsOverTime
    measured: dict[str, float]


Farthest = Callable[[PredictionsOverTime, PredictionsOverTime], float]
"""A function that gives the greatest distance between two paths over the recorded times."""


def follow_training(
    problem: DynamicsProblem, distance: Callable[[np.ndarray, np.ndarray], float], scale: float
) -> Followed:
    """Train the network and record its path. Raises `StageError` if its loss does not fall."""
    path, motion = paths.follow(
        problem.params, problem.architecture, *problem.setting, problem.steps, problem.numbers
    )
    residuals, f_test = np.asarray(path.residuals), np.asarray(path.f_test)
    initial_loss, *_, final_loss = (float(loss) for loss in np.mean(residuals**2, axis=1))
    paths.require_fallen("network", initial_loss, final_loss, problem.steps)
    weights, norms = np.asarray(motion.weights), np.asarray(motion.weight_norms)
    measured = {
        "initial-loss": initial_loss * scale**2,
        "final-loss": final_loss * scale**2,
        "learning-rate": problem.rate / scale**2,
        "network-vs-untrained.distance": distance(f_test[-1], problem.f_0_test),
        "weights-moved": float(np.max(np.linalg.norm(weights, axis=1)) / np.linalg.norm(norms)),
        "input-weights-moved": float(np.max(weights[:, 0]) / norms[0]),
        "output-weights-moved": float(np.max(weights[:, -1]) / norms[-1]),
        "features-moved": float(np.max(motion.features)),
        "kernel-drift": float(np.max(motion.kernel)),
    }
    return Followed(residuals, f_test, measured)


def beside_linearised(problem: DynamicsProblem, followed: Followed, farthest: Farthest) -> dict[str, float]:
    """Compare the linearised network with its closed form, and the network with the linearised one."""
    linear = paths.follow_linearised(
        problem.params, problem.architecture, *problem.setting, problem.steps, problem.numbers
    )
    linear_test = np.asarray(linear.f_test)
    own = problem.own_kernel()
    closed, _ = problem.predicted(own, solve.factor("own NTK", own.gram))
    infinite, _ = problem.predicted(problem.ntk, solve.factor("NTK", problem.ntk.gram))
    losses = np.mean(np.asarray(linear.residuals) ** 2, axis=1)
    paths.require_fallen("linearised network", float(losses[0]), float(losses[-1]), problem.steps)
    return {
        "linearised-vs-closed-form.distance": farthest(linear_test, closed),
        "linearised-vs-infinite.distance": farthest(linear_test, infinite),
        "network-vs-linearised.distance": farthest(followed.f_test, linear_test),
    }


def beside_infinite(problem: DynamicsProblem, followed: Followed, farthest: Farthest) -> dict[str, float]:
    """Compare the network with what kernels of infinite width predict from the same start."""
    residuals, measured = followed.residuals, dict[str, float]()
    at_times = np.linalg.norm(residuals[problem.times], axis=1)
    matched = float(np.trace(problem.ntk.gram) / np.trace(problem.nngp.gram))
    for name, kernel in (("infinite", problem.ntk), ("nngp", problem.nngp.times(matched))):
        solver = solve.factor(name, kernel.gram)
        prediction, left = problem.predicted(kernel, solver)
        gap = np.max(np.abs(at_times - left)) / np.linalg.norm(residuals[0])
        measured[f"network-vs-{name}.distance"] = farthest(followed.f_test, prediction)
        measured[f"loss-vs-{name}.distance"] = float(gap)
        rates = modes.decay_rates(residuals, solver, problem.rate)
        measured[f"mode-rates-vs-{name}.distance"] = modes.typical_error(*rates)
    share = float(np.trace(problem.ntk.gram) / np.trace(problem.whole.gram))
    whole = problem.whole.times(share)
    prediction, _ = problem.predicted(whole, solve.factor("NTK of all layers", whole.gram))
    measured["network-vs-all-layers.distance"] = farthest(followed.f_test, prediction)
    return measured
