"""What a trial of `ntk.learnability` computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.declare import StageError, Value
from harness.ntk import finite_domains
from harness.ntk.experiments._ridge_theory_computed import TheoryTrial
from harness.ntk.experiments._ridge_theory_setting import Domain, TheorySetting
from harness.ntk.finite_domains import Basis, Each
from harness.ntk.model import Model
from harness.ntk.named_models import build
from harness.ntk.names import SphereKernel
from harness.ntk.train import (
    initialise_each,
    learning_rates,
    network_keys,
    own_largest_eigenvalues,
    require_trained,
    train,
)


class LearnabilityTrial:
    """One trial: kernels, modes and points of `ntk.ridge-theory`, and a single training set."""

    def __init__(
        self,
        model: str,
        of_model: Mapping[str, Value],
        seed: int,
        geometry: Domain,
        inputs: int,
        points: int,
        train: int,
    ) -> None:
        setting = TheorySetting(
            seed=seed, geometry=geometry, inputs=inputs, points=points, train=train, test=1, sets=1,
            target="none", noise=0.0, ridge=0.0, ridge_per_point=0.0, length=1.0, gamma=1.5, nu=1.5, gap=0.0,
            separation=0.0, spike=0.05,
        )  # fmt: skip
        self._theory = TheoryTrial(model, of_model, setting)
        self._model, self._of_model, self._setting = model, of_model, setting

    def networks(
        self, units: float, target_loss: float, max_steps: int, levels: Sequence[int]
    ) -> dict[str, float]:
        """Train the networks, and give what they learned of each level.

        Raises `StageError` if a network missed the target loss.
        """
        modes, size = self._theory.modes("ntk"), len(self._theory.domain)
        chosen = self._theory.random(0).permutation(size)[: self._setting.train]
        model = build(self._model, self._of_model)
        learned = self._learned(model, chosen, modes.functions, units, target_loss, max_steps)
        kept = modes.by_level(learned)
        kernels: tuple[SphereKernel, SphereKernel] = ("ntk", "nngp")
        regressed = (self._regressed(kernel, chosen, modes.functions) for kernel in kernels)
        apart = [float(np.max(np.abs(kept - modes.by_level(each)))) for each in regressed]
        return {
            "network.learnability-sum": float(learned.sum()) / self._setting.train,
            "network.learnability-distance": apart[0],
            "network.learnability-distance-to-nngp": apart[1],
            **{f"network.learnability-of-level-{level}": _at(kept, level) for level in levels},
        }

    def _learned(
        self,
        model: Model,
        chosen: np.ndarray,
        functions: Basis,
        units: float,
        target_loss: float,
        max_steps: int,
    ) -> Each:
        domain = self._theory.domain
        x = domain[chosen]
        (initial,) = initialise_each(network_keys(self._setting.seed, 1), model, x, domain)
        largest = float(np.linalg.eigvalsh(model.analytic(x)[1])[-1])
        each = [initial] * functions.shape[1]
        rates = learning_rates(
            units, largest, np.repeat(own_largest_eigenvalues([initial], model, x), len(each))
        )
        targets = functions[chosen] + np.asarray(initial.f_train, dtype=np.float64)[:, None]
        runs = train(each, model, x, targets, domain, rates, target_loss, max_steps)
        require_trained("centred", runs, rates, target_loss, max_steps)
        fitted = runs.f_test - np.asarray(initial.f_test, dtype=np.float64)[:, None]
        learned: Each = np.sum(functions * fitted, axis=0) / np.sum(functions**2, axis=0)
        return learned

    def _regressed(self, kernel: SphereKernel, chosen: np.ndarray, functions: Basis) -> Each:
        """What interpolation with the kernel learns of the same functions from the same training points."""
        domain = self._theory.domain
        gram = self._theory.kernel(kernel)(domain, domain)
        return finite_domains.learnabilities(gram, chosen, 0.0, functions)

    def theory(self, levels: Sequence[int]) -> dict[str, float]:
        """λ/(λ + κ) of the modes of each level. The NNGP's own levels are in the same order."""
        found: dict[str, float] = {}
        kernels: tuple[SphereKernel, ...] = ("ntk", "nngp")
        for kernel in kernels:
            kept = self._theory.prediction(kernel).learnability
            found |= {f"{kernel}.learnability-of-level-{level}": _at(kept, level) for level in levels}
        return found


def _at(levels: np.ndarray, level: int) -> float:
    if level >= len(levels):
        raise StageError(f"levels: expected more than {level}, found {len(levels)}")
    return float(levels[level])
