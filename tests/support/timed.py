"""Benchmarks, timed as a claim times them: in pairs, by what runs in a worker."""

from __future__ import annotations

import json

from harness.declare import find
from harness.measure.fingerprint import source_of
from harness.measure.records import Job, JobResult
from harness.measure.worker import run_job
from harness.questions import Trial
from harness.timing import PAIR


def as_pair(name: str, **parameters: object) -> JobResult:
    """What a worker says of a pair of the benchmark with itself."""
    function = find(name).function
    reference, values = f"{function.__module__}:{function.__qualname__}", json.dumps(parameters)
    params = (("x", reference), ("x-with", values), ("y", reference), ("y-with", values))
    declared = frozenset(source_of(PAIR, params).modules)
    return run_job(Job((Trial(PAIR, params, 0),), declared, 60.0), frozenset())
