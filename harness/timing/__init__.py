"""Timing benchmarks: one call apart from another, and two benchmarks side by side.

In: the declaration of a benchmark and its parameters. Out: wall seconds. `PAIR` names the experiment of this
room, which every claim of the kind `faster` reads; a worker runs it as it runs any other experiment.
"""

from harness.timing.calls import Prepared, prepare
from harness.timing.pair import PAIR

__all__ = ["PAIR", "Prepared", "prepare"]
