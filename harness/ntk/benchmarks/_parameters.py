"""Parameters that several benchmarks have, with their bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

PointCount = Annotated[int, Meta(ge=2, le=8192)]
Hidden = Annotated[int, Meta(ge=0, le=64)]
Width = Annotated[int, Meta(ge=1, le=65_536)]
Steps = Annotated[int, Meta(ge=1, le=1_000_000)]
TimedActivation = Literal["relu", "erf", "gelu", "identity"]

POINTS = "training points, on the sphere in 10 dimensions"
TEST = "points to predict at"
HIDDEN = "hidden layers"
WIDTH = "units in a hidden layer"
STEPS = "steps of gradient descent on all points"
ACTIVATION = "function between layers"
