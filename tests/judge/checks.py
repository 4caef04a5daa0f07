"""What a simulation gave, beside the figure that is stated of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SIGMAS = 4.0
"""Of some 200 figures, one is further off by chance in 1% of the choices of the seed."""


@dataclass(frozen=True)
class Check:
    """A measured number with its standard error, and the number that is stated.

    `error` is that of the difference: of the stated figure too, where a simulation gave it. `step` is the
    unit of its last digit.
    """

    what: str
    stated: float
    measured: float
    error: float
    step: float

    @property
    def holds(self) -> bool:
        return abs(self.measured - self.stated) <= SIGMAS * self.error + 0.5001 * self.step

    @property
    def row(self) -> str:
        digits = max(0, round(-math.log10(self.step))) + 1
        shown = f"{self.measured:.{digits}f} ± {self.error:.{digits}f}"
        return f"| {self.what} | {self.stated:g} | {shown} | {'yes' if self.holds else 'NO'} |"


def of_share(what: str, stated: float, count: int, runs: int, step: float, unit: float = 1.0,
             stated_runs: float = math.inf) -> Check:  # fmt: skip
    """A share of runs, in units of `unit` (alpha), against one that `stated_runs` gave."""
    share = count / runs
    # Of the two, that which gives the larger error; one run in all where both are 0 or 1.
    spread = max(p * (1 - p) for p in (stated * unit, share, 1 / runs))
    variance = spread * (1 / runs + 1 / stated_runs)
    return Check(what, stated, share / unit, math.sqrt(variance) / unit, step)


def report(title: str, checks: Iterable[Check]) -> int:
    """Print a table of checks, and give the number of those that do not hold."""
    print(f"\n{title}\n\n| what | stated | measured | holds |\n|---|---|---|---|")
    failed = 0
    for check in checks:
        print(check.row, flush=True)
        failed += not check.holds
    return failed
