"""Experiments whose stages are measured apart; named `stage_toys:NAME` by tests, run by workers."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

from harness.declare import Quantity, StageError, block, experiment, stage

QUANTITIES = {
    "x": Quantity("one and a little", stage="data", resolution=1e-9),
    "small": Quantity("another", stage="cheap", resolution=1e-9),
    "same": Quantity("the same again", stage="cheap", resolution=1e-9),
    "large": Quantity("of the data", stage="dear", resolution=1e-9),
    "both": Quantity("of the cheap and the dear", stage="cheap and dear", resolution=1e-9),
}

ORDER = ("data", "cheap", "dear", "cheap and dear")
NEEDS = {"cheap and dear": {"cheap", "dear"}}


def cost(parameters, stages: frozenset[str]) -> float:
    """The dear take long."""
    return parameters["size"] * (10.0 if any("dear" in each for each in stages) else 0.1)


@experiment("stage-toy", version=1, quantities=QUANTITIES, cost=cost)
def toy(
    *,
    seed: int,
    stages: frozenset[str],
    act: str = "",
    at: str = "",
    log: str = "",
    size: int = 1,
    sleep: float = 0.0,
) -> dict[str, float]:
    """Numbers that depend on the seed; in the stage `at` something is wrong."""
    entered = [
        name for name in ORDER if name == "data" or name in stages.union(*map(NEEDS.get, stages & {*NEEDS}))
    ]
    if log:
        with Path(log).open("a") as file:
            file.write(f"{seed} {','.join(entered)}\n")
    found: dict[str, float] = {}
    for name in entered:
        with stage(name):
            time.sleep(sleep)
            draw = 1.0 + size * random.Random(f"{seed} {name}").random() / 100
            if at == name:
                if act == "raise":
                    raise ValueError(f"no good: {name}")
                if act == "exit":
                    os._exit(7)
                if act == "fail":
                    raise StageError(f"not fitted: {name}")
                if act == "hang":
                    time.sleep(60)
                if act == "drift":
                    draw += len(stages) / 1000
            found |= dict.fromkeys([key for key, q in QUANTITIES.items() if q.stage == name], draw)
            if name == "cheap and dear":
                found["both"] = found["small"] + found["large"] if {"small", "large"} <= found.keys() else 1.0
    return found


BLOCK = {"near": Quantity("a number", stage="near"), "far": Quantity("another", stage="far")}


@experiment("stage-block", version=1, quantities=BLOCK, block=4)
def several(*, seeds: tuple[int, ...], stages: frozenset[str], log: str = "") -> dict[str, Sequence[float]]:
    """Several seeds in one call, of the stages that are wanted."""
    if log:
        with Path(log).open("a") as file:
            file.write(f"{','.join(map(str, seeds))} {','.join(sorted(stages))}\n")
    living = block(seeds)
    numbers: dict[str, Sequence[float]] = {}
    for name in ("near", "far"):
        if name in stages:
            with living.stage(name) as entered:
                numbers[name] = living.column(entered.each(lambda seed: seed + 0.5))
    return numbers
