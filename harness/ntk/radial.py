"""Gaussian, γ-exponential and Matérn kernels as functions of a distance. NumPy and SciPy only.

The Laplace kernel is the γ-exponential of γ = 1 and the Matérn kernel of ν = 1/2. Lengths are in the unit of
the distances.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special

Distances = Float[np.ndarray, "*shape"]


def gaussian(distance: Distances, length: float) -> Distances:
    """exp(−r²/2), r = distance / length (Rasmussen & Williams 2006, eq. 4.9)."""
    kernel: Distances = np.exp(-((distance / length) ** 2) / 2)
    return kernel


def gamma_exponential(distance: Distances, length: float, gamma: float) -> Distances:
    """exp(−r^γ), 0 < γ ≤ 2 (Rasmussen & Williams 2006, eq. 4.18); γ = 1 is the Laplace kernel."""
    kernel: Distances = np.exp(-((distance / length) ** gamma))
    return kernel


def matern(distance: Distances, length: float, nu: float) -> Distances:
    """2^(1−ν)/Γ(ν) · s^ν K_ν(s), s = √(2ν) distance / length (Rasmussen & Williams 2006, eq. 4.14).

    K_ν is the modified Bessel function; for ν = 1/2, 3/2 and 5/2 its closed forms are taken (eq. 4.17).
    """
    s = np.sqrt(2 * nu) * distance / length
    if nu in _POLYNOMIALS:
        closed: Distances = np.polynomial.polynomial.polyval(s, _POLYNOMIALS[nu]) * np.exp(-s)
        return closed
    safe = np.where(s > 0, s, 1.0)
    logarithm = (1 - nu) * np.log(2) - special.gammaln(nu) + nu * np.log(safe) - safe
    kernel: Distances = np.where(s > 0, np.exp(logarithm) * special.kve(nu, safe), 1.0)
    return kernel


_POLYNOMIALS = {0.5: (1.0,), 1.5: (1.0, 1.0), 2.5: (1.0, 1.0, 1 / 3)}
"""For each ν, the polynomial in s before exp(−s), coefficients ascending."""
