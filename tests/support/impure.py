"""An experiment that is no function of its parameters and seed, in many ways; named `impure:…` by tests."""

from __future__ import annotations

import functools
import os
import random
import time

from harness.declare import Quantity, StageError, experiment, stage


class Calls:
    """How many trials this process has run: an object, whose inside nobody looks at between trials."""

    def __init__(self) -> None:
        self.count = 0


CALLS = Calls()
GENERATOR = random.Random()  # drawn from the system's randomness when the module is imported

QUANTITIES = {
    "x": Quantity("a number", scale="linear", stage="main"),
    "y": Quantity("the same number, or none", scale="linear", stage="late"),
}


@functools.cache
def _noise(size: int) -> float:
    return GENERATOR.random()


def _hidden(act: str) -> float:
    """What a number must not depend on."""
    match act:
        case "counter":
            return float(CALLS.count)
        case "cached":
            return _noise(1)
        case "unseeded":
            return GENERATOR.random()
        case "global":
            return random.random()
        case "pid":
            return float(os.getpid())
        case "time":
            return time.time()
        case "zero":
            return -0.0 if CALLS.count > 1 else 0.0
        case "nan":
            return float("nan")
    return 0.0


def _run(seed: int, act: str, jitter: float) -> dict[str, float]:
    CALLS.count += 1
    first = CALLS.count == 1
    if act == "fails" and first:
        raise ValueError("nothing was there")
    if act == "slow" and first:
        time.sleep(60)
    values: dict[str, float] = {}
    with stage("main"):
        hidden = _hidden(act)
        values["x"] = hidden if act == "zero" else hidden + seed / 3 * (1 + jitter * (not first))
    with stage("late"):
        if act == "missing" and first:
            raise StageError("no second number")
        values["y"] = values["x"]
    with stage("last"):
        if act == "stage" and first:
            raise StageError("not at once")
    return values


@experiment("impure", version=1, quantities=QUANTITIES)
def impure(*, seed: int, act: str = "clean", size: int = 1, jitter: float = 0.0) -> dict[str, float]:
    """A third of the seed, and what `act` adds; other digits, by `jitter`, after other trials."""
    return _run(seed, act, jitter)


@experiment("impure-rough", version=1, quantities=QUANTITIES, repeatable="1e-6")
def rough(*, seed: int, act: str = "clean", size: int = 1, jitter: float = 0.0) -> dict[str, float]:
    """The same, declared to repeat within a tolerance."""
    return _run(seed, act, jitter)


@experiment("impure-random", version=1, quantities=QUANTITIES, repeatable="no: it asks\n for noise")
def never(*, seed: int, act: str = "clean", size: int = 1) -> dict[str, float]:
    """The same, declared not to repeat."""
    return _run(seed, act, 0.0)
