"""Signals whose targets one filter decides, as a convolutional network with pooling can say it.

    y = Σ_s g(u · x[s, …, s + 8]) / its deviation,   g = He₂/√(2 · 2!) + He₃/√(2 · 3!)

x are Gaussian signals of 24 points on a circle, u is one filter of norm one, He₂ = t² − 1 and He₃ = t³ − 3t.
The sum over places knows no place. Of He₂ a signal has 9 numbers, its autocorrelations, which a kernel can
learn from few signals; of He₃ it has 45 more, unless u is known. Importing this module imports NumPy alone.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

POINTS, TAPS, SIGNALS = 24, 9, 4096
SEED = 0
"""Of the filter and the signals, which are one data set: a trial's seed chooses among them."""


def filter_signals() -> tuple[Float[np.ndarray, "4096 24"], Float[np.ndarray, " 4096"]]:
    """All signals, and their targets of variance one."""
    random = np.random.default_rng([SEED, 0x4654])
    u = random.standard_normal(TAPS)
    u /= np.linalg.norm(u)
    x = random.standard_normal((SIGNALS, POINTS))
    t = sum(weight * np.roll(x, -step, axis=1) for step, weight in enumerate(u))
    g = (t**2 - 1) / math.sqrt(2 * 2) + (t**3 - 3 * t) / math.sqrt(2 * 6)
    y = g.sum(axis=1)
    return x, y / y.std()
