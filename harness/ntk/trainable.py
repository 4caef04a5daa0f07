"""What `ntk.network` asks of a network, whichever library it is of; it imports none.

A *place* is a state of the network: 0 before training, 1, 2, … those at which it was looked at, −1 after it.
JAX: `harness.ntk.jax_network`. PyTorch: `harness.ntk.torch_network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk.seen_kernel import OutputsAtPoints, SeenKernel

Loss = Literal["squared", "cross-entropy"]
NetworkInputs = Float[np.ndarray, "points features"]
TestInputs = Float[np.ndarray, "test features"]
OutputsAtTest = Float[np.ndarray, "test outputs"]
LastInputs = list[Float[np.ndarray, "points _"]]
"""What each leaf of a last layer multiplies."""

FALLEN = 0.5
"""Of the initial loss: what training must bring it down to. A network that has hardly moved is near its
linearisation whatever it is, and says nothing of its regime."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, but for its rate; hashable, for programs are compiled for it.

    optimizer: the name of a function of optax. momentum: of sgd. batch: points in a batch; 0: all of them.
    """

    loss: Loss = "squared"
    optimizer: str = "sgd"
    momentum: float = 0.0
    batch: int = 0

    def __post_init__(self) -> None:
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"momentum: expected 0 for {self.optimizer}, found {self.momentum}")

    def stride(self, points: int) -> int:
        """Steps from one look to the next, with `points` training points."""
        return -(-points // self.batch) if 0 < self.batch < points else 1

    @property
    def rule(self) -> str:
        """The rule in words."""
        return f"{self.optimizer}{' with momentum' if self.momentum else ''}"

    @property
    def descends(self) -> bool:
        """Whether it is gradient descent, in batches or not."""
        return self.optimizer == "sgd" and not self.momentum

    @property
    def has_closed_form(self) -> bool:
        """Whether a linear model that is trained so is where powers of its kernel say."""
        return self.loss == "squared" and self.descends


@dataclass(frozen=True)
class Course:
    """How training is to go: on these points, at this rate, with looks at `times`, numbers of steps.

    It ends at the last of these, or once the loss is no higher than `target`. `seed` orders batches.
    """

    recipe: Recipe
    x: NetworkInputs
    y: OutputsAtPoints
    rate: float
    target: float
    times: Sequence[int]
    seed: int


@dataclass(frozen=True)
class Walked:
    """A look at training: after how many steps, and with what loss."""

    step: int
    loss: float


@runtime_checkable  # for shapes that tests check
class Trainable(Protocol):
    """A network before, through and after training. What it lacks raises `StageError` or `NotCovered`."""

    name: str

    def require_sound(self, x: NetworkInputs, outputs: int, loss: Loss) -> None:
        """Raise, with the reason, for a network that mixes rows, or has another number of outputs."""

    def is_redrawn(self, features: int) -> bool:
        """Whether another seed draws other parameters."""

    def size(self) -> int:
        """How many numbers are trained."""

    def sharpness(self, place: int, x: NetworkInputs, loss: Loss) -> float:
        """λ₀ of the loss (`harness.ntk.stability`)."""

    def train(self, course: Course) -> list[Walked]:
        """Train the network; what was seen at each look, which are the places from 1 on."""

    def train_linearised(self, course: Course, x_test: NetworkInputs) -> tuple[Walked, OutputsAtPoints]:
        """Train its linearisation alike to the last of the times; where it ends, and what it predicts."""

    def outputs(self, place: int, x: NetworkInputs) -> OutputsAtPoints:
        """Outputs, computed in float64."""

    def kernel(self, place: int, x: NetworkInputs, outputs: int, *, entire: bool) -> SeenKernel:
        """The training kernel, whole or multiplied with."""

    def across(
        self, place: int, x: NetworkInputs, x_test: TestInputs, coefficients: OutputsAtPoints
    ) -> OutputsAtTest:
        """Θ(x_test, x) c."""

    def weights_moved(self) -> float:
        """‖θ − θ₀‖ / ‖θ₀‖ after training."""

    def last_inputs(self, place: int, x: NetworkInputs) -> LastInputs:
        """What enters the last layer."""


def require_fallen_loss(kind: str, first: float, last: Walked, rate: str) -> None:
    """Raise `StageError`, with figures, unless training brought the loss down to `FALLEN` of what it was."""
    if not last.loss <= FALLEN * first:  # nor where it is not a number
        word = "diverged" if not last.loss <= first else "learned too little"
        raise StageError(
            f"the {kind} {word}: its loss went from {first:.3g} to {last.loss:.3g} in {last.step} steps "
            f"({rate}); expected at most {FALLEN:g} of it, as what hardly moves says nothing: take more "
            "steps, or another rate"
        )


def times_of(steps: int) -> tuple[int, int, int]:
    """A sixteenth and a quarter of the steps, and all of them: when the kernel is looked at."""
    return max(1, steps // 16), max(1, steps // 4), steps
