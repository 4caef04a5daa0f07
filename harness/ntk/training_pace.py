"""How fast networks and their kernels learn one wave around a polygon of inputs.

On m points evenly spaced on a circle, a kernel that depends only on angles is circulant: labels cos φ are an
eigenvector, with the eigenvalue λ₁. Gradient descent with a step of c·2/λ_max leaves (1 − 2c λ₁/λ_max)^2s of
the loss after s steps. λ_max belongs to the labels' mean, which is 0 here. Its ratio to λ₁ grows with depth
in the ordered phase as the condition number does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float

from harness.declare import StageError, Value
from harness.ntk.circle_networks import left_of_all, steps_until
from harness.ntk.mode_times import on_circle
from harness.ntk.named_models import build
from harness.ntk.residual_path import residuals
from harness.ntk.shapes import Points


class PolygonTraining:
    """A model on a polygon of inputs, trained for `steps` steps at `units` of 2/λ_max."""

    def __init__(
        self, model: str, of_model: Mapping[str, Value], points: int, units: float, steps: int
    ) -> None:
        self._model, self._units, self._steps = build(model, of_model), units, steps
        self._angle = 2 * np.pi * np.arange(points) / points

    @property
    def _x(self) -> Points:
        return on_circle(self._angle)

    @property
    def _y(self) -> Float[np.ndarray, " points"]:
        wave: Float[np.ndarray, " points"] = np.sqrt(2) * np.cos(self._angle)
        return wave

    @cached_property
    def _spectra(self) -> list[tuple[float, float]]:
        """λ₁ and λ_max of NNGP and NTK."""
        unit = self._y / np.linalg.norm(self._y)
        grams = self._model.analytic(self._x)
        return [(float(unit @ gram @ unit), float(np.linalg.eigvalsh(gram)[-1])) for gram in grams]

    def network(self, seed: int) -> tuple[float, float]:
        """The share of the loss that is left, and the pace at which the first half of the residual fell.

        The pace is scaled to the learning rate of the NTK's λ_max, because the rate is lower if the network's
        own λ_max is above that. What is left later is no longer the wave, because the network's kernel is not
        quite circulant. Raises `StageError` if training diverged, or if half was not learned.
        """
        largest = self._spectra[1][1]
        path, rate = residuals(self._model, seed, self._x, self._y, self._units, largest, self._steps)
        left = left_of_all(path)
        pace = math.log(2) / steps_until(left, 0.5)
        return float(left[-1] ** 2), pace * (2 * self._units / largest) / rate

    def pace_of(self, kernel: Literal["nngp", "ntk"]) -> float:
        """−ln of the share that a step with a kernel leaves. Raises `StageError` if nothing is left."""
        first, last = self._spectra[0 if kernel == "nngp" else 1]
        factor = abs(1 - 2 * self._units * first / last)
        if not 1e-12 < factor < 1:
            raise StageError(f"pace: expected a step to leave part of the residual, found {factor:.3g} of it")
        return -math.log(factor)

    def left_by_ntk(self) -> float:
        """The share of the loss that the NTK leaves."""
        return math.exp(-2 * self._steps * self.pace_of("ntk"))
