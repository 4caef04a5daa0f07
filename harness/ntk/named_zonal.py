"""Kernels on the sphere by name: a network's two, and four that do not depend on a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from harness.declare import NotCovered, Value
from harness.ntk import closed_form, radial, zonal
from harness.ntk.architecture import Architecture
from harness.ntk.names import SphereKernel
from harness.ntk.shapes import Columns, Matrix, Points, Rows
from harness.ntk.zonal import Zonal

Kernel = Callable[[Rows, Columns], Matrix]

NETWORK: tuple[SphereKernel, ...] = ("ntk", "nngp")
"""The kernels of the model."""

KEPT = 32
"""The number of kernels of either kind that a process keeps with their tables and spectra, which no seed
changes: half a megabyte each. The trials of a suite have 20 at most."""


@dataclass(frozen=True)
class Family:
    """A model with its parameters, and the parameters of the radial kernels."""

    model: str
    of_model: Mapping[str, Value]
    length: float
    gamma: float
    nu: float

    @property
    def architecture(self) -> Architecture:
        """The model's architecture.

        Raises `NotCovered` if the model's kernel is not known to be a function of the angle.
        """
        if self.model != "fully-connected":
            raise NotCovered(f"model {self.model}: its kernel is not known to depend on the angle alone")
        named = {name.replace("-", "_"): value for name, value in self.of_model.items()}
        return Architecture(**{"hidden": 1, "width": 512, **named})  # type: ignore[arg-type]  # the model checks them

    def zonal(self, name: SphereKernel, dimension: int) -> Zonal:
        """The kernel as a function of the angle, with its tables and spectra that this process has computed.

        Raises `NotCovered` as `architecture` does.
        """
        if name in NETWORK:
            return _of_network(self.architecture, name, dimension)
        return _of_distance(name, self.length, self.gamma, self.nu, dimension)

    def _radial(self, name: SphereKernel) -> Callable[[radial.Distances], radial.Distances]:
        return _radial(name, self.length, self.gamma, self.nu)

    def kernel(self, name: SphereKernel, dimension: int) -> Kernel:
        """The kernel between points of norm √`dimension`, for any model that has one."""
        if name in NETWORK and self.model != "fully-connected":
            return self._of_model(name)
        return self.zonal(name, dimension)

    def anywhere(self, name: SphereKernel, x: Points) -> Float[np.ndarray, "points points"]:
        """The Gram matrix of points of any length, scaled to K(x,x) = 1 at |x| = √features.

        At that length `zonal` gives the same kernel, and it is the unit of radial kernels' lengths. Raises
        `NotCovered` as `architecture` does.
        """
        features = x.shape[1]
        if name in NETWORK:
            column = 0 if name == "nngp" else 1
            gram, unit = (
                closed_form.nngp_ntk(self.architecture, each)[column] for each in (x, np.ones((1, features)))
            )
            scaled: Float[np.ndarray, "points points"] = gram / unit[0, 0]
            return scaled
        apart = cdist(x, x) / np.sqrt(features)
        return self._radial(name)(apart)

    def _of_model(self, name: SphereKernel) -> Kernel:
        from harness.ntk.named_models import build

        model, column = build(self.model, self.of_model), 0 if name == "nngp" else 1

        def kernel(x1: Rows, x2: Columns) -> Matrix:
            return model.analytic(x1, None if x1 is x2 else x2)[column]

        return kernel


def _radial(
    name: SphereKernel, length: float, gamma: float, nu: float
) -> Callable[[radial.Distances], radial.Distances]:
    family: dict[str, Callable[[radial.Distances], radial.Distances]] = {
        "laplace": partial(radial.gamma_exponential, length=length, gamma=1.0),
        "gamma-exponential": partial(radial.gamma_exponential, length=length, gamma=gamma),
        "matern": partial(radial.matern, length=length, nu=nu),
        "gaussian": partial(radial.gaussian, length=length),
    }
    return family[name]


@lru_cache(maxsize=KEPT)
def _of_network(architecture: Architecture, name: SphereKernel, dimension: int) -> Zonal:
    return zonal.of_network(architecture, name, dimension)


@lru_cache(maxsize=KEPT)
def _of_distance(name: SphereKernel, length: float, gamma: float, nu: float, dimension: int) -> Zonal:
    return zonal.of_distance(_radial(name, length, gamma, nu), dimension)
