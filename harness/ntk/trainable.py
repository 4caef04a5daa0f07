"""What `ntk.network` requires of a network of any library. Imports no library.

A *place* is a state of the network: 0 before training, 1, 2, … at the looks, −1 after training. JAX:
`harness.ntk.jax_network`. PyTorch: `harness.ntk.torch_network`.
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
"""For each leaf of a last layer, what it multiplies."""

FALLEN = 0.5
"""The share of the initial loss to which training must bring the loss down. A network that has hardly moved
is always near its linearisation, which says nothing about its regime."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, except for its rate. Hashable, because programs are compiled for it.

    optimizer: the name of a function of optax
    momentum: that of sgd
    batch: points in a batch; 0 means all
    """

    loss: Loss = "squared"
    optimizer: str = "sgd"
    momentum: float = 0.0
    batch: int = 0

    def __post_init__(self) -> None:
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"momentum: expected 0 for {self.optimizer}, found {self.momentum}")

    def stride(self, points: int) -> int:
        """The number of steps from one look to the next, with `points` training points."""
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
        """Whether a closed form gives a linear model that is trained this way, by powers of its kernel."""
        return self.loss == "squared" and self.descends


@dataclass(frozen=True)
class Course:
    """The points, rate and looks of a training; `times` are numbers of steps.

    Training ends at the last of these, or as soon as the loss is no higher than `target`. `seed` orders
    batches.
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


@runtime_checkable  # for tests that check shapes
class Trainable(Protocol):
    """A network before, during and after training. What it lacks raises `StageError` or `NotCovered`."""

    name: str

    def require_sound(self, x: NetworkInputs, outputs: int, loss: Loss) -> None:
        """Raise, with the reason, if the network mixes rows or has another number of outputs."""

    def is_redrawn(self, features: int) -> bool:
        """Whether another seed draws other parameters."""

    def size(self) -> int:
        """The number of trained parameters."""

    def sharpness(self, place: int, x: NetworkInputs, loss: Loss) -> float:
        """λ₀ of the loss (`harness.ntk.stability`)."""

    def train(self, course: Course) -> list[Walked]:
        """Train the network, and give the loss at each look. The looks are the places from 1 on."""

    def train_linearised(self, course: Course, x_test: NetworkInputs) -> tuple[Walked, OutputsAtPoints]:
        """Train its linearisation alike to the last of the times; give its end and its predictions."""

    def outputs(self, place: int, x: NetworkInputs) -> OutputsAtPoints:
        """The outputs at a place, computed in float64."""

    def kernel(self, place: int, x: NetworkInputs, outputs: int, *, entire: bool) -> SeenKernel:
        """The training kernel at a place, as a whole or by products."""

    def across(
        self, place: int, x: NetworkInputs, x_test: TestInputs, coefficients: OutputsAtPoints
    ) -> OutputsAtTest:
        """Θ(x_test, x) c."""

    def weights_moved(self) -> float:
        """‖θ − θ₀‖ / ‖θ₀‖ after training."""

    def last_inputs(self, place: int, x: NetworkInputs) -> LastInputs:
        """The inputs of the last layer."""


def require_fallen_loss(kind: str, first: float, last: Walked, rate: str) -> None:
    """Raise `StageError`, with figures, unless training brought the loss down to the share `FALLEN`."""
    if not last.loss <= FALLEN * first:  # also true if it is not a number
        word = "diverged" if not last.loss <= first else "learned too little"
        raise StageError(
            f"the {kind} {word}: its loss went from {first:.3g} to {last.loss:.3g} in {last.step} steps "
            f"({rate}); expected at most {FALLEN:g} of it, as what hardly moves says nothing: take more "
            "steps, or another rate"
        )


def times_of(steps: int) -> tuple[int, int, int]:
    """The steps of the looks at the kernel: a sixteenth, a quarter, and all."""
    return max(1, steps // 16), max(1, steps // 4), steps
