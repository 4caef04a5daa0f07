"""The training problem of the benchmarks: points on the sphere, one network, and gradient descent's rate.

Every call trains by the same amount of work: a given number of steps, with a target loss of zero. The loss is
evaluated as often as in an experiment.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from harness.ntk.architecture import Architecture
from harness.ntk.data import split
from harness.ntk.fully_connected import FullyConnected, fully_connected
from harness.ntk.model import Params
from harness.ntk.optimizers import rule
from harness.ntk.train import GRADIENT_DESCENT, Final, descend, initialise, largest_eigenvalue, network_key

TEST = 8
"""The number of test points: few, because training is timed."""

UNITS = 0.75
"""The learning rate in units of 2/λ_max, as experiments have it."""

AGREEMENT = 1e-3
"""The largest relative difference. Two programs that take the same steps in float32 differ by 6e-8 a sum, and
by 1e-5 after some hundreds of steps. One that takes another step, or one step less, differs by a percent and
more."""


class Evaluation(NamedTuple):
    """Parameters, and the gradient and the loss at them."""

    params: Params
    slope: Params
    loss: Float[Array, ""]


@dataclass(frozen=True)
class TrainingProblem:
    """One network before training, and what it is trained on. `training_problem` makes it."""

    model: FullyConnected
    params: Params
    x: Float[Array, "train inputs"]
    y: Float[Array, " train"]
    x_test: Float[Array, "test inputs"]
    rate: Float[Array, ""]

    @property
    def architecture(self) -> Architecture:
        return self.model.architecture


def training_problem(*, points: int, hidden: int, width: int) -> TrainingProblem:
    """The first network of seed 0, on the sphere's points of seed 0."""
    model = fully_connected(Architecture(hidden, width))
    data = split("sphere", train=points, test=TEST, seed=0)
    x, y, x_test = jnp.asarray(data.x_train), jnp.asarray(data.y_train), jnp.asarray(data.x_test)
    initial = initialise(network_key(0, 0), model, x, x_test)
    largest = largest_eigenvalue(initial.params, model, x)
    return TrainingProblem(model, initial.params, x, y, x_test, UNITS * 2 / largest)


def compiled(given: TrainingProblem, steps: int) -> Callable[[], Final]:
    """The whole training as one program, as experiments run it."""
    return partial(descend, *_arguments(given, steps))


def reference(given: TrainingProblem, steps: int) -> Final:
    """The end of that training, by a separate program, so that the first call of `compiled` still compiles.

    Raises `ValueError` if the loss does not fall.
    """
    final: Final = _reference(*_arguments(given, steps))
    if int(final.steps) != steps or not final.loss < final.initial_loss:
        raise ValueError(
            f"training: expected {steps} steps that lower the loss, found {int(final.steps)}, "
            f"from {float(final.initial_loss):.3g} to {float(final.loss):.3g}"
        )
    return final


@partial(jax.jit, static_argnums=(1, 2))
def _reference(*arguments: Any) -> Final:
    # JAX keeps one program per function and shapes. This is another function with the same steps.
    final: Final = inspect.unwrap(descend)(*arguments)
    return final


def _arguments(given: TrainingProblem, steps: int) -> tuple[Any, ...]:
    return (
        given.params, given.model, GRADIENT_DESCENT, given.x, given.y, given.x_test, given.rate,
        jnp.zeros(()), jnp.asarray(steps, dtype=jnp.int32),
    )  # fmt: skip


def stepwise(
    given: TrainingProblem,
) -> tuple[Callable[[Params], Evaluation], Callable[[Evaluation], Evaluation]]:
    """The same steps as separate programs: the start of training, and one step from there."""
    x, y = (array.astype(given.params[0][0].dtype) for array in (given.x, given.y))
    rate = given.rate.astype(x.dtype)
    plain = rule(GRADIENT_DESCENT, given.model, given.params, x, y, rate, None)

    def looked(params: Params) -> Evaluation:
        return Evaluation(params, *plain.look(params))

    def step(state: Evaluation) -> Evaluation:
        return looked(plain.advance(state.params, state.slope, jnp.zeros((), jnp.int32)))

    return jax.jit(looked), jax.jit(step)


def require_agreement(what: str, found: Float[Array, ""], expected: Float[Array, ""]) -> None:
    """Raise `ValueError` unless two losses agree within `AGREEMENT`."""
    if not abs(found - expected) <= AGREEMENT * abs(expected):
        raise ValueError(f"{what}: expected the loss {float(expected):.6g}, found {float(found):.6g}")
