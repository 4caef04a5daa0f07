"""Fixed data sets made from known functions, named in suites as `harness.ntk.teachers:linear`.

Unlike `sphere`, whose points are new for every seed, these are finite sets from which seeds draw splits.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

POINTS = 2000
"""Many more points than a trial uses (264), so that splits of two seeds share few points."""

DIMENSION = 10
"""As for `sphere`: the same inputs, another teacher."""

_SEED = 0
"""The seed of the one draw that makes the set; any would do."""


def linear() -> tuple[Float[np.ndarray, "points inputs"], Float[np.ndarray, " points"]]:
    """2000 points on the sphere of radius √10 in 10 dimensions, with target x₁ (variance one)."""
    x = np.random.default_rng(_SEED).standard_normal((POINTS, DIMENSION))
    x *= math.sqrt(DIMENSION) / np.linalg.norm(x, axis=1, keepdims=True)
    return x, x[:, 0]


def in_high_dimension() -> tuple[Float[np.ndarray, "points inputs"], Float[np.ndarray, " points"]]:
    """2000 points on the sphere of radius √200 in 200 dimensions, half of the target linear, half a product.

    (x₁ + x₂x₃) / √(1 + d/(d+2)), of variance one: there E x₁² = 1 and E x₂²x₃² = d/(d+2).
    """
    d = 200
    x = np.random.default_rng(_SEED).standard_normal((POINTS, d))
    x *= math.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)
    return x, (x[:, 0] + x[:, 1] * x[:, 2]) / math.sqrt(1 + d / (d + 2))
