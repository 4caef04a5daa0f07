"""From what a worker gave for a trial to its measurement."""

from __future__ import annotations

from harness.measure.fingerprint import source_of
from harness.measure.identity import Identities
from harness.measure.objections import objection
from harness.measure.records import Measurement, Outcome, TrialResult
from harness.questions import Trial


def measurement_of(
    trial: Trial, known: Identities, result: TrialResult, outcome: Outcome, place: int
) -> Measurement:
    """The measurement of the trial at this place in its job; its note says why it must not be stored."""
    source = known.source(trial)
    timed = known.declaration(trial).timed
    note = ""
    edited = outcome.edited or not source.is_current()
    if result.status == "ok" and not timed:
        if edited and not outcome.edited:  # perhaps only its comments
            edited = source_of(trial.run, trial.params).digest != source.digest
        edited = edited or not known.inputs(trial).is_current()
        expected = known.device(trial) if source.uses_jax else ""
        note = objection(trial, outcome, known.libraries(trial, outcome), expected, edited=edited)
    return Measurement(
        trial=trial,
        fingerprint=known.fingerprint(trial),
        status=result.status,
        values=result.values,
        missing=result.missing,
        stages=result.stages,
        error=result.error,
        seconds=result.seconds,
        device=known.device(trial),
        note=note,
        raised=result.raised,
        trace=result.trace,
        traces=outcome.traces,
        program=known.program(trial),
        ordinal=outcome.ordinal + place,
        cpu=outcome.cpu,
        changed=bool(outcome.traces.changed or outcome.traces.reseeded),
        edited=edited,
        stopped=outcome.stopped,
        block=known.block(trial),
    )
