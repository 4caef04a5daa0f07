"""What a trial of `ntk.mode-times` computes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.declare import Value
from harness.ntk.mode_times import flow, half_circles, on_circle
from harness.ntk.named_zonal import Family
from harness.ntk.names import SphereKernel


def measured(
    name: SphereKernel,
    model: str,
    of_model: Mapping[str, Value],
    points: int,
    dense: float,
    frequency: int,
    length: float,
    gamma: float,
    nu: float,
) -> dict[str, float]:
    """All quantities of a kernel.

    The middle of a half circle lies at least an eighth of the circle from its ends, so that the other half is
    far.
    """
    angle = half_circles(points, dense)
    x = on_circle(angle)
    gram = Family(model, of_model, length, gamma, nu).kernel(name, 2)(x, x)
    gram = gram / (float(np.trace(gram)) / points)
    target = np.cos(frequency * angle)
    above = np.abs(angle - np.pi / 2) <= np.pi / 4
    below = np.abs(angle - 3 * np.pi / 2) <= np.pi / 4
    plain, normalised = flow(gram), flow(gram, normalised=True)
    times = {where: plain.time(target, chosen) for where, chosen in (("above", above), ("below", below))}
    without = [normalised.time(target, chosen) for chosen in (below, above)]
    return {
        f"{name}.time": plain.time(target, np.full(points, True)),
        f"{name}.time-above": times["above"],
        f"{name}.time-below": times["below"],
        f"{name}.time-ratio": times["below"] / times["above"],
        f"{name}.time-ratio-normalised": without[0] / without[1],
    }
