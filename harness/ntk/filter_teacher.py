"""Signals whose targets depend on one filter, summed over places as a convolutional network with pooling
does.

    y = Σ_s g(u · x[s, …, s + 8]) / its deviation,   g = He₂/√(2 · 2!) + He₃/√(2 · 3!)

x are Gaussian signals of 24 points on a circle, u is one filter of norm one, He₂ = t² − 1 and He₃ = t³ − 3t.
The sum over places does not depend on the place. The He₂ part depends on 9 numbers of a signal, its
autocorrelations, which a kernel can learn from few signals. The He₃ part depends on 45 more, unless u is
known. Importing this module imports NumPy alone.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

POINTS, TAPS, SIGNALS = 24, 9, 4096
SEED = 0
"""The seed of the filter and the signals, which are one data set. A trial's seed chooses among them."""


def filter_signals() -> tuple[Float[np.ndarray, "4096 24"], Float[np.ndarray, " 4096"]]:
    """All signals, and their targets of variance one."""
    random = np.random.default_rng([SEED, 0x4654])
    u = random.standard_normal(TAPS)
    u /= np.linalg.norm(u)
    x = random.standard_normal((SIGNALS, POINTS))
    windows = np.stack([np.roll(x, -step, axis=1) for step in range(TAPS)], axis=2)
    t: Float[np.ndarray, "4096 24"] = windows @ u
    g = (t**2 - 1) / math.sqrt(2 * 2) + (t**3 - 3 * t) / math.sqrt(2 * 6)
    y: Float[np.ndarray, " 4096"] = g.sum(axis=1)
    return x, y / y.std()
