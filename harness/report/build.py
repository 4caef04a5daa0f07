"""From findings to the record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from harness.campaign import Finding, Result
from harness.declare import Declaration
from harness.judge import RULE, Assessment, PartAssessment
from harness.measure import Measurement, Recheck
from harness.plan import Trial
from harness.report.boundary import boundary_record, shown_boundary
from harness.report.data import data_parameters
from harness.report.details import fit_record, straightness, timings
from harness.report.record import (
    ControlRecord,
    InstanceRecord,
    PartRecord,
    RecheckRecord,
    Side,
    SourceRecord,
    TrialsRecord,
)
from harness.suite import Instance, Suite
from harness.suite.explored import meets

_FINGERPRINT_DIGITS = 16  # of 64: enough to find a trial in the store, short enough for 100 claims


def instance_record(finding: Finding, suite: Suite, result: Result) -> InstanceRecord:
    """The record of one instance's finding."""
    instance, found = finding.case.instance, finding.assessment
    claim = instance.claim
    settling = found.settling
    trials, seconds = _trials((*found.parts, *found.control), result.measurements)
    computed = finding.case.computed
    read = finding.case.questions[0].seeds(0 if computed else max((t.n for t in trials), default=0))
    boundary = found.boundary
    shown = _part(settling) if boundary is None else shown_boundary(boundary, _part(settling))
    return InstanceRecord(
        id=instance.id,
        suite=instance.suite,
        claim=claim.id,
        point=instance.values,
        says=instance.says,
        claim_says=claim.says,
        source=_source(instance, suite),
        expect=instance.expect,
        because=instance.because,
        predicate=claim.predicate.describe(),
        kind=claim.predicate.kind,
        toml=dict(claim.toml),
        alpha=finding.case.alpha,
        centre=claim.centre,
        marks=instance.marks,
        verdict=found.verdict,
        outcome=found.outcome,
        agreement=found.agreement,
        unit=settling.question.unit if boundary is None else "boundary",
        n=shown.n,
        budget=shown.budget,
        estimate=shown.estimate,
        interval=shown.interval,
        region=shown.region,
        values=shown.values,
        smallest_margin=shown.smallest_margin,
        seeds_to_decision=shown.seeds_to_decision,
        hours_to_decision=_hours_to_decision(found, result.measurements),
        reason=shown.reason,
        parts=tuple(map(_part, found.parts)) if len(found.parts) > 1 or boundary is not None else (),
        control=_control(instance, found),
        seconds=seconds,
        trials=trials,
        looks=shown.looks,
        reproducibility=found.reproducibility,
        fragile=found.fragile,
        fit=fit_record(settling, instance, result.measurements),
        timings=timings(settling, instance, result.measurements),
        first_seed=finding.case.questions[0].first_seed,
        explored=() if computed else claim.explored,
        explored_seeds=meets(claim.explored, read),
        stance=instance.stance,
        supported_for_some=found.supported_for_some,
        straightness=shown.straightness,
        lag_one=shown.lag_one,
        neighbours_alike=found.neighbours_alike,
        rule=RULE,
        least=0 if computed else instance.least,
        leaves_open=found.leaves_open,
        exchanged=shown.exchanged,
        computed=computed,
        boundary=None if boundary is None else boundary_record(boundary),
        same=shown.same,
        quantity_unit=_quantity_unit(settling, instance.claim.experiment.declaration),
    )


def _quantity_unit(part: PartAssessment, declaration: Declaration | None) -> str:
    """The unit of all quantities of a part; '' if they have several."""
    declared = {} if declaration is None else declaration.quantities
    names = {reading.quantity for reading in part.question.effect.readings}
    units = {declared[name].unit if name in declared else "" for name in names}
    return units.pop() if len(units) == 1 else ""


def recheck_record(recheck: Recheck) -> RecheckRecord:
    """The record of one recheck."""
    trial = recheck.trial
    return RecheckRecord(
        experiment=recheck.group.name,
        run=recheck.group.experiment,
        result=recheck.result,
        params={} if trial is None else dict(trial.params),
        seed=None if trial is None else trial.seed,
        reason=recheck.reason,
        seconds=recheck.seconds,
    )


def _part(part: PartAssessment) -> PartRecord:
    ruling, question = part.ruling, part.question
    return PartRecord(
        name=question.name,
        verdict=part.verdict,
        n=ruling.n,
        budget=question.budget,
        estimate=_finite(ruling.estimate),
        interval=(_finite(ruling.low), _finite(ruling.high)),
        region=(_finite(question.region.low), _finite(question.region.high)),
        values=ruling.values,
        looks=tuple((n, _finite(low), _finite(high)) for n, low, high in ruling.looks),
        smallest_margin=part.smallest_margin,
        seeds_to_decision=part.seeds_to_decision,
        reason=part.reason,
        reproducibility=part.reproducibility,
        leaves_open=part.leaves_open,
        straightness=straightness(part),
        lag_one=part.lag_one,
        neighbours_alike=part.neighbours_alike,
        exchanged=question.exchanged,
        computed=question.deterministic,
        same=ruling.same,
    )


def _control(instance: Instance, found: Assessment) -> ControlRecord | None:
    control = instance.control
    if control is None:
        return None
    if control.predicate is None:
        return ControlRecord(none_because=control.none_because)
    return ControlRecord(
        predicate=control.predicate.describe(),
        at={axis: instance.claim.experiment.value(axis, label) for axis, label in control.at.items()},
        verdict=found.control_verdict or "",
        parts=tuple(map(_part, found.control)),
        boundary=None if found.control_boundary is None else boundary_record(found.control_boundary),
    )


def _source(instance: Instance, suite: Suite) -> SourceRecord | None:
    citation = instance.claim.source
    if citation is None:
        return None
    source = suite.sources[citation.cite]
    return SourceRecord(
        cite=citation.cite,
        stance=citation.stance,
        where=citation.where,
        title=source.title,
        authors=source.authors,
        arxiv=source.arxiv,
        doi=source.doi,
        url=source.url,
        year=source.year,
        scope=citation.scope,
        margin="ours" if citation.our_margin else "",
    )


def _hours_to_decision(found: Assessment, measurements: Mapping[Trial, Measurement]) -> float | None:
    """How long the missing seeds of an inconclusive instance would take, on one core."""
    part = found.settling
    if (
        found.boundary is not None
        or found.verdict != "inconclusive"
        or not part.seeds_to_decision
        or not part.ruling.n
    ):
        return None
    _, seconds = _trials([part], measurements)
    return (part.seeds_to_decision - part.ruling.n) * (seconds / part.ruling.n) / 3600


def _read(part: PartAssessment) -> int:
    """How many seeds the part read. An error has read those of the look that it failed."""
    return max(part.ruling.n, (part.ruling.next_look or 0) if part.error else 0)


def _trials(
    parts: Iterable[PartAssessment], measurements: Mapping[Trial, Measurement]
) -> tuple[tuple[TrialsRecord, ...], float]:
    """The trials that the parts read, a record for each point, and their seconds, each trial once."""
    points: dict[Trial, tuple[dict[str, None], int]] = {}
    for part in parts:
        for reading in part.question.effect.readings:
            first = reading.trial(part.question.first_seed)
            quantities, n = points.get(first, ({}, 0))
            points[first] = ({**quantities, reading.quantity: None}, max(n, _read(part)))
    records, seconds = [], 0.0
    for first, (quantities, n) in points.items():
        made = [
            measurement
            for seed in range(first.seed, first.seed + n)
            if (measurement := measurements.get(first.at(seed)))
        ]
        seconds += math.fsum(m.seconds for m in made)
        records.append(
            TrialsRecord(
                experiment=first.experiment,
                params=dict(first.params),
                quantities=tuple(quantities),
                first_seed=first.seed,
                n=n,
                fingerprints=tuple(m.fingerprint[:_FINGERPRINT_DIGITS] for m in made),
                data=data_parameters(first.experiment),
                own_split=any(stage.fixed for m in made for stage in m.stages),
                baseline="" if first.baseline is None else first.baseline.shown,
            )
        )
    return tuple(records), seconds


def _finite(x: float) -> Side:
    return x if math.isfinite(x) else None
