"""What a trial of `ntk.regression` computes. Each part is computed once, when it is first asked for.

A part that failed fails again with the same words for everybody who asks. So a quantity is missing only if
something that it needs failed, and networks are trained only if what training needs is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.declare import NotCovered, StageError
from harness.ntk import alternatives, data, measures, model_checks, own_kernels
from harness.ntk import train as training
from harness.ntk.experiments._regression_kernels import SIBLINGS, TrialKernels
from harness.ntk.experiments._regression_predictors import NetworkState, Predictor
from harness.ntk.model import Model
from harness.ntk.optimizers import Optimizer, batch_learning_rates
from harness.ntk.products import ProductPrecision, products
from harness.ntk.solve import Gram

T = TypeVar("T")
Training = Literal["single", "centred"]


@dataclass(frozen=True)
class Setting:
    """The parameters of `ntk.regression`, except those of the model."""

    seed: int
    data: str
    preprocess: str
    targets: str
    noise: float
    train: int
    test: int
    validation: int
    networks: int
    optimizer: Literal["gd", "sgd", "adam"]
    batch: int
    learning_rate: float
    adam_rate: float
    target_loss: float
    max_steps: int
    patience: int
    ridge: float
    precision: ProductPrecision = "float32"


class Computed:
    """One trial. Every property and method raises `StageError` or `NotCovered` if it cannot be computed."""

    def __init__(
        self, model: Model, setting: Setting, kernels_read: Collection[str] = frozenset(SIBLINGS)
    ) -> None:
        """`kernels_read`: the model's kernels that will be read. They are evaluated together."""
        self.model, self.setting, self._kernels_read = model, setting, kernels_read
        batch = min(setting.batch, setting.train) if setting.optimizer == "sgd" else 0
        self._rule = Optimizer(setting.optimizer, batch)
        self._parts: dict[str, Any] = {}

    def _once(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._parts:
            try:
                self._parts[name] = compute()
            except StageError as error:
                self._parts[name] = error
        part: T = self._parts[name]
        if isinstance(part, StageError):
            raise type(part)(*part.args)
        return part

    def predictions(self, predictor: Predictor) -> measures.Predictions:
        """What the predictor predicts at the test points."""
        name = f"predictions of {predictor.name} ({predictor.stage})"
        return self._once(name, lambda: predictor.predict(self))

    def distance(self, a: Predictor, b: Predictor) -> float:
        """The distance between two predictors' predictions.

        `b` is computed first: if its kernel fails, `a` need not be trained.
        """
        other = self.predictions(b)
        return self.ruler.distance(self.predictions(a), other)

    def nearest(self, network: Predictor, predictors: Sequence[Predictor]) -> float:
        """The distance between the networks and the nearest alternative. Fails if any alternative fails."""
        others = {alternative.name: self.predictions(alternative) for alternative in predictors}
        return alternatives.nearest(self.ruler, self.predictions(network), others)

    @property
    def points(self) -> data.Split:
        """Training, test and validation points."""
        at = self.setting
        return self._once("points", lambda: data.split(at.data, train=at.train, test=at.test, seed=at.seed,
            noise=at.noise, validation=at.validation, preprocess=at.preprocess, targets=at.targets,
        ))  # fmt: skip

    @property
    def ruler(self) -> measures.ErrorRuler:
        """The units of errors and distances."""
        return measures.error_ruler(self.points)

    def constant(self, value: float) -> Float[np.ndarray, " test"]:
        """The same number at each test point."""
        return np.full(self.setting.test, value)

    @property
    def targets(self) -> Float[np.ndarray, "train nets"]:
        """The training targets, with one column for each network."""
        return np.repeat(self.points.y_train[:, None], self.setting.networks, axis=1)

    @property
    def initials(self) -> list[training.Initial]:
        """The networks before training. Raises `ModelError` if the model is unsound."""
        return self._once("initials", self._initialised)

    def _initialised(self) -> list[training.Initial]:
        x, x_test, at = self.points.x_train, self.points.x_test, self.setting
        keys = training.network_keys(at.seed, at.networks)
        model_checks.require_sound(self.model, keys[0], np.concatenate([x, x_test]))
        with products(at.precision):
            return training.initialise_each(keys, self.model, x, x_test)

    @property
    def f0(self) -> Float[np.ndarray, "train nets"]:
        """The initial functions at the training points."""
        return self._once("f0", lambda: self._stacked([each.f_train for each in self.initials]))

    @property
    def f0_test(self) -> Float[np.ndarray, "test nets"]:
        """The initial functions at the test points."""
        return self._once("f0_test", lambda: self._stacked([each.f_test for each in self.initials]))

    @staticmethod
    def _stacked(outputs: Sequence[Float[Array, " points"]]) -> Float[np.ndarray, "points nets"]:
        return np.stack([np.asarray(each, dtype=np.float64) for each in outputs], axis=1)

    @property
    def _kernels(self) -> TrialKernels:
        read, ridge = self._kernels_read, self.setting.ridge
        return self._once("kernels", lambda: TrialKernels(self.model, self.points, ridge, read))

    def kernel(self, name: str) -> alternatives.Fitted:
        """The kernel called `name`, factored."""

        def tried() -> None:
            self._kernels.fitted(name)

        self._once(f"{name} kernel", tried)  # a failure is remembered; a kernel of many points may be dropped
        return self._kernels.fitted(name)

    def jitter(self, name: str) -> float:
        """The jitter that a kernel needed, over its largest eigenvalue."""
        fitted = self.kernel(name)
        return fitted.solver.jitter / fitted.factored.largest if fitted.solver.jitter else 0.0

    def condition(self, of: Predictor) -> float:
        """The condition number of a kernel with its ridge. Fails if regression with that kernel fails."""
        self.predictions(of)
        return self.kernel(of.kernel).factored.condition

    @property
    def rates(self) -> Float[np.ndarray, " nets"]:
        """Each network's learning rate."""
        return self._once("rates", self._rates)

    def _rates(self) -> Float[np.ndarray, " nets"]:
        units, rule = self.setting.learning_rate, self._rule
        if rule.name == "adam":
            return np.full(self.setting.networks, self.setting.adam_rate)
        if rule.name == "gd":
            largest = self._analytic(self._kernels.largest_eigenvalue)
            return training.learning_rates(units, largest, self._own_largest())
        gram = self._analytic(self._kernels.gram)
        own = self._initial_grams()
        nothing = np.zeros_like(own[0])  # for a kernel that bounds no rate
        return batch_learning_rates(units, rule.batch, nothing if gram is None else gram, own)

    def _own_largest(self) -> Float[np.ndarray, " nets"]:
        """λ_max of each network's own kernel before training."""
        with products(self.setting.precision):
            return training.own_largest_eigenvalues(self.initials, self.model, self.points.x_train)

    def _initial_grams(self) -> list[Gram]:
        x = self.points.x_train
        return [self.model.tangent_kernel(each.params, x) for each in self.initials]

    @staticmethod
    def _analytic(of: Callable[[str], T]) -> T | None:
        """What `of` gives for the analytic NTK, or None if the model has no analytic NTK."""
        try:
            return of("ntk")
        except NotCovered:
            return None

    def learning_rate(self) -> float:
        """The geometric mean of the learning rates over networks."""
        return float(np.exp(np.mean(np.log(self.rates))))

    def trained(self, kind: Training) -> training.Runs:
        """The networks after training.

        Centred networks are trained on the targets plus their initial functions.
        """
        return self._once(kind, lambda: self._train(kind))

    def _train(self, kind: Training) -> training.Runs:
        at, points = self.setting, self.points
        budget = (self.rates, at.target_loss * points.unit**2, at.max_steps)
        with products(at.precision):
            runs = training.train(
                self.initials, self.model, points.x_train,
                self.targets + self.f0 if kind == "centred" else self.targets, points.x_test, *budget,
                optimizer=self._rule,
                keys=list(training.batch_keys(at.seed, at.networks)) if self._rule.batch else None,
                held_out=self._held_out(kind) if at.validation else None,
            )  # fmt: skip
        training.require_trained(kind, runs, *budget)
        return runs

    def _held_out(self, kind: Training) -> training.HeldOut:
        x, at = self.points.x_validation, self.setting
        y = jnp.repeat(jnp.asarray(self.points.y_validation)[:, None], at.networks, axis=1)
        if kind == "centred":
            y = y + jnp.stack(self._outputs_before(x), axis=1)
        return training.HeldOut(jnp.asarray(x), y, at.patience)

    def _outputs_before(self, x: Float[np.ndarray, "points inputs"]) -> list[Float[Array, " points"]]:
        with products(self.setting.precision):
            return [training.outputs(each.params, self.model, x) for each in self.initials]

    def at_time(self, kind: Training) -> Float[np.ndarray, "test nets"]:
        """What the NTK predicts after as many steps as the networks took.

        It is given f₀; for centred networks it starts from 0.
        """
        if self._rule.name == "adam":
            raise StageError("Adam's steps are not gradient descent's: the NTK predicts nothing at them")
        ntk = self.kernel("ntk")
        runs = self.trained(kind)
        start = (self.f0, self.f0_test)
        if kind == "centred":
            start = (np.zeros_like(self.f0), np.zeros_like(self.f0_test))
        pace = self.rates / runs.stride  # the steps of one epoch together act as one step on all points
        return ntk.factored.after(runs.steps, pace, ntk.cross, self.points.y_train, *start)

    def own(self, which: NetworkState) -> own_kernels.OwnKernels:
        """The networks' own kernels, before training or after."""
        return self._once(f"{which} own kernels", lambda: self._own(which))

    def _own(self, which: NetworkState) -> own_kernels.OwnKernels:
        if which == "initial":
            params = [each.params for each in self.initials]
        else:
            params = self.trained("single" if which == "trained" else "centred").params
        x, x_test = self.points.x_train, self.points.x_test
        return own_kernels.own_kernels(f"{which} tangent", params, self.model, x, x_test, self.setting.ridge)

    def kernel_change(self) -> float:
        """How far training moved the networks' own kernels: the geometric mean over networks."""
        change = self.own("trained").change_from(self.own("initial"))
        return measures.geometric_mean(change)
