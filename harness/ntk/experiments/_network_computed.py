"""What a trial of `ntk.network` computes: a network through its training, and what predicts it.

Stages follow one another. If one fails, only the stages that need it fail with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from harness.declare import NotCovered, StageError, stage
from harness.ntk.network_alternatives import NetworkScale, TestOutputs, alternatives
from harness.ntk.network_data import NetworkPoints, network_points
from harness.ntk.seen_kernel import SeenKernel
from harness.ntk.trainable import (
    Course,
    LastInputs,
    Recipe,
    Trainable,
    Walked,
    require_fallen_loss,
    times_of,
)

CONSTANT = 1e-10
"""The change of a kernel up to which the network counts as linear in its parameters: float64's rounding gives
1e-15, and one step of a network in the kernel regime 1e-6 and more."""

WORK = 2e12
"""The product (points · outputs)² · parameters up to which a kernel is computed whole. At 40 GFLOP/s this
takes about 100 s of one core for each look at the kernel if Jacobians fit into memory, and twice that row by
row with one output."""

END = -1
"""The place of the look after training."""


@dataclass(frozen=True)
class TrainingSetting:
    """The parameters of `ntk.network`, except those of the model."""

    seed: int
    data: str
    preprocess: str
    targets: str
    train: int
    test: int
    recipe: Recipe
    learning_rate: float
    in_stable_units: bool
    steps: int
    target_loss: float
    kernel_by: str
    checkpoint: bool


class NetworkTrial:
    """One trial.

    Each property is computed when it is first asked for. It raises `StageError` or `NotCovered` if it cannot
    be computed.
    """

    def __init__(self, draw: Callable[[int, int], Trainable], setting: TrainingSetting) -> None:
        """`draw` gives the network of a seed, for a number of input features."""
        self.setting, self.recipe, self._draw = setting, setting.recipe, draw

    @cached_property
    def points(self) -> NetworkPoints:
        at = self.setting
        return network_points(
            at.data, self.recipe.loss, train=at.train, test=at.test, seed=at.seed, preprocess=at.preprocess,
            targets=at.targets,
        )  # fmt: skip

    @cached_property
    def scale(self) -> NetworkScale:
        return NetworkScale(self.points, self.recipe.loss)

    @cached_property
    def network(self) -> Trainable:
        """The drawn network, after its checks.

        Raises `ModelError` if it cannot be measured, and `NotCovered` if it is a checkpoint, unless the
        setting asks to describe one.
        """
        points, loss = self.points, self.recipe.loss
        features = points.x_train.shape[1]
        network = self._draw(self.setting.seed, features)
        network.require_sound(points.x_train, points.outputs, loss)
        if not (self.setting.checkpoint or network.is_redrawn(features)):
            raise NotCovered(
                f"model {network.name}: init gives the same parameters for every key: one network can be "
                "described (checkpoint = true; `harness diagnose` does so), and not judged over seeds"
            )
        return network

    @cached_property
    def largest_stable_rate(self) -> float:
        """2/λ₀."""
        return 2 / self.network.sharpness(0, self.points.x_train, self.recipe.loss)

    @cached_property
    def rate(self) -> float:
        if not self.setting.in_stable_units:
            return self.setting.learning_rate
        if self.recipe.optimizer != "sgd":
            raise StageError(f"rate-unit stable: 2/λ₀ is of sgd, and not of {self.recipe.optimizer}")
        return self.setting.learning_rate * self.largest_stable_rate

    @cached_property
    def course(self) -> Course:
        at, points = self.setting, self.points
        return Course(
            self.recipe,
            points.x_train,
            points.y_train,
            self.rate,
            at.target_loss,
            times_of(at.steps),
            at.seed,
        )

    @cached_property
    def whole(self) -> bool:
        """Whether kernels are computed whole."""
        if self.setting.kernel_by != "auto":
            return self.setting.kernel_by == "jacobians"
        return self.points.y_train.size**2 * self.network.size() <= WORK

    @cached_property
    def kernel_before(self) -> SeenKernel:
        return self._kernel(0)

    def _kernel(self, place: int) -> SeenKernel:
        points = self.points
        return self.network.kernel(place, points.x_train, points.outputs, entire=self.whole)

    @cached_property
    def walked(self) -> list[Walked]:
        """What training shows at the looks at the kernel, the last of which is where training ended."""
        found = self.network.train(self.course)
        require_fallen_loss("network", self.first_loss, found[-1], self._rate_in_words())
        return found

    @cached_property
    def first_loss(self) -> float:
        y, out = self.points.y_train, self.f_0
        if self.recipe.loss == "squared":
            return float(np.mean((out - y) ** 2))
        above = out - out.max(axis=1, keepdims=True)
        logarithms = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
        return float(-np.mean(np.sum(y * logarithms, axis=1)))

    def _rate_in_words(self) -> str:
        said = f"{self.recipe.rule}, rate {self.rate:.3g}"
        if not self.recipe.descends:
            return said
        return f"{said}, which is {self.rate / self.largest_stable_rate:.3g} times 2/λ₀"

    @cached_property
    def f_0(self) -> Float[np.ndarray, "train outputs"]:
        return self.network.outputs(0, self.points.x_train)

    @cached_property
    def f_0_test(self) -> TestOutputs:
        return self.network.outputs(0, self.points.x_test)

    @cached_property
    def predicted(self) -> TestOutputs:
        """What the trained network predicts, in the form that distances compare."""
        self.walked  # noqa: B018  # it is trained
        return self.scale.seen(self.network.outputs(END, self.points.x_test))

    @cached_property
    def linearised(self) -> TestOutputs:
        """What its linearisation predicts after as many steps.

        The target loss does not end this training early.
        """
        at, course = self.setting, self.course
        times = [self.walked[-1].step]
        alike = Course(self.recipe, course.x, course.y, course.rate, -1.0, times, at.seed)
        last, out = self.network.train_linearised(alike, self.points.x_test)
        require_fallen_loss("linearised network", self.first_loss, last, self._rate_in_words())
        return self.scale.seen(out)

    @cached_property
    def own_ntk(self) -> TestOutputs:
        """What regression with its kernel before training predicts after as many steps."""
        if not self.recipe.has_closed_form:
            found = f"{self.recipe.loss} by {self.recipe.rule}"
            raise NotCovered(f"closed forms are of gradient descent on squared loss, found {found}")
        residual = self.points.y_train - self.f_0
        pace = self.rate * 2 / residual.size  # of gradient descent on ½Σr²
        taken = self.kernel_before.after_steps(residual, pace, self.walked[-1].step)
        points = self.points
        predicted: TestOutputs = self.f_0_test + self.network.across(0, points.x_train, points.x_test, taken)
        return predicted

    @cached_property
    def after_kernel(self) -> TestOutputs:
        """What regression with its kernel after training predicts."""
        if self.recipe.loss != "squared":
            raise NotCovered("regression is of squared loss, and the network was trained on cross-entropy")
        points = self.points
        taken = self.kernels[-1].to_the_end("after-kernel", points.y_train - self.f_0)
        predicted: TestOutputs = self.f_0_test + self.network.across(
            END, points.x_train, points.x_test, taken
        )
        return predicted

    @cached_property
    def kernels(self) -> list[SeenKernel]:
        """The kernel at each of the looks.

        Raises `NotCovered` if it does not change at all, as the network is then linear in its parameters.
        """
        found = [self._kernel(place + 1) for place in range(len(self.walked))]
        if max(each.change_from(self.kernel_before) for each in found) <= CONSTANT:
            raise NotCovered(
                f"model {self.network.name}: its kernel is constant: it is linear in its parameters, and so "
                "its own linearisation"
            )
        return found

    def kernel_change(self, time: int) -> float:
        """The change of the kernel up to the first look at step `time` or later.

        If training ended before, the change up to the end.
        """
        looks = enumerate(self.walked)
        place = next((place for place, look in looks if look.step >= time), END)
        return self.kernels[place].change_from(self.kernel_before)

    @cached_property
    def features_before(self) -> LastInputs:
        """What enters the last layer before training, at the training points and then at the test points."""
        points = self.points
        return self.network.last_inputs(0, np.concatenate([points.x_train, points.x_test]))

    def features_moved(self) -> float:
        """‖Φ − Φ₀‖ / ‖Φ₀‖ at the training points, over the leaves that differ between points."""
        x = self.points.x_train
        before, after = [leaf[: len(x)] for leaf in self.features_before], self.network.last_inputs(END, x)
        used = [bool(np.any(leaf != leaf[:1])) for leaf in before]
        if not any(used):
            raise NotCovered(f"model {self.network.name}: nothing of an input reaches its last layer")
        now, then = (
            np.concatenate([leaf for leaf, uses in zip(leaves, used, strict=True) if uses], axis=1)
            for leaves in (after, before)
        )
        return float(np.linalg.norm(now - then) / np.linalg.norm(then))

    def alternatives(self) -> dict[str, float]:
        """The quantities of the nearest alternative and of the best one."""
        try:
            features: LastInputs | None = self.features_before
        except NotCovered:
            features = None
        found = alternatives(self.scale, self.f_0, self.f_0_test, features)
        far = {name: self.scale.distance(self.predicted, seen) for name, seen in found.items()}
        errors = {name: self.scale.error(seen) for name, seen in found.items()}
        nearest = min(far, key=lambda name: far[name])
        return {
            "nearest-alternative.error": errors[nearest],
            "best-alternative.error": min(errors.values()),
            "network-vs-nearest-alternative.distance": far[nearest],
        }


def measured_of(made: NetworkTrial) -> dict[str, float]:
    """Every quantity of the trial, stage by stage."""
    measured: dict[str, float] = {}
    with stage("data") as data_stage:
        data_stage.fixed = made.points.own_split
    made.network  # noqa: B018  # an unsound model ends the trial
    with stage("largest stable rate"):
        measured["largest-stable-rate"] = made.largest_stable_rate
    with stage("training") as trained:
        measured |= _training(made)
    if not trained.ok:
        return measured
    with stage("classes"):
        measured["network.accuracy"] = _accuracy(made)
    with stage("rate of gradient descent"):
        measured |= _rates(made)
    with stage("kernel"):
        measured |= _kernel(made)
    with stage("features"):
        measured["features-moved"] = made.features_moved()
    scale = made.scale
    with stage("linearised"):
        measured["linearised.error"] = scale.error(made.linearised)
        measured["network-vs-linearised.distance"] = scale.distance(made.predicted, made.linearised)
    with stage("own NTK"):
        measured["own-ntk.error"] = scale.error(made.own_ntk)
        measured["network-vs-own-ntk.distance"] = scale.distance(made.predicted, made.own_ntk)
    with stage("linearised beside own NTK"):
        measured["linearised-vs-own-ntk.distance"] = scale.distance(made.own_ntk, made.linearised)
    with stage("after-kernel"):
        measured["after-kernel.error"] = scale.error(made.after_kernel)
        measured["network-vs-after-kernel.distance"] = scale.distance(made.predicted, made.after_kernel)
    with stage("alternatives"):
        measured |= made.alternatives()
    return measured


def _training(made: NetworkTrial) -> dict[str, float]:
    points, end, scale = made.points, made.walked[-1], made.scale
    untrained = scale.seen(made.f_0_test)
    mean = np.broadcast_to(points.y_train.mean(axis=0), points.y_test.shape)
    return {
        "parameters": float(made.network.size()),
        "steps": float(end.step),
        "learning-rate": made.rate,
        "initial-loss": made.first_loss,
        "final-loss": end.loss,
        "weights-moved": made.network.weights_moved(),
        "network.error": scale.error(made.predicted),
        "untrained.error": scale.error(untrained),
        "mean.error": scale.error(mean),
        "network-vs-untrained.distance": scale.distance(made.predicted, untrained),
    }


def _accuracy(made: NetworkTrial) -> float:
    if made.recipe.loss != "cross-entropy":
        raise NotCovered("targets of squared loss are numbers, and no classes")
    right = made.predicted.argmax(axis=1) == made.points.y_test.argmax(axis=1)
    return float(right.mean())


def _rates(made: NetworkTrial) -> dict[str, float]:
    if not made.recipe.descends:
        raise NotCovered(f"2/λ₀ bounds the rate of gradient descent, and not that of {made.recipe.rule}")
    after = made.network.sharpness(END, made.points.x_train, made.recipe.loss)
    return {
        "rate-over-stable": made.rate / made.largest_stable_rate,
        "rate-over-stable.after": made.rate * after / 2,
    }


def _kernel(made: NetworkTrial) -> dict[str, float]:
    y = made.points.y_train
    sixteenth, quarter, end = times_of(made.setting.steps)
    return {
        "kernel-change.sixteenth": made.kernel_change(sixteenth),
        "kernel-change.quarter": made.kernel_change(quarter),
        "kernel-change": made.kernel_change(end),
        "kernel-alignment.before": made.kernel_before.alignment(y),
        "kernel-alignment.after": made.kernels[END].alignment(y),
        "kernel.probes": float(made.kernel_before.probes),
    }
