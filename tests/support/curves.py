"""A toy power law that may be curved, and whose seeds may share their noise; see toys.py."""

from __future__ import annotations

import math
import random
from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, experiment


@experiment(
    "toy-curve",
    version=1,
    quantities={"a": Quantity("size^slope, with a curve and noise", unit="1", resolution=1e-9)},
)
def curve(
    *,
    seed: int,
    size: Annotated[float, Meta(gt=0)] = 1.0,
    slope: float = -0.5,
    curvature: float = 0.0,
    sd: float = 0.01,
    alike: Annotated[int, Meta(ge=1)] = 1,
) -> dict[str, float]:
    """ln a = slope · ln size + curvature · (ln size)² + noise; so many neighbouring seeds are `alike`."""
    x = math.log(size)
    noise = random.Random(f"{seed // alike} {size}").gauss(0, sd)
    noise += random.Random(f"{seed} {size}").gauss(0, sd / 100)
    return {"a": math.exp(slope * x + curvature * x * x + noise)}
