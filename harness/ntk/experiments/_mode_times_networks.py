"""What a trial of `ntk.mode-times` measures of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache

import numpy as np

from harness.declare import StageError, Value
from harness.ntk.circle_networks import MIXTURE, left_of, left_of_all, mixture, steps_until
from harness.ntk.mode_times import half_circles, on_circle
from harness.ntk.named_models import build
from harness.ntk.residual_path import Residuals, residuals


class CircleTraining:
    """The network that a seed draws from a model, trained on the circle, and the frequency that is measured.

    Methods raise `StageError` if training diverged or if a frequency was not learned.
    """

    def __init__(
        self,
        model: str,
        of_model: Mapping[str, Value],
        seed: int,
        points: int,
        dense: float,
        frequency: int,
        units: float,
        steps: int,
    ) -> None:
        self._model, self._seed, self._frequency = build(model, of_model), seed, frequency
        self._units, self._steps = units, steps
        self._angle = half_circles(points, dense)
        self._given = (model, tuple(sorted(of_model.items())), seed, points, dense, units, steps)

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """The mean of K(x,x) over points, and λ_max, both of the infinitely wide network's tangent kernel."""
        gram = self._model.analytic(on_circle(self._angle))[1]
        return float(np.trace(gram)) / len(gram), float(np.linalg.eigvalsh(gram)[-1])

    def _trained(self, target: np.ndarray) -> tuple[Residuals, float]:
        """The residuals of training on `target`, and the time that a step takes."""
        unit, largest = self._scale
        x = on_circle(self._angle)
        path, rate = residuals(self._model, self._seed, x, target, self._units, largest, self._steps)
        return path, rate * len(x) * unit

    @cached_property
    def _single(self) -> tuple[Residuals, float]:
        return self._trained(np.cos(self._frequency * self._angle))

    def time(self) -> float:
        """The time at which cos(kφ), trained alone, is learned. Errors in other frequencies do not count."""
        path, step = self._single
        return step * steps_until(left_of(path, self._angle, self._frequency))

    def left(self) -> float:
        """The share of cos(kφ), trained alone, that is left after all steps."""
        return float(left_of_all(self._single[0])[-1])

    def mixed_time(self, growing: bool) -> float:
        """The time at which cos(kφ) is learned from a target that contains all of `MIXTURE`."""
        if self._frequency not in MIXTURE:
            raise StageError(f"frequency: expected one of {MIXTURE}, found {self._frequency}")
        path, step = _on_mixture(*self._given, growing)
        return step * steps_until(left_of(path, self._angle, self._frequency))

    def on_mixture(self, growing: bool) -> tuple[Residuals, float]:
        """The residuals of training on all frequencies of `MIXTURE`, and the time that a step takes."""
        return self._trained(mixture(self._angle, growing))


@lru_cache(maxsize=8)
def _on_mixture(
    model: str,
    of_model: tuple[tuple[str, Value], ...],
    seed: int,
    points: int,
    dense: float,
    units: float,
    steps: int,
    growing: bool,
) -> tuple[Residuals, float]:
    """Train on the mixture once for all frequencies of a process. A result takes some megabytes."""
    made = CircleTraining(model, dict(of_model), seed, points, dense, MIXTURE[0], units, steps)
    return made.on_mixture(growing)
