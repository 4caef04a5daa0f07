"""A suite of as many trials as one likes, each of which costs nothing."""

from __future__ import annotations

SEEDS = 48
SUITE = """\
[suite]
format = 2
title = "Scale"

[experiments.e]
run = "toys:pair"
sweep = {{ shift = [{shifts}] }}

[claims.c]
says = "…"
expect = "open"
experiment = "e"
seeds = {seeds}
equal = {{ of = ["a.error", "b.error"], within = "0.00001%" }}
at = {{ shift = [{shifts}] }}
"""
"""The margin is so small that every instance needs its whole budget: the shifts lie on its edge."""


def suite_of(points: int) -> str:
    """The text of a suite with `SEEDS` trials at each of `points` points."""
    shifts = ", ".join(f"{1e-7 + 1e-12 * k:.17g}" for k in range(points))
    return SUITE.format(shifts=shifts, seeds=SEEDS)
