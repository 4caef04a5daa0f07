"""The experiment behind `faster`: two benchmarks, timed one right after the other.

Seed s is one pair. Even seeds time x first, odd ones y (ABBA over two pairs), so that a drift of the machine
favours neither. Both are prepared once per worker process; a claim's pairs are measured by one worker, alone.
"""

from __future__ import annotations

import functools
import json

from harness.declare import Quantity, experiment, find, stage
from harness.timing.calls import Prepared, prepare

PAIR = f"{__name__}:pair"
"""How trials name the experiment."""

_TIMING = "timing"

_SECONDS = Quantity(
    "least wall seconds of a call over three repeats", unit="s", resolution=1e-3, stage=_TIMING
)
"""Resolution: what repeats differ by on a quiet machine; the clock's 50 ns in 2 ms are far below it."""


@experiment(
    "timing.pair",
    version=1,
    quantities={"x.seconds": _SECONDS, "y.seconds": _SECONDS},
    about={
        "x": "benchmark, as package.module:function",
        "x_with": "its parameters, as JSON",
        "y": "the other",
        "y_with": "its parameters, as JSON",
    },
    timed=True,
)
def pair(*, seed: int, x: str = "", x_with: str = "{}", y: str = "", y_with: str = "{}") -> dict[str, float]:
    """Time two benchmarks side by side.

    One that raises `NotCovered`, because what it times is not installed here, leaves the claim not covered.
    """
    names = (("x", x, x_with), ("y", y, y_with))
    ordered = names if seed % 2 == 0 else names[::-1]
    measured = {}
    with stage(_TIMING):
        for _, run, values in names:
            ready(run, values)  # neither is prepared between the two timings
        for name, run, values in ordered:
            prepared, calls = ready(run, values)
            measured[f"{name}.seconds"] = prepared.seconds(calls)
    return measured


@functools.lru_cache(maxsize=4)  # a pair and the next one: what benchmarks hold may be large
def ready(run: str, values: str) -> tuple[Prepared, int]:
    prepared = prepare(find(run), json.loads(values))
    return prepared, prepared.calls_needed()
