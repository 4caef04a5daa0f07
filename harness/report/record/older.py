"""Turns records of schema 1 into today's: their texts become the fields of schema 2.

They name no suite and no kind of predicate beside an instance, and every value of an axis is text there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from harness.declare import Value
from harness.report.record.types import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    InstanceRecord,
    Record,
    TrialsRecord,
)
from harness.text import label_of

KINDS = (
    "equal", "differ", "less", "greater", "at-most", "at-least", "power-law", "monotone", "exact", "faster",
)  # fmt: skip
"""The predicates of schema 1."""

AxisValues = dict[tuple[str, str, str], Value]
"""The value by suite, axis and label."""


def upgraded(record: Record) -> Record:
    """The record, read from a file of schema 1, as one of today's schema."""
    known: AxisValues = {}
    for instance in record.instances:
        _learn(instance, known)
    return replace(
        record,
        schema_version=SCHEMA_VERSION,
        instances=tuple(_instance(instance, known) for instance in record.instances),
        claims=tuple(map(_claim, record.claims)),
    )


def _learn(instance: InstanceRecord, known: AxisValues) -> None:
    """Read the values of axes from the parameters of trials, if they are parameters."""
    suite = _suite(instance.id)
    control = instance.control.at if instance.control else {}
    for axis, label in (*instance.point.items(), *control.items()):
        key = (suite, axis, str(label))
        if key in known:
            continue
        for trials in instance.trials:
            if axis in trials.params and label_of(trials.params[axis]) == label:
                known[key] = trials.params[axis]


def _instance(instance: InstanceRecord, known: AxisValues) -> InstanceRecord:
    suite, kind = _suite(instance.id), next((kind for kind in KINDS if kind in instance.toml), "")
    exchanged = kind == "differ"
    parts, control = instance.parts, instance.control
    if exchanged:
        parts = tuple(replace(part, exchanged=True) for part in parts)
    if control is not None and (exchanged or control.at):
        control = _control(control, suite, known, exchanged=exchanged)
    return replace(
        instance,
        suite=suite,
        claim_says=str(instance.toml.get("says", instance.says)),
        kind=kind,
        exchanged=exchanged,
        point=_typed(instance.point, suite, known),
        parts=parts,
        control=control,
        trials=tuple(map(_read, instance.trials)),
    )


def _control(control: ControlRecord, suite: str, known: AxisValues, *, exchanged: bool) -> ControlRecord:
    parts = tuple(replace(part, exchanged=exchanged) for part in control.parts)
    return replace(control, at=_typed(control.at, suite, known), parts=parts)


def _read(trials: TrialsRecord) -> TrialsRecord:
    """The trials without fingerprints of seeds that were not read."""
    n = max(trials.n, 0)
    return trials if len(trials.fingerprints) <= n else replace(trials, fingerprints=trials.fingerprints[:n])


def _typed(labels: Mapping[str, Value], suite: str, known: AxisValues) -> dict[str, Value]:
    found = {}
    for axis, label in labels.items():
        key = (suite, axis, str(label))
        if key not in known:
            known[key] = _value(key[2])
        found[axis] = known[key]
    return found


def _value(label: str) -> Value:
    """The value of a label that no trial tells: of a benchmark's axis, or if nothing was run."""
    try:
        value: Value = msgspec.json.decode(label, type=int | float | bool)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return label
    return value if label_of(value) == label else label


def _claim(claim: ClaimRecord) -> ClaimRecord:
    suite, _, local = claim.id.partition("/")
    return replace(claim, suite=suite, claim=local)


def _suite(id_: str) -> str:
    """The first part of an id. Names of suites contain no slash."""
    return id_.partition("/")[0]
