"""Every quantity of a run compared with a baseline (`--against`): the records, and each of them in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from harness.campaign import Finding, Result
from harness.judge import PartAssessment, PartVerdict, same_text
from harness.plan import Trial
from harness.plan.baselines import HeldQuantity
from harness.report.compared import comparison_kind, comparisons_line
from harness.report.record import ComparisonRecord, QuantityRecord, Record, Side
from harness.report.words import effect, interval_text
from harness.text import label_of, printable

NAMED = 20
"""The most noted comparisons that are named one by one. All that differ are named."""


def comparison_record(comparison: HeldQuantity, finding: Finding) -> ComparisonRecord:
    """The record of one comparison."""
    part = finding.assessment.settling
    question, ruling = comparison.question, part.ruling
    reading = comparison.reading
    baseline = question.effect.readings[1].baseline
    assert baseline is not None
    return ComparisonRecord(
        baseline=baseline.shown,
        experiment=reading.experiment,
        params=dict(reading.params),
        quantity=reading.quantity,
        better=comparison.better,
        margin="" if comparison.margin is None else comparison.margin.text,
        verdict=_verdict(comparison, part),
        same=ruling.same,
        unit=question.unit,
        n=ruling.n,
        budget=question.budget,
        estimate=_side(ruling.estimate),
        interval=(_side(ruling.low), _side(ruling.high)),
        region=(_side(question.region.low), _side(question.region.high)),
        reason=part.reason,
    )


def _verdict(comparison: HeldQuantity, part: PartAssessment) -> PartVerdict:
    """The verdict on its question; without a margin it counts only if the numbers are the same."""
    if comparison.margin is not None or part.verdict != "supported":
        return part.verdict
    return "supported" if part.ruling.same in ("identical", "rounding") else "inconclusive"


def quantity_records(result: Result) -> tuple[QuantityRecord, ...]:
    """Each quantity that the run's own trials gave, by seed, as far as its seeds are consecutive."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    firsts: dict[str, Trial] = {}
    for trial, measurement in result.measurements.items():
        if trial.baseline is None:
            firsts.setdefault(trial.stem, trial)
            for name, value in measurement.values.items():
                if math.isfinite(value):
                    found.setdefault((trial.stem, name), {})[trial.seed] = value
    records = []
    for (stem, name), by_seed in found.items():
        for first_seed, values in _rows(by_seed):
            trial = firsts[stem]
            records.append(
                QuantityRecord(
                    experiment=trial.experiment,
                    params=dict(trial.params),
                    quantity=name,
                    first_seed=first_seed,
                    values=values,
                )
            )
    return tuple(records)


def _rows(by_seed: Mapping[int, float]) -> list[tuple[int, tuple[float, ...]]]:
    """Runs of consecutive seeds, with their numbers."""
    rows: list[tuple[int, list[float]]] = []
    for seed in sorted(by_seed):
        if not rows or seed != rows[-1][0] + len(rows[-1][1]):
            rows.append((seed, []))
        rows[-1][1].append(by_seed[seed])
    return [(first, tuple(values)) for first, values in rows]


def comparison_said(found: ComparisonRecord) -> str:
    """The result of a comparison, in words."""
    if found.verdict in ("not-covered", "error", "not-run"):
        return f"{found.verdict}: {found.reason}" if found.reason else found.verdict
    if found.same in ("identical", "rounding") and found.verdict == "supported":
        return same_text(found.same, found.n)
    shown = f"{effect(found.estimate, found.unit)} {interval_text(found.interval, found.unit)}"
    word = {
        "supported": "no worse within" if found.better else "equal within",
        "refuted": "worse by more than" if found.better else "not equal within",
        "inconclusive": "undecided within",
    }[found.verdict]
    said = f"{word} {found.margin}" if found.margin else "not the same; --within 0.01 gives it a margin"
    return f"{said}: {shown}, n = {found.n}"


def comparisons_text(record: Record, paint: Callable[[str, str], str]) -> list[str]:
    """A summary for each baseline, and below it the comparisons that differ, and some that are noted."""
    lines = []
    for baseline in dict.fromkeys(each.baseline for each in record.comparisons):
        own = [each for each in record.comparisons if each.baseline == baseline]
        lines.append(comparisons_line(own))
        for kind, most, color in (("differs", len(own), "unexpected"), ("noted", NAMED, "measured")):
            those = [each for each in own if comparison_kind(each) == kind]
            glyph = paint("✗" if kind == "differs" else "·", color)
            lines += [f"  {glyph} {printable(_line(each, record))}" for each in those[:most]]
            lines += [f"  … and {len(those) - most} more are noted"] if len(those) > most else []
    return lines


def _line(found: ComparisonRecord, record: Record) -> str:
    return f"{found.quantity} of {found.experiment}{_point(found, record)}: {comparison_said(found)}"


def _point(found: ComparisonRecord, record: Record) -> str:
    """The parameters that distinguish the point from others of its experiment in the record."""
    others = [each.params for each in record.comparisons if each.experiment == found.experiment]
    told = {
        name: value
        for name, value in found.params.items()
        if any(params.get(name) != value for params in others)
    }
    inside = ",".join(f"{name}={label_of(value)}" for name, value in sorted(told.items()))
    return f" at {inside}" if inside else ""


def _side(x: float) -> Side:
    return x if math.isfinite(x) else None
