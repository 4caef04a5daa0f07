"""The benchmark `ntk.training-in-processes`: processes train networks, each with a number of threads."""

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
    """Tell every process to begin, and wait for all of them. They have started and compiled before."""
    from harness.ntk.benchmarks.support.crew import Crew

    if networks % processes:
        raise ValueError(f"networks: expected a multiple of {processes} processes, found {networks}")
    crew = Crew(
        processes, threads,
        points=points, hidden=hidden, width=width, steps=steps, networks=networks // processes,
    )  # fmt: skip
    crew.require_cores()
    return crew.work
