"""Parameters that several benchmarks have, with their bounds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

TrialCount = Annotated[int, Meta(ge=1, le=1_000_000)]
WorkerCount = Annotated[int, Meta(ge=1, le=64)]

TRIALS = "trials of a call"
WORKERS = "processes that measure"
