"""Experiments that take several seeds in one call; named `block_toys:NAME` by tests, run by workers."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

from harness.declare import Abreast, NotCovered, Quantity, StageError, beside, block, experiment, stage

QUANTITIES = {
    "a.error": Quantity("one and a little", stage="main"),
    "b.error": Quantity("another", stage="main"),
    "late": Quantity("a function of both", stage="late"),
}


@experiment("block-toys", version=1, quantities=QUANTITIES, block=4)
def toys(
    *, seeds: tuple[int, ...], act: str = "", at: int = -1, size: int = 1, sleep: float = 0.0, log: str = ""
) -> dict[str, Sequence[float]]:
    """Numbers that depend on the seed alone. At the seed `at` it goes wrong in the way `act`."""
    if log:
        with Path(log).open("a") as file:
            file.write(json.dumps(seeds) + "\n")
    time.sleep(sleep * len(seeds))
    if at in seeds:
        if act == "raise":
            raise ValueError("no good")
        if act == "exit":
            os._exit(7)
        if act == "hang":
            time.sleep(60)
        if act == "grow":
            held = bytearray(os.urandom(1)) * 400_000_000
            time.sleep(60)
            del held
    living = block(seeds)
    numbers: dict[str, Sequence[float]] = {}
    with stage("data"):
        time.sleep(0.001)
    with living.stage("main") as main:

        def draw(seed: int) -> float:
            if act == "stage" and seed == at:
                raise StageError(f"singular at {seed}")
            return 1.0 + random.Random(seed).random() / 100

        drawn = main.each(draw)
        numbers["a.error"] = living.column(drawn)
        numbers["b.error"] = living.column({seed: number + size / 1000 for seed, number in drawn.items()})
    with living.stage("late", "main") as late:
        if act == "all":
            raise StageError("no seed has it")
        if at in late.seeds and act == "fail":
            late.fail(at, "diverged")
        if at in late.seeds and act == "lack":
            late.fail(at, NotCovered("it knows no late numbers"))
        found = {seed: 2 * drawn[seed] for seed in late.seeds}
        if act == "others":  # what no experiment may do: it depends on the other seeds of its call
            found = {seed: number + len(seeds) for seed, number in found.items()}
        numbers["late"] = living.column(found)
    if act == "short":
        numbers["late"] = [1.0] * (len(seeds) + 1)
    if act == "text":
        numbers["late"] = ["1.0" if seed == at else 1.0 for seed in seeds]  # type: ignore[misc]
    return numbers


ALONE = {
    "number": Quantity("what the program gives", scale="linear", stage="main"),
    "late": Quantity("twice as much", scale="linear", stage="late"),
}


@experiment(
    "abreast-toys", version=1, quantities=ALONE, abreast=Abreast(4, lambda parameters: parameters["size"])
)
def alone(
    *, seed: int, act: str = "", at: int = -1, size: int = 1, sleep: float = 0.0, log: str = ""
) -> dict[str, float]:
    """Numbers that one program computes for all seeds of a block: they depend on how many there are."""
    lanes = beside(seed)

    def program() -> dict[int, float]:
        if log:
            with Path(log).open("a") as file:
                file.write(json.dumps(lanes.seeds) + "\n")
        time.sleep(sleep)
        if act == "full":
            raise RuntimeError("RESOURCE_EXHAUSTED: no memory")
        return {each: each / 3 + len(lanes.seeds) for each in lanes.seeds}

    if at == seed and act == "raise":
        raise ValueError("no good")
    if at == seed and act == "exit":
        os._exit(7)
    numbers = {}
    with stage("main"):
        if at == seed and act == "stage":
            raise StageError(f"singular at {seed}")
        numbers["number"] = lanes.once("program", program)[seed]
    with stage("late"):
        if "number" not in numbers:
            raise StageError("no number")
        numbers["late"] = 2 * numbers["number"]
    return numbers


STAGED = {
    "near": Quantity("what one program gives", scale="linear", stage="near"),
    "far": Quantity("what another gives of that", scale="linear", stage="far"),
}


@experiment("abreast-stages", version=1, quantities=STAGED, abreast=Abreast(4))
def staged(
    *, seed: int, stages: frozenset[str], act: str = "", at: int = -1, log: str = "", sleep: float = 0.0
) -> dict[str, float]:
    """Two stages, each a program for all seeds of a block. In the stage `far` the seed `at` goes wrong."""
    lanes = beside(seed)

    def program(name: str) -> dict[int, float]:
        with Path(log).open("a") as file:
            file.write(f"{name} {','.join(map(str, lanes.seeds))}\n")
        time.sleep(sleep)
        return {each: random.Random(f"{name} {each} {len(lanes.seeds)}").random() for each in lanes.seeds}

    found = {}
    for name in ("near", "far"):
        if name in stages:
            with stage(name):
                if name == "far" and seed == at and act == "raise":
                    raise ValueError("no good")
                if name == "far" and seed == at and act == "fail":
                    raise StageError("not fitted")
                near = lanes.once("near", lambda: program("near"))
                more = lanes.once(name, lambda name=name: program(name))  # type: ignore[misc]
                found[name] = near[seed] if name == "near" else near[seed] + more[seed]
    return found
