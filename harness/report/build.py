"""From findings to the record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.campaign import Finding, Part, Result
from harness.judge import (
    FRAGILE,
    RULE,
    Verdict,
    all_reproduce,
    lag_one,
    left_open,
    neighbours_alike,
    reproducibility,
    seeds_to_decision,
    shown_reproducibility,
    smallest_margin,
    supports_for_some,
)
from harness.measure import Measurement, Recheck
from harness.plan import Closeness, Linear, Trial
from harness.report.data import data_parameters
from harness.report.details import fit, straightness, timings
from harness.report.record import (
    ControlRecord,
    InstanceRecord,
    PartRecord,
    RecheckRecord,
    Side,
    SourceRecord,
    TrialsRecord,
    Unit,
)
from harness.suite import Instance, Suite
from harness.suite.explored import meets

_FINGERPRINT_DIGITS = 16  # of 64: enough to find a trial in the store, short enough to keep 100 claims


def instance_record(finding: Finding, suite: Suite, result: Result) -> InstanceRecord:
    """The record of one instance's finding."""
    instance = finding.case.instance
    claim = instance.claim
    part = settling(finding.parts, finding.verdict)
    trials, seconds = _trials((*finding.parts, *finding.control), result.measurements)
    read = finding.case.questions[0].seeds(max((t.n for t in trials), default=0))
    shown = _part(part)
    parts = tuple(map(_part, finding.parts)) if len(finding.parts) > 1 else ()
    hours = None
    if finding.verdict == "inconclusive" and shown.seeds_to_decision and shown.n:
        per_seed = _seconds_per_seed(part, result.measurements)
        hours = (shown.seeds_to_decision - shown.n) * per_seed / 3600
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
        alpha=claim.alpha,
        center=claim.center,
        marks=instance.marks,
        verdict=finding.verdict,
        outcome=finding.outcome,
        agreement=finding.agreement,
        unit=unit_of(part, claim.predicate.kind),
        n=shown.n,
        budget=shown.budget,
        estimate=shown.estimate,
        interval=shown.interval,
        region=shown.region,
        values=shown.values,
        smallest_margin=shown.smallest_margin,
        seeds_to_decision=shown.seeds_to_decision,
        hours_to_decision=hours,
        reason=shown.reason,
        parts=parts,
        control=_control(finding),
        seconds=seconds,
        trials=trials,
        looks=shown.looks,
        reproducibility=_shown_reproducibility(finding.parts, finding.verdict),
        fragile=_is_fragile(finding),
        fit=fit(part, instance, result.measurements),
        timings=timings(part, instance, result.measurements),
        first_seed=finding.case.first_seed,
        explored=claim.explored,
        explored_seeds=meets(claim.explored, read),
        stance=instance.stance,
        supported_for_some=_supported_for_some(finding, suite),
        straightness=shown.straightness,
        lag_one=shown.lag_one,
        neighbours_alike=shown.neighbours_alike or any(part.neighbours_alike for part in parts),
        rule=RULE,
        least=instance.least,
        leaves_open=_left_open(finding.parts, finding.verdict),
    )


def _supported_for_some(finding: Finding, suite: Suite) -> bool:
    """Whether an instance shows that the claim holds in *some*: asked of sources that say so alone."""
    instance = finding.case.instance
    source = instance.claim.source
    if source is None or source.scope != "some" or finding.verdict != "supported":
        return False
    alike = suite.stances[instance.claim.id][instance.stance]
    parts = [
        (part.question, part.ruling.values, part.ruling.bend.values if part.ruling.bend else ())
        for part in finding.parts
    ]
    return supports_for_some(parts, alike)


def recheck_record(recheck: Recheck) -> RecheckRecord:
    """The record of one recheck."""
    trial = recheck.trial
    return RecheckRecord(
        experiment=recheck.group.name,
        run=recheck.group.run,
        result=recheck.result,
        params={} if trial is None else dict(trial.params),
        seed=None if trial is None else trial.seed,
        reason=recheck.reason,
        seconds=recheck.seconds,
    )


def settling(parts: Sequence[Part], verdict: str) -> Part:
    """The first part whose verdict is the conjunction's."""
    return next(part for part in parts if part.verdict == verdict)


def _reproducibility(parts: Sequence[Part], verdict: Verdict) -> float | None:
    """The chance that fresh seeds give the verdict: all parts of a supported one, any of a refuted one."""
    chances = [reproducibility(part.ruling, part.question) for part in parts if part.verdict == verdict]
    if verdict == "refuted":
        return max((chance for chance in chances if chance is not None), default=None)
    return all_reproduce(chances) if verdict == "supported" else None


def _shown_reproducibility(parts: Sequence[Part], verdict: Verdict) -> float | None:
    """What is shown of it: cut by the seeds of the part that has the fewest, or of each refuted one."""
    decided = [part for part in parts if part.verdict == verdict]
    if verdict == "refuted":
        shown = [shown_reproducibility(_reproducibility([part], verdict), part.ruling.n) for part in decided]
        return max((chance for chance in shown if chance is not None), default=None)
    fewest = min((part.ruling.n for part in decided), default=0)
    return shown_reproducibility(_reproducibility(decided, verdict), fewest)


def _left_open(parts: Sequence[Part], verdict: Verdict) -> float | None:
    """What a definite verdict leaves open: of a supported conjunction, what any part does."""
    if verdict == "refuted":
        settled = settling(parts, verdict)
        return left_open(settled.ruling, settled.question)
    if verdict != "supported":
        return None
    chances = [left_open(part.ruling, part.question) for part in parts]
    return max((chance for chance in chances if chance is not None), default=None)


def _is_fragile(finding: Finding) -> bool:
    """Whether what is known of the claim's verdict, and of its control's where that counts, is too little."""
    chances = [_reproducibility(finding.parts, finding.verdict)]
    if finding.outcome == "as-expected" and finding.verdict == "supported" and finding.control_verdict:
        chances.append(_reproducibility(finding.control, finding.control_verdict))
    together = all_reproduce([chance for chance in chances if chance is not None])
    return together is not None and together < FRAGILE


def unit_of(part: Part, kind: str) -> Unit:
    """What the x_s of a part of a `kind` predicate is; see `harness.report.record`."""
    effect = part.question.effect
    if kind == "power-law":
        return "exponent"
    if kind == "faster":
        return "speed-up"
    if isinstance(effect, Closeness):
        return "violation"
    if effect.scale == "linear":
        return "value" if len(effect.readings) == 1 else "difference"
    return "log-value" if len(effect.readings) == 1 else "ratio"


def _part(part: Part) -> PartRecord:
    ruling, question = part.ruling, part.question
    definite = part.verdict in ("supported", "refuted")
    linear = isinstance(question.effect, Linear) and not part.error
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
        smallest_margin=smallest_margin(ruling, question) if linear else None,
        seeds_to_decision=seeds_to_decision(ruling, question) if linear and not definite else None,
        reason=part.error or ruling.reason,
        reproducibility=None
        if part.error
        else shown_reproducibility(reproducibility(ruling, question), ruling.n),
        leaves_open=None if part.error else left_open(ruling, question),
        straightness=straightness(part),
        lag_one=lag_one(ruling.values) if linear else None,
        neighbours_alike=linear and neighbours_alike(ruling.values),
    )


def _control(finding: Finding) -> ControlRecord | None:
    control = finding.case.instance.control
    if control is None:
        return None
    if control.predicate is None:
        return ControlRecord(none_because=control.none_because)
    experiment = finding.case.instance.claim.experiment
    return ControlRecord(
        predicate=control.predicate.describe(),
        at={axis: experiment.value(axis, label) for axis, label in control.at.items()},
        verdict=finding.control_verdict or "",
        parts=tuple(map(_part, finding.control)),
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


def _read(part: Part) -> int:
    """How many seeds the part read: an error has read those of the look that it failed."""
    return max(part.ruling.n, (part.ruling.next_look or 0) if part.error else 0)


def _trials(
    parts: Iterable[Part], measurements: Mapping[Trial, Measurement]
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
            if (measurement := measurements.get(replace(first, seed=seed)))
        ]
        seconds += math.fsum(m.seconds for m in made)
        records.append(
            TrialsRecord(
                experiment=first.run,
                params=dict(first.params),
                quantities=tuple(quantities),
                first_seed=first.seed,
                n=n,
                fingerprints=tuple(m.fingerprint[:_FINGERPRINT_DIGITS] for m in made),
                data=data_parameters(first.run),
                own_split=any(stage.fixed for m in made for stage in m.stages),
            )
        )
    return tuple(records), seconds


def _seconds_per_seed(part: Part, measurements: Mapping[Trial, Measurement]) -> float:
    _, seconds = _trials([part], measurements)
    return seconds / max(1, part.ruling.n)


def _finite(x: float) -> Side:
    return x if math.isfinite(x) else None
