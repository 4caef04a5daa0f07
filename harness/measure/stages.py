"""The stages of measurements: which are there, each apart from the others, several together.

What is kept of a trial is a *row* for each stage that was measured: a measurement with the quantities of
that stage alone. A trial that is measured as a whole has one row, of the stage ''. A stage that was not
measured is *absent*.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import chain

from harness.declare import Declaration
from harness.measure.records import Measurement


def known_stages(declaration: Declaration, measurement: Measurement | None) -> frozenset[str]:
    """The stages that a measurement has, whole."""
    if measurement is None:
        return frozenset()
    found = {*measurement.values, *measurement.missing}
    return frozenset([stage for stage, names in declaration.stages.items() if found.issuperset(names)])


def is_whole(declaration: Declaration, measurement: Measurement) -> bool:
    """Whether a measurement has declared quantities alone, of some stage, and of each all or none."""
    found = measurement.values.keys() | measurement.missing.keys()
    if len(found) != len(measurement.values) + len(measurement.missing):
        return False
    stages = known_stages(declaration, measurement)
    return bool(stages) and found == {name for stage in stages for name in declaration.stages[stage]}


def only(declaration: Declaration, measurement: Measurement, stages: Collection[str]) -> Measurement:
    """A measurement without the quantities of other stages."""
    names = set(chain.from_iterable(declaration.stages.get(stage, ()) for stage in stages))
    other = declaration.stages.keys() - set(stages)
    return replace(
        measurement,
        values={name: value for name, value in measurement.values.items() if name in names},
        missing={name: why for name, why in measurement.missing.items() if name in names},
        errors={name: why for name, why in measurement.errors.items() if name in names},
        stages=tuple(stage for stage in measurement.stages if stage.name not in other),
    )


def rows(declaration: Declaration, measurement: Measurement) -> dict[str, Measurement]:
    """A measurement's stages one by one; its seconds beyond those of its stages are shared evenly.

    A stage that no quantity names is kept in every row.
    """
    stages = known_stages(declaration, measurement)
    if not declaration.takes_stages:
        return dict.fromkeys(stages, measurement)
    took: dict[str, float] = dict.fromkeys(stages, 0.0)
    for stage in measurement.stages:
        if stage.name in took:
            took[stage.name] += stage.seconds
    rest = max(0.0, measurement.seconds - math.fsum(took.values())) / max(1, len(stages))
    return {
        stage: replace(only(declaration, measurement, {stage}), seconds=took[stage] + rest)
        for stage in declaration.stages
        if stage in stages
    }


def union(parts: Iterable[Measurement]) -> Measurement:
    """What several measurements of one trial have together; of what two have, the first's. One at least.

    As evidence of how it was measured it counts for the least: the fewest trials that a worker ran before.
    """
    first, *others = parts
    for other in others:
        there = first.values.keys() | first.missing.keys()
        told = {stage.name for stage in first.stages}
        first = replace(
            first,
            values={**first.values, **{n: v for n, v in other.values.items() if n not in there}},
            missing={**first.missing, **{n: why for n, why in other.missing.items() if n not in there}},
            stages=(*first.stages, *(stage for stage in other.stages if stage.name not in told)),
            seconds=first.seconds + other.seconds,
            ordinal=min(first.ordinal, other.ordinal),
            changed=first.changed or other.changed,
            cpu=first.cpu if first.cpu == other.cpu else f"{first.cpu}; {other.cpu}",
        )
    return first
