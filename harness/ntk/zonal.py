"""Kernels on the sphere as functions of an angle, with their spectra. NumPy and SciPy only.

On the sphere S^(d−1) of radius √d a kernel that depends only on inner products is a function κ(θ) of the
angle between two points, and spherical harmonics are its eigenfunctions (`gegenbauer`). All kernels here are
scaled to κ(0) = 1. So the eigenvalues, each counted once for every harmonic of its degree, add up to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import betaincinv

from harness.declare import StageError
from harness.ntk import closed_form, radial
from harness.ntk.architecture import Architecture
from harness.ntk.eigenlearning import Spectrum
from harness.ntk.gegenbauer import gegenbauer_coefficients, multiplicity
from harness.ntk.shapes import Columns, Matrix, Points, Rows
from harness.ntk.sphere_pairs import ShareTable, SpherePairs, pairs, tabled

AngleArray = Float[np.ndarray, "*shape"]


@dataclass(frozen=True)
class Zonal:
    """κ(θ) on the sphere of `dimension` features, κ(0) = 1.

    It keeps its table and its spectra once they are computed.
    """

    dimension: int
    profile: Callable[[AngleArray], AngleArray]
    """κ, to rounding."""
    of_chord: Callable[[radial.Distances], radial.Distances] | None = None
    """κ as a function of the distance in radii, if it is one. Other kernel matrices are read from a table."""
    _spectra: dict[int, Spectrum] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def _table(self) -> ShareTable:
        return tabled(self.profile)

    def __call__(self, x1: Rows, x2: Columns) -> Matrix:
        """The kernel between rows of `x1` and `x2`, which have norm √d."""
        return self.between(pairs(x1, x2))

    def between(self, points: SpherePairs) -> Matrix:
        """The kernel between pairs of points."""
        return self._table(points.share) if self.of_chord is None else self.of_chord(points.chord)

    def spectrum(self, highest: int) -> Spectrum:
        """The eigenvalues of degrees 0 to `highest`, and the sum of all above, which follows from κ(0) = 1.

        An eigenvalue is good to 1e-16 in absolute terms. Smaller ones are rounding, and count as 0 if they
        are negative.
        """
        if highest not in self._spectra:
            degrees = range(highest + 1)
            values = np.maximum(gegenbauer_coefficients(self.profile, self.dimension, degrees), 0.0)
            counts = np.array([float(multiplicity(self.dimension, degree)) for degree in degrees])
            self._spectra[highest] = Spectrum(values, counts, max(0.0, 1.0 - float(values @ counts)))
        return self._spectra[highest]


def gegenbauer(
    dimension: int, highest: int, t: Float[np.ndarray, " nodes"]
) -> Float[np.ndarray, "degrees nodes"]:
    """P_0(t) to P_highest(t) with P_k(1) = 1: (k+d−2) P_{k+1} = (2k+d−2) t P_k − k P_{k−1}."""
    found = np.ones((highest + 1, len(t)))
    if highest:
        found[1] = t
    for k in range(1, highest):
        found[k + 1] = ((2 * k + dimension - 2) * t * found[k] - k * found[k - 1]) / (k + dimension - 2)
    return found


def uniform(points: int, dimension: int, random: np.random.Generator) -> Points:
    """Independent uniform points on the sphere of radius √d."""
    x = random.standard_normal((points, dimension))
    on_sphere: Points = x * (np.sqrt(dimension) / np.linalg.norm(x, axis=1, keepdims=True))
    return on_sphere


def of_network(architecture: Architecture, which: str, dimension: int) -> Zonal:
    """The NNGP or the NTK of a fully connected network, by the closed form."""

    def profile(angle: AngleArray) -> AngleArray:
        flat = angle.ravel()
        plane = np.sqrt(dimension) * np.stack([np.cos(flat), np.sin(flat)], axis=1)
        points = np.concatenate([plane, np.zeros((len(flat), dimension - 2))], axis=1)
        start = np.zeros((1, dimension))
        start[0, 0] = np.sqrt(dimension)
        column = 0 if which == "nngp" else 1
        at, top = (closed_form.nngp_ntk(architecture, x, start)[column][:, 0] for x in (points, start))
        scaled: AngleArray = (at / top[0]).reshape(angle.shape)
        return scaled

    return Zonal(dimension, profile)


def of_distance(kernel: Callable[[radial.Distances], radial.Distances], dimension: int) -> Zonal:
    """A radial kernel restricted to the sphere; distances are in units of the sphere's radius."""
    return Zonal(dimension, lambda angle: kernel(2 * np.sin(angle / 2)), kernel)


def separated(points: int, dimension: int, separation: float, random: np.random.Generator) -> Points:
    """Uniform points of which no pair is closer than a bound.

    A point is drawn again while it is nearer than the bound to an earlier one. The bound is `separation`
    times the radius of a cap that has 1/points of the sphere's area; 0 sets no bound. Raises `StageError` if
    a point finds no place in 1,000 draws: a separation of 1 covers half of the area and more.
    """
    x = uniform(points, dimension, random)
    if not separation:
        return x
    bound = separation * cap_angle(dimension, 1 / points)
    least = 2 * np.sqrt(dimension) * np.sin(bound / 2)
    for number in range(1, points):
        for _ in range(1000):
            if np.min(np.linalg.norm(x[:number] - x[number], axis=1)) >= least:
                break
            x[number] = uniform(1, dimension, random)[0]
        else:
            raise StageError(
                f"points: expected room for {points} at a separation of {separation:g}, found {number}"
            )
    return x


def cap_angle(dimension: int, share: float) -> float:
    """The angular radius of a cap with that share of the sphere's area.

    It solves share = I(sin²θ; (d−1)/2, 1/2)/2, for share ≤ 1/2.
    """
    return float(np.arcsin(np.sqrt(betaincinv((dimension - 1) / 2, 0.5, 2 * share))))


def point_beside(
    x: Float[np.ndarray, " inputs"], angle: float, random: np.random.Generator
) -> Float[np.ndarray, " inputs"]:
    """A point at that angle from `x`, in a random direction."""
    direction = random.standard_normal(len(x))
    direction -= x * (direction @ x) / (x @ x)
    direction *= np.linalg.norm(x) / np.linalg.norm(direction)
    turned: Float[np.ndarray, " inputs"] = np.cos(angle) * x + np.sin(angle) * direction
    return turned
