"""What must be measured: turns instances of claims into questions and their distinct trials.

An instance becomes a `Case`: the *questions* of which it is the conjunction, and those of its *control*. Each
question reads *trials*. Two claims that read the same experiment at the same point with the same seed read
the same trial, which is measured once. A `MapOrder` is the order in which boundaries of a map are visited.
"""

from harness.plan.maps import MapOrder, map_orders
from harness.plan.questions import Case, case, declared, fixed, parameters
from harness.plan.shards import shard
from harness.questions import (
    BoundarySearch,
    Closeness,
    Linear,
    Question,
    Reading,
    Region,
    SeedsError,
    Straightness,
    Trial,
    TrialParams,
    arguments,
)

__all__ = [
    "BoundarySearch",
    "Case",
    "Closeness",
    "Linear",
    "MapOrder",
    "Question",
    "Reading",
    "Region",
    "SeedsError",
    "Straightness",
    "Trial",
    "TrialParams",
    "arguments",
    "case",
    "declared",
    "fixed",
    "map_orders",
    "parameters",
    "shard",
]
