"""How rare an event may be for n seeds to miss it.

An event of chance p per seed, say a training that fails, leaves no trace in n seeds with chance (1 − p)ⁿ. So
n seeds without it rule out, at the level alpha, only those that are more frequent than 1 − alpha^(1/n). No
interval helps: it knows what the seeds show.
"""

from __future__ import annotations

import math

from harness.questions import LOOKS


def leaves_open(n: int, alpha: float) -> float:
    """The largest chance per seed of an event that n seeds without it do not rule out at the level alpha."""
    return -math.expm1(math.log(alpha) / n)


def least_look(rare: float, alpha: float) -> int | None:
    """The first look after which only events of a chance up to `rare` are left open; None if none is."""
    return next((look for look in LOOKS if leaves_open(look, alpha) <= rare), None)
