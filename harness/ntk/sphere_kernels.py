"""Dot-product kernels on the unit sphere by name, as functions of the angle, with K(0) = 1.

ntk, nngp            of a fully connected network (`harness.ntk.sphere`)
laplace              exp(−r/ℓ), r = 2 sin(θ/2) the distance of two points
gamma-exponential    exp(−(r/ℓ)^γ), 0 < γ ≤ 2
matern               of smoothness ν (Rasmussen & Williams 2006, "Gaussian Processes for Machine Learning",
                     eq. 4.14): ν = ½ is Laplace's with ℓ
gaussian             exp(−r²/2ℓ²)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.ntk import radial, zonal
from harness.ntk.architecture import Activation, Architecture
from harness.ntk.gegenbauer import AngleKernel, Angles
from harness.ntk.sphere import SphereNetwork, gap_of_angle, kernels_after

SphereKernelName = Literal["ntk", "nngp", "laplace", "gamma-exponential", "matern", "gaussian"]


@dataclass(frozen=True)
class Stationary:
    """The shape of a kernel that does not depend on a network: its length ℓ, γ, and smoothness ν."""

    length: float = 1.0
    gamma: float = 1.0
    smoothness: float = 1.5


def sphere_kernel(
    name: SphereKernelName, network: SphereNetwork, hidden: int, shape: Stationary
) -> AngleKernel:
    """The kernel of this name. Raises `ValueError` for an unknown name."""
    match name:
        case "ntk":
            return lambda angle: kernels_after(network, gap_of_angle(angle), hidden).tangent
        case "nngp":
            return lambda angle: kernels_after(network, gap_of_angle(angle), hidden).correlation
        case "laplace":
            return lambda angle: radial.gamma_exponential(_distance(angle), shape.length, 1.0)
        case "gamma-exponential":
            return lambda angle: radial.gamma_exponential(_distance(angle), shape.length, shape.gamma)
        case "matern":
            return lambda angle: radial.matern(_distance(angle), shape.length, shape.smoothness)
        case "gaussian":
            return lambda angle: radial.gaussian(_distance(angle), shape.length)
    raise ValueError(f"expected the name of a kernel, found {name!r}")


def closed_form_kernel(
    which: Literal["ntk", "nngp"],
    activation: Activation,
    hidden: int,
    w_std: float,
    b_std: float,
    dimension: int,
) -> AngleKernel:
    """The closed-form kernel of a fully connected network whose activation `sphere` does not support."""
    network = Architecture(hidden, width=1, activation=activation, w_std=w_std, b_std=b_std)
    return zonal.of_network(network, which, dimension).profile


def _distance(angle: Angles) -> Angles:
    return 2 * np.sin(angle / 2)
