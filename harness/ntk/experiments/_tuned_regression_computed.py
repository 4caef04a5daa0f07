"""What a trial of `ntk.tuned-regression` computes, each kernel once and when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from harness.declare import Value, covered_if_installed
from harness.ntk import closed_form, radial
from harness.ntk.data import Split
from harness.ntk.measures import Predictions
from harness.ntk.named_zonal import Family
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.tuned_kernels import FINER, Tuned, predictions_by_ridge, radial_grid, tuned

GAMMAS = (0.5, 0.75, 1.0, 1.25, 1.5)
"""Exponents γ of the γ-exponential kernel, around Laplace's 1."""

TREES = 100
"""The number of trees of a random forest."""

Grid = list[tuple[float, Callable[[Rows, Columns], Matrix]]]


class TunedTrial:
    """One split of the data. `tuned` raises `StageError` if a kernel cannot be factored."""

    def __init__(self, model: str, of_model: Mapping[str, Value], points: Split, lengths: str) -> None:
        self.family, self.points, self.lengths = Family(model, of_model, 1.0, 1.0, 1.5), points, lengths
        self._found: dict[str, Tuned] = {}

    def tuned(self, name: str) -> Tuned:
        """The tuned regression with the kernel `name`."""
        if name not in self._found:
            at = self.points
            self._found[name] = tuned(name, self._grid(name), at.x_train, at.y_train, at.x_test)
        return self._found[name]

    def all_predictions(self, name: str) -> Iterator[Predictions]:
        """The predictions of a kernel for every length and ridge that is tried.

        The lengths of a radial kernel lie half as far apart as in tuning. The linear model has no length.
        """
        at = self.points
        linear = name == "linear"
        for _, kernel in self._grid(name) if linear else radial_grid(self._profile(name), at.x_train, FINER):
            gram = kernel(at.x_train, at.x_train)
            yield from predictions_by_ridge(gram, kernel(at.x_test, at.x_train), at.y_train)

    def forest(self, seed: int) -> Predictions:
        """A random forest's predictions. Raises `NotCovered` if scikit-learn is missing."""
        with covered_if_installed():
            from sklearn.ensemble import RandomForestRegressor

        at = self.points
        trees = RandomForestRegressor(n_estimators=TREES, random_state=seed, n_jobs=1)
        found: Predictions = trees.fit(at.x_train, at.y_train).predict(at.x_test)
        return found

    def _grid(self, name: str) -> Grid:
        if name in ("ntk", "nngp"):
            return [(0.0, partial(self._of_network, 0 if name == "nngp" else 1))]
        if name == "linear":
            return [(0.0, lambda first, second: first @ second.T / first.shape[1] + 1.0)]
        if name == "gamma-exponential":
            return [
                each
                for gamma in GAMMAS
                for each in self._radial(partial(radial.gamma_exponential, gamma=gamma))
            ]
        return self._radial(self._profile(name))

    def _profile(self, name: str) -> Callable[[radial.Distances, float], radial.Distances]:
        families: dict[str, Callable[[radial.Distances, float], radial.Distances]] = {
            "laplace": partial(radial.gamma_exponential, gamma=1.0),
            "matern32": partial(radial.matern, nu=1.5),
            "gaussian": radial.gaussian,
        }
        return families[name]

    def _radial(self, profile: Callable[[radial.Distances, float], radial.Distances]) -> Grid:
        grid = radial_grid(profile, self.points.x_train)
        return grid if self.lengths == "tuned" else [grid[2]]

    def _of_network(self, column: int, first: Rows, second: Columns) -> Matrix:
        if self.family.model == "fully-connected":
            return closed_form.nngp_ntk(self.family.architecture, first, None if first is second else second)[
                column
            ]
        return self.family.kernel("ntk" if column else "nngp", first.shape[1])(first, second)
