"""An experiment with quantities that are declared to be the same on every seed, truly or falsely."""

from __future__ import annotations

import math
import random
from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, experiment, stage

QUANTITIES = {
    "level": Quantity("size^slope", stage="computed", deterministic=True),
    "double": Quantity("twice that", stage="computed", deterministic=True),
    "rounded": Quantity("the same, known to 1e-3", stage="computed", resolution=1e-3, deterministic=True),
    "offset": Quantity("the level less 1", scale="linear", stage="computed", deterministic=True),
    "drawn": Quantity("the level with noise", stage="sampled", resolution=1e-9),
}
Lie = Literal["", "seed", "late", "crash"]


@experiment("toy-computed", version=1, quantities=QUANTITIES)
def toy(
    *,
    seed: int,
    size: Annotated[float, Meta(gt=0)] = 1.0,
    slope: float = -1.0,
    curvature: float = 0.0,
    sd: float = 0.01,
    lie: Lie = "",
) -> dict[str, float]:
    """A power law, exact and with noise. `lie` is in what way the declaration is false."""
    x = math.log(size)
    level = math.exp(slope * x + curvature * x * x)
    if lie == "crash" and seed:
        raise ValueError("no number for this seed")
    if lie == "seed":
        level *= 1 + 1e-15 * random.Random(seed).randint(1, 1000)
    if lie == "late" and seed >= 14:  # the second seed alone does not show it
        level *= 2.0
    with stage("computed"):
        values = {"level": level, "double": 2 * level, "rounded": level, "offset": level - 1}
    with stage("sampled"):
        values["drawn"] = level * math.exp(random.Random(f"{seed} {size}").gauss(0, sd))
    return values
