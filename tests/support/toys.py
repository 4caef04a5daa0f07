"""Experiments with known truth, for tests: no library beneath them, microseconds each.

Imported by tests and, as `toys:NAME`, by the workers that run them.
"""

from __future__ import annotations

import math
import os
import random
import time
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import NotCovered, Quantity, StageError, Timed, benchmark, experiment, stage

PAIR = {
    "a.error": Quantity("exp of a normal number", unit="1", resolution=1e-9, stage="main", better="lower"),
    "b.error": Quantity("exp of another", unit="1", resolution=1e-9, stage="main"),
    "gap": Quantity("ln a − ln b", scale="linear", resolution=1e-9, stage="late"),
}


@experiment("toy-pair", version=1, quantities=PAIR, about={"shift": "mean of ln a − ln b"})
def pair(
    *,
    seed: int,
    shift: float = 0.0,
    sd: Annotated[float, Meta(ge=0)] = 0.01,
    slope: float = 0.0,
    size: Annotated[int, Meta(ge=1)] = 1,
    kind: Literal["plain", "broken"] = "plain",
    crash_at: int = -1,
    fail_at: int = -1,
    lack_at: int = -1,
    nan_at: int = -1,
    sleep: float = 0.0,
    log: str = "",
) -> dict[str, float]:
    """Two positive numbers whose log-ratio is normal with mean `shift` + `slope` · ln size."""
    if log:
        with Path(log).open("a") as file:
            file.write(f"{seed} {shift} {size} {os.getpid()}\n")
    if sleep:
        time.sleep(sleep)
    common = random.Random(f"{seed}").gauss(0, 1)
    gap = shift + slope * math.log(size) + random.Random(f"{seed} {size}").gauss(0, sd)
    if seed == crash_at:
        os._exit(7)
    values: dict[str, float] = {}
    with stage("main"):
        values |= {"a.error": math.exp(common + gap), "b.error": math.exp(common)}
    if seed == nan_at:
        values["a.error"] = math.nan
    with stage("late"):
        if seed == fail_at:
            raise StageError("step budget 20000 reached at loss 3e-3")
        if seed == lack_at:
            raise NotCovered("it knows no gaps")
        values["gap"] = gap
    return values


@experiment("toy-layers", version=1, quantities=PAIR)
def layers(*, seed: int, data: str = "", hidden: int = 1, width: int = 64) -> dict[str, float]:
    """A pair whose log-ratio is 0.5 and more, by parameters that are named as those of networks."""
    return pair(seed=seed, shift=0.5, size=hidden * width)


@benchmark("toy-absent", version=1, about={"ms": "milliseconds"})
def absent(*, ms: float = 1.0) -> Timed:
    """What cannot be timed here."""
    raise NotCovered("it is not installed")


@benchmark("toy-wait", version=1, about={"ms": "milliseconds"})
def wait(*, ms: float = 1.0, noise: float = 0.0, log: str = "") -> Timed:
    """Compute for so many milliseconds, and up to `noise` times as much more."""
    generator = random.Random(f"{ms} {noise}")

    def timed() -> None:
        if log:
            with Path(log).open("a") as file:
                file.write(f"begin {ms}\n")
        end = time.perf_counter() + ms / 1000 * (1 + noise * generator.random())
        while time.perf_counter() < end:
            pass
        if log:
            with Path(log).open("a") as file:
                file.write(f"end {ms}\n")

    return timed
