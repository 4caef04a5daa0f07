"""Estimates how long a trial of `ntk.regression` takes, so that cheap trials are measured first.

The constants are times on one core (AVX-512, float32 products at 110 GFLOP/s), good to a factor of about two.
Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.declare import Value
from harness.ntk.experiments._regression_predictors import stands_on

STEPS = 250
"""Steps that full-batch gradient descent takes to the default target loss, at the default rate: 88 to 360 in
eight settings of `suites/issues.toml`."""

RATE = 5e10
"""Floating-point operations a second of training, over widths 64 to 512."""

SOLVE = 0.01
"""Seconds that a kernel and its regression take at 64 training and 200 test points."""

TRAININGS = frozenset({"single", "centred"})
OWN_KERNELS = frozenset({"own-ntk", "after-kernel", "centred after-kernel"})


def cost(parameters: Mapping[str, Value], stages: frozenset[str]) -> float:
    """Seconds that the wanted stages of a trial take.

    A model without a parameter `width` counts as one of usual width.
    """

    def number(name: str, usual: float) -> float:
        value = parameters.get(name, usual)
        return float(value) if isinstance(value, int | float) else usual

    parts = {part for stage in stages for part in stage.split(" and ")}
    needed = parts.union(*map(stands_on, parts))
    points, networks = number("train", 64), number("networks", 1)
    width, hidden = number("width", 256), number("hidden", 2)
    weights = width * (32 + (hidden - 1) * width)
    slower = 1.0 if parameters.get("optimizer", "gd") == "gd" else 4.0
    training = 6 * points * weights * networks * STEPS * slower / RATE
    own = 1e-3 * networks * (width / 64) * (points / 64)
    solve = SOLVE * max(1.0, (points / 64) ** 2)
    return (
        len(needed & TRAININGS) * training
        + len(needed & OWN_KERNELS) * own
        + len(needed - TRAININGS - OWN_KERNELS) * solve
    )
