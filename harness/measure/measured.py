"""From what a worker gave for a trial to its measurement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from harness.declare import Declaration
from harness.measure.identity import Identities
from harness.measure.objections import objection
from harness.measure.records import JobResult, Lost, Measurement, TrialResult, altered
from harness.measure.stages import known_stages, only, union
from harness.questions import Trial


def measurement_of(
    trial: Trial,
    fingerprint: str,
    known: Identities,
    result: TrialResult,
    outcome: JobResult,
    place: int,
    *,
    keeps: bool,
) -> Measurement:
    """The measurement of the trial at this place in its job. Where it `keeps` what trials give, it is about
    to be stored, unless a note says why it must not be."""
    point = known.at(trial)
    note = ""
    if result.status == "ok" and not point.declaration.timed:
        edited = outcome.edited or known.edited(trial)
        expected = point.device.kind if point.source.uses_jax else ""
        note = objection(trial, outcome, known.libraries(trial, outcome), expected, edited=edited)
    else:
        edited = outcome.edited or known.touched(trial)
    return altered(
        _BLANK,
        trial=trial,
        fingerprint=fingerprint,
        status=result.status,
        values=result.values,
        missing=result.missing,
        stages=result.stages,
        error=result.error,
        seconds=result.seconds,
        device=point.device.kind,
        stored=keeps and result.status == "ok" and not note,
        note=note,
        raised=result.raised,
        trace=result.trace,
        traces=outcome.traces,
        program=point.program,
        ordinal=outcome.ordinal + place,
        cpu=outcome.cpu,
        changed=bool(outcome.traces.changed or outcome.traces.reseeded),
        edited=edited,
        stopped=outcome.stopped,
        block=point.block,
    )


_BLANK = Measurement(Trial("", (), 0), "", "ok")  # of which nothing is said


def added(declaration: Declaration, earlier: Measurement | None, now: Measurement) -> Measurement:
    """What is known of a trial when some of its stages have been measured now; for those that were known
    before, what was known stands, and `again` is what they gave now."""
    if earlier is None:
        return now
    both = known_stages(declaration, earlier) & known_stages(declaration, now)
    all_ = union((earlier, now))
    return replace(
        now,
        values=all_.values,
        missing=all_.missing,
        stages=all_.stages,
        seconds=all_.seconds,
        ordinal=all_.ordinal,
        cpu=all_.cpu,
        changed=all_.changed,
        again=only(declaration, now, both) if both else earlier.again,
    )


def with_failed(
    declaration: Declaration, earlier: Measurement | None, now: Measurement, stages: Collection[str]
) -> Measurement:
    """What is known of the stages of a trial that could not be measured, when these have failed now."""
    why = Lost(now.error, now.raised)
    errors = {name: why for stage in stages for name in declaration.stages.get(stage, ())}
    if earlier is None:
        return replace(now, errors=errors)
    return replace(earlier, errors={**earlier.errors, **errors}, seconds=earlier.seconds + now.seconds)


def together(measured: Measurement | None, failed: Measurement | None) -> Measurement:
    """A trial's measurement: what was measured of it, and what could not be. There is one of them."""
    if measured is None or failed is None:
        found = measured or failed
        assert found is not None
        return found
    return replace(
        failed,
        values=measured.values,
        missing=measured.missing,
        stages=measured.stages,
        seconds=measured.seconds + failed.seconds,
        again=measured.again,
        note=measured.note or failed.note,
    )
