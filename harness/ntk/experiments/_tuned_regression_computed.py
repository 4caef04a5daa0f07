"""What a trial of `ntk.tuned-regression` computes, each kernel when it is first asked for, and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.declare import Value
from harness.ntk import closed_form, radial
from harness.ntk.data import Split
from harness.ntk.named_zonal import Family
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.tuned_kernels import Tuned, radial_grid, tuned

GAMMAS = (0.5, 0.75, 1.0, 1.25, 1.5)
"""Of the γ-exponential kernel, around Laplace's 1."""

Grid = list[tuple[float, Callable[[Rows, Columns], Matrix]]]


class TunedTrial:
    """One split of the data. `tuned` raises `StageError` where a kernel cannot be factored."""

    def __init__(self, model: str, of_model: Mapping[str, Value], points: Split, lengths: str) -> None:
        self.family, self.points, self.lengths = Family(model, of_model, 1.0, 1.0, 1.5), points, lengths
        self._found: dict[str, Tuned] = {}

    def tuned(self, name: str) -> Tuned:
        """The regression called so."""
        if name not in self._found:
            at = self.points
            self._found[name] = tuned(name, self._grid(name), at.x_train, at.y_train, at.x_test)
        return self._found[name]

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
        families: dict[str, Callable[[radial.Distances, float], radial.Distances]] = {
            "laplace": partial(radial.gamma_exponential, gamma=1.0),
            "matern32": partial(radial.matern, nu=1.5),
            "gaussian": radial.gaussian,
        }
        return self._radial(families[name])

    def _radial(self, profile: Callable[[radial.Distances, float], radial.Distances]) -> Grid:
        grid = radial_grid(profile, self.points.x_train)
        return grid if self.lengths == "tuned" else [grid[2]]

    def _of_network(self, column: int, first: Rows, second: Columns) -> Matrix:
        if self.family.model == "fully-connected":
            return closed_form.nngp_ntk(self.family.architecture, first, None if first is second else second)[
                column
            ]
        return self.family.kernel("ntk" if column else "nngp", first.shape[1])(first, second)
