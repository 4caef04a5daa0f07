"""The benchmark `ntk.training-in-processes`: networks trained by processes of a given number of threads."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import (
    HIDDEN,
    POINTS,
    STEPS,
    WIDTH,
    Hidden,
    PointCount,
    Steps,
    Width,
)

ProcessCount = Annotated[int, Meta(ge=1, le=64)]


@benchmark(
    "ntk.training-in-processes",
    version=1,
    about={
        "processes": "processes that share the networks evenly",
        "threads": "threads of each, on the CPU",
        "networks": "trainings in all",
        "points": POINTS,
        "hidden": HIDDEN,
        "width": WIDTH,
        "steps": STEPS,
    },
)
def training_in_processes(
    *,
    processes: ProcessCount = 2,
    threads: ProcessCount = 1,
    networks: ProcessCount = 4,
    points: PointCount = 64,
    hidden: Hidden = 1,
    width: Width = 64,
    steps: Steps = 500,
) -> Timed:
    """Every process told to begin, and all of them waited for. They are ready, and have compiled, before."""
    from harness.ntk.benchmarks.support.crew import Crew

    if networks % processes:
        raise ValueError(f"networks: expected a multiple of {processes} processes, found {networks}")
    crew = Crew(
        processes, threads,
        points=points, hidden=hidden, width=width, steps=steps, networks=networks // processes,
    )  # fmt: skip
    crew.require_cores()
    return crew.work
