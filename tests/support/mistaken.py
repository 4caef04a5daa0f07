"""Experiments with a user's mistakes in them; named `mistaken:NAME` by tests, run by workers."""

from __future__ import annotations

from pathlib import Path

from harness.declare import Quantity, experiment

QUANTITIES = {name: Quantity(name) for name in ("a.error", "b.error")}


@experiment("mistaken", version=1, quantities=QUANTITIES)
def pair(
    *, seed: int, shift: float = 0.0, sd: float = 0.0, size: int = 1, how: str = "divide", log: str = ""
) -> dict[str, float]:
    """Go wrong in the way `how`, at every seed or at some."""
    if log:
        with Path(log).open("a") as file:
            file.write(f"{shift} {size} {seed}\n")
    if how == "divide" or (how == "small" and size == 1):
        return {"a.error": 1 / (seed - seed), "b.error": 1.0}
    if how == "either":
        return {"a.error": 1 / 0} if seed % 2 else {"a.error": [1.0, 2.0][seed + 2]}
    if how == "forget":
        return {"a.error": 1.0}
    if how == "late" and seed >= 1:
        raise ValueError(f"no seed {seed}\nor beyond")
    return {"a.error": 1.0 + seed / 1000, "b.error": 1.0 + seed / 900}
