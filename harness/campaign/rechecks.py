"""What a campaign measures a second time, and which claims fail if the two disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.campaign.enquiries import Enquiry, Limits, Measurements, Reads
from harness.measure import Group, Measurement, Measurer
from harness.plan import Case, Trial, fixed


def points_of(cases: Sequence[Case]) -> dict[Reads, dict[Group, None]]:
    """The points that the cases read, with the tables to which they belong, as groups without a program.

    Points of timings are left out.
    """
    tables: dict[tuple[str, str], Group] = {}
    points: dict[Reads, dict[Group, None]] = {}
    for case in cases:
        experiment, suite = case.instance.claim.experiment, case.instance.suite
        timed = experiment.declaration is not None and experiment.declaration.timed
        if case.instance.claim.benchmarks or timed:
            continue
        if (suite, experiment.id) not in tables:
            tables[suite, experiment.id] = Group(
                experiment.run, "", fixed(experiment), experiment.repeatable, f"{suite}/{experiment.id}"
            )
        table = tables[suite, experiment.id]
        for question in (*case.questions, *case.control):
            for reading in question.effect.readings:
                points.setdefault((reading.experiment, reading.params), {})[table] = None
    return points


def narrowed(
    known: Measurements, readers: Mapping[Reads, Iterable[Enquiry]], laboratory: Measurer
) -> Measurements:
    """The measurements, with only the stages that enquiries read. Nothing is claimed about others."""
    wanted: dict[str, frozenset[str]] = {}  # by `Trial.stem`
    stage_of: dict[tuple[str, str], frozenset[str]] = {}
    others: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}  # quantities that no enquiry reads
    found = {}
    for trial, measurement in known.items():
        names = (*measurement.values, *measurement.missing)
        if (of := (trial.stem, names)) not in others:
            for name in names:
                if (trial.experiment, name) not in stage_of:
                    stage_of[trial.experiment, name] = laboratory.stages_of(trial, [name])
            if trial.stem not in wanted:
                point = (trial.experiment, trial.params)
                quantities = (name for enquiry in readers.get(point, ()) for name in enquiry.reads[point])
                wanted[trial.stem] = laboratory.stages_of(trial, quantities)
            others[of] = frozenset(
                name for name in names if not stage_of[trial.experiment, name] <= wanted[trial.stem]
            )
        found[trial] = _without(measurement, others[of])
    return found


def _without(measurement: Measurement, names: frozenset[str]) -> Measurement:
    if not names:
        return measurement
    return replace(
        measurement,
        values={name: value for name, value in measurement.values.items() if name not in names},
        missing={name: why for name, why in measurement.missing.items() if name not in names},
    )


def groups_of(points: Mapping[Reads, Iterable[Group]], known: Measurements) -> dict[Group, list[Measurement]]:
    """The groups of measurements that pass or fail together."""
    groups: dict[tuple[str, str], Group] = {}
    read: dict[Group, list[Measurement]] = {}
    at: dict[tuple[str, str], list[list[Measurement]]] = {}  # by `Trial.stem` and program
    for trial, measurement in known.items():
        if (of := (trial.stem, measurement.program)) not in at:
            at[of] = []
            for table in points.get((trial.experiment, trial.params), ()):
                key = (table.name, measurement.program)
                if key not in groups:
                    groups[key] = replace(table, program=measurement.program)
                at[of].append(read.setdefault(groups[key], []))
        for together in at[of]:
            together.append(measurement)
    return read


def limits_of(enquiries: Iterable[Enquiry]) -> Callable[[Trial], tuple[float, int | None]]:
    """The limits of a trial: the largest of those of the questions that read its point."""
    limits: dict[Reads, Limits] = {}
    for enquiry in enquiries:
        for reading in enquiry.question.effect.readings:
            point = (reading.experiment, reading.params)
            limits[point] = limits.get(point, Limits()) | enquiry.limits

    def limit(trial: Trial) -> tuple[float, int | None]:
        found = limits[trial.experiment, trial.params]
        return found.seconds, found.bytes

    return limit


def refuse(
    enquiries: Iterable[Enquiry],
    failed: Mapping[Group, str],
    points: Mapping[Reads, Iterable[Group]],
    program: Callable[[Trial], str],
) -> None:
    """Make the questions that read a failed group errors."""
    for enquiry in enquiries:
        for reading in enquiry.question.effect.readings:
            trial = reading.trial(enquiry.question.first_seed)
            if (trial.experiment, trial.params) not in points:
                continue
            found = program(trial)
            reasons = [r for g, r in failed.items() if g.program == found and g.holds(trial)]
            if reasons:
                enquiry.error, enquiry.covered = reasons[0], True
                break
