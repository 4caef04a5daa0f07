"""When a trained network learns a frequency on the circle, beside the gradient flow of its kernel.

A step of size η on ½Σr² moves a wide network by ηK r, and gradient flow for a time dt by K r dt/n. So s steps
are the time ηns, given here in units of 1/K(x,x), as in `mode_times`. If several frequencies are trained at
once, each is learned when what is left of *its* component first falls to `LEARNED`.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from harness.declare import StageError
from harness.ntk.mode_times import LEARNED
from harness.ntk.residual_path import Residuals

MIXTURE = (1, 2, 4, 8)
"""The frequencies that are learned at once. They are octaves, so that each takes four times as long as the
last."""


def mixture(angle: Float[np.ndarray, " points"], growing: bool) -> Float[np.ndarray, " points"]:
    """Σ A cos(jφ) over `MIXTURE`, with A = 1, or growing with j if `growing`.

    Its mean square at equal angles is 1.
    """
    sizes = np.array(MIXTURE, dtype=np.float64) if growing else np.ones(len(MIXTURE))
    sizes /= np.sqrt(np.sum(sizes**2) / 2)
    target: Float[np.ndarray, " points"] = sum(
        (size * np.cos(j * angle) for size, j in zip(sizes, MIXTURE, strict=True)), np.zeros(len(angle))
    )
    return target


def left_of_all(path: Residuals) -> Float[np.ndarray, " steps_and_one"]:
    """The residual's root mean square at each step, relative to that before the first step."""
    sizes = np.sqrt(np.mean(path**2, axis=1))
    left: Float[np.ndarray, " steps_and_one"] = sizes / sizes[0]
    return left


def left_of(
    path: Residuals, angle: Float[np.ndarray, " points"], frequency: int
) -> Float[np.ndarray, " steps_and_one"]:
    """The size of the residual's component along cos(kφ), relative to that before the first step."""
    component = np.abs(path @ np.cos(frequency * angle))
    left: Float[np.ndarray, " steps_and_one"] = component / component[0]
    return left


def steps_until(left: Float[np.ndarray, " steps_and_one"], share: float = LEARNED) -> float:
    """The number of steps at which `left` first falls to `share`.

    It is interpolated between two steps by the logarithm of `left`. Raises `StageError` if it never does.
    """
    below = np.flatnonzero(left <= share)
    if not len(below):
        raise StageError(
            f"training: expected {1 - share:.0%} learned within {len(left) - 1} steps, "
            f"found {1 - float(left.min()):.0%}"
        )
    after = int(below[0])
    if after == 0 or left[after] <= 0:
        return float(after)
    before, now = math.log(left[after - 1]), math.log(left[after])
    return after - 1 + (before - math.log(share)) / (before - now)
