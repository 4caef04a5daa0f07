"""A JAX model in the form that `ntk.network` measures."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from harness.declare import NotCovered
from harness.ntk import model_checks, network_features, optax_training, stability, tangent_products
from harness.ntk.model import Model, Params, cast
from harness.ntk.model_habits import require_logits
from harness.ntk.optax_training import OptaxProblem, TrainingState
from harness.ntk.seen_kernel import OutputsAtPoints, SeenKernel
from harness.ntk.several_outputs import require_outputs, several_outputs
from harness.ntk.tangent import Moving
from harness.ntk.train import batch_key, network_key
from harness.ntk.trainable import Course, LastInputs, Loss, NetworkInputs, OutputsAtTest, TestInputs, Walked


class JaxNetwork:
    """The network of one trial, drawn for inputs with `features` features. It is a `Trainable`."""

    def __init__(self, model: Model, seed: int, features: int) -> None:
        self.name, self.model, self._seed = model.name, several_outputs(model), seed
        self.places: list[Params] = [self.model.draw(network_key(seed, 0), features)]
        self._last: Moving | None = None

    @property
    def _start(self) -> Params:
        return self.places[0]

    def require_sound(self, x: NetworkInputs, outputs: int, loss: Loss) -> None:
        """Raise `ModelError` if the network is unsound, `NotCovered` for cross-entropy with one output."""
        require_outputs(self.model, self._start, x, outputs)
        model_checks.require_sound(self.model, network_key(self._seed, 0), x)
        if loss == "cross-entropy":
            if outputs < 2:
                raise NotCovered("cross-entropy of one output: give two classes two outputs")
            require_logits(self.model, self._start, x[:3])

    def is_redrawn(self, features: int) -> bool:
        other = self.model.draw(network_key(self._seed, 1), features)
        pairs = zip(jax.tree.leaves(self._start), jax.tree.leaves(other), strict=True)
        return not all(np.array_equal(one, two) for one, two in pairs)

    def size(self) -> int:
        return sum(leaf.size for leaf in jax.tree.leaves(self._start))

    def sharpness(self, place: int, x: NetworkInputs, loss: Loss) -> float:
        return stability.sharpness(self.model, loss, self.places[place], jnp.asarray(x))

    def train(self, course: Course) -> list[Walked]:
        seen = []
        for state in self._states(course, linear=False):
            self.places.append(state.params)
            seen.append(_walked(state))
        return seen

    def train_linearised(self, course: Course, x_test: NetworkInputs) -> tuple[Walked, OutputsAtPoints]:
        *_, last = self._states(course, linear=True)
        start, params = cast(self._start, jnp.float64), cast(last.params, jnp.float64)
        out = optax_training.linearised_outputs(self.model, start, params, jnp.asarray(x_test))
        return _walked(last), np.asarray(out)

    def _states(self, course: Course, *, linear: bool) -> list[TrainingState]:
        x, y = (jnp.asarray(each, dtype=jnp.float32) for each in (course.x, course.y))
        rate, target = jnp.float32(course.rate), jnp.float32(course.target)
        problem = OptaxProblem(x, y, rate, target, batch_key(course.seed, 0))
        times = sorted(set(course.times))
        trained = optax_training.train_by_optax(
            self.model, course.recipe, self._start, problem, times, linear=linear
        )
        return list(trained)

    def outputs(self, place: int, x: NetworkInputs) -> OutputsAtPoints:
        precise = cast(self.places[place], jnp.float64)
        return np.asarray(optax_training.network_outputs(self.model, precise, jnp.asarray(x)))

    def kernel(self, place: int, x: NetworkInputs, outputs: int, *, entire: bool) -> SeenKernel:
        params = self.places[place]
        return tangent_products.tangent_kernel(self.model, params, x, outputs, entire=entire)

    def across(
        self, place: int, x: NetworkInputs, x_test: TestInputs, coefficients: OutputsAtPoints
    ) -> OutputsAtTest:
        return tangent_products.carried_across(self.model, self.places[place], x, x_test, coefficients)

    def weights_moved(self) -> float:
        start, now = (jax.tree.leaves(cast(self.places[place], jnp.float64)) for place in (0, -1))
        gap = sum(float(jnp.sum((a - b) ** 2)) for a, b in zip(now, start, strict=True))
        return float((gap / sum(float(jnp.sum(leaf**2)) for leaf in start)) ** 0.5)

    def last_inputs(self, place: int, x: NetworkInputs) -> LastInputs:
        if self._last is None:
            self._last = network_features.found_last_layer(self.model, self._start, x[:8])
        return network_features.last_inputs(self.model, self.places[place], x, self._last)


def _walked(state: TrainingState) -> Walked:
    return Walked(int(state.step), float(state.loss))
