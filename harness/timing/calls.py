"""Timing a benchmark: preparing it, its first call, and the calls after that, each apart.

The first call compiles (JAX) or fills caches; what is compared and tracked are the later ones. A call is over
when the device is done with what it returned.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.declare import Declaration, covered_if_installed

REPEATS = 3
"""A slot is the least of three repeats: what disturbs a timing only ever adds to it."""

LEAST = 2e-3
"""Seconds that a repeat takes at least, by calling several times: forty thousand times the clock's 50 ns."""


@dataclass(frozen=True)
class Prepared:
    """A benchmark that is ready; made by `prepare`. `call` runs the timed part and waits for the device."""

    call: Callable[[], None]
    setup_seconds: float
    first_seconds: float

    def seconds(self, calls: int = 1) -> float:
        """The least wall seconds of a call, over `REPEATS` repeats of `calls` calls."""
        return min(elapsed(self.call, calls) for _ in range(REPEATS)) / calls

    def calls_needed(self) -> int:
        """How many calls take `LEAST` seconds: the argument for `seconds`.

        As there, the least of several: one repeat that was suspended says nothing. (`timeit`'s `autorange`
        goes by one repeat, and to 0.2 s, a hundred times as long.)
        """
        calls = 1
        while any(elapsed(self.call, calls) < LEAST for _ in range(REPEATS)):
            calls *= 2
        return calls


def prepare(declaration: Declaration, arguments: Mapping[str, object]) -> Prepared:
    """Set the benchmark up with these keyword arguments, and call it for the first time.

    Raises whatever it raises, `NotCovered` where it needs a library of `missing_library`'s that is not
    installed, and `TypeError` where it returns nothing that can be called.
    """
    start = time.perf_counter()
    with covered_if_installed():
        timed = declaration.function(**arguments)
    ready = time.perf_counter()
    if not callable(timed):
        found = type(timed).__name__
        raise TypeError(f"benchmark {declaration.name}: expected a function to time, found a {found}")

    def call() -> None:
        result = timed()
        jax = sys.modules.get("jax")
        if jax is not None:
            jax.block_until_ready(result)

    call()
    return Prepared(call, ready - start, time.perf_counter() - ready)


def elapsed(call: Callable[[], None], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start
