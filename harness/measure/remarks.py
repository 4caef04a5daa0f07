"""What a run says of trials that changed their worker: one note for each experiment."""

from __future__ import annotations

from collections.abc import Iterable

from harness.measure.records import Measurement, Traces

MOST = 6
"""How many changes a note names."""


def remarks(measurements: Iterable[Measurement]) -> tuple[str, ...]:
    """A note for each experiment whose trials left traces, and for each kind of what was done about them."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for measurement in measurements:
        for kind, changes in _kinds(measurement.traces):
            found.setdefault((measurement.trial.experiment, kind), {}).update(dict.fromkeys(changes))
    return tuple(f"{run}: {_sentence(kind, tuple(changes))}" for (run, kind), changes in found.items())


def _kinds(traces: Traces) -> list[tuple[str, tuple[str, ...]]]:
    kinds = [("changed", traces.changed), ("imported", traces.imported), ("reseeded", traces.reseeded)]
    return [(kind, changes) for kind, changes in kinds if changes]


def _sentence(kind: str, changes: tuple[str, ...]) -> str:
    named = "; ".join(changes[:MOST])
    if len(changes) > MOST:
        named += f"; and {len(changes) - MOST} more"
    if kind == "changed":
        return (
            f"its trials changed what later trials in the same process would see ({named}), so that each"
            " cost a new worker"
        )
    if kind == "imported":
        return f"importing its modules changed the process ({named}), so that its workers ran nothing else"
    return f"its trials changed {named}, which was seeded anew after each"
