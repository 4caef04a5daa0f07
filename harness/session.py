"""One run, from the names of suites to a record: load, select, plan, conduct, record."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import msgspec

from harness.campaign import Finding, Progress, Result, conduct, measure_pilot
from harness.errors import UserError
from harness.garbage import collected_rarely
from harness.git import toplevel
from harness.history.baselines import Resolver, WithBaselines, baseline_notes, resolvers
from harness.history.beside import Beside, RecordNumbers, judged_beside, resolved_cases
from harness.measure import PER_DEVICE, Laboratory, Measurer, recall_store_digests, roots
from harness.options import RunOptions
from harness.plan import Case, Trial, case, map_orders, parameters, shard
from harness.plan.baselines import baselines_of
from harness.plan.fresh import following_first_seed, fresh_first_seed
from harness.plan.points import asked_at
from harness.report import provenance
from harness.report.agreement import claim_records, stated_by
from harness.report.build import instance_record, recheck_record
from harness.report.comparisons import quantity_records
from harness.report.confirmed import confirmation_record, exit_code_of, notes_on
from harness.report.environment import environment
from harness.report.maps import map_records, notes_on_maps
from harness.report.record import (
    SCHEMA_VERSION,
    CountsRecord,
    EnvironmentRecord,
    InstanceRecord,
    Record,
    ShardRecord,
)
from harness.report.words import by_claim
from harness.spelling import experiment_today
from harness.suite import SelectionError, Suite
from harness.suite.experiments import read_experiment
from harness.suite.reader import Notes, Table
from harness.suite.references import check_experiment
from harness.targets import Selected, assigned
from harness.text import encodable
from harness.version import __version__


def cases_of(
    selected: Sequence[Selected], seeds: int | None = None, first_seed: int | None = None
) -> list[Case]:
    """The cases of all selected instances; `seeds` replaces their budgets, `first_seed` where each begins."""
    return [
        case(instance, seeds=seeds, first_seed=first_seed)
        for chosen in selected
        for instance in chosen.instances
    ]


@dataclass(frozen=True)
class _Preparation:
    """What a run knows before it measures anything; made by `_prepare`."""

    options: RunOptions
    started: datetime
    clock: float
    suites: Mapping[str, Suite]
    sources: Mapping[str, Resolver]
    """Of the baselines of each suite."""
    numbers: RecordNumbers
    stands_on: provenance.Provenance
    first_seed: int | None
    """Where all cases begin; None: each where its claim says."""
    every: Sequence[Case]
    """The cases of all shards."""
    cases: Sequence[Case]
    """Those of this one."""
    shard: ShardRecord | None
    also: Beside

    @property
    def seconds(self) -> float:
        """Wall seconds that it may take."""
        return math.inf if self.options.time_budget is None else self.options.time_budget


def run(
    selected: Sequence[Selected],
    options: RunOptions,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Record:
    """Measure and judge the selected instances, which were loaded with the parameters `options.overrides`.

    Raises `TrackError` if no trial depends on the repository that is tracked.
    """
    prepared = _prepare(selected, options)
    cases, also = prepared.cases, prepared.also
    here = environment(precision=_precision(cases), libraries=prepared.stands_on.libraries)
    with (
        collected_rarely(),
        Laboratory(
            options.store,
            workers=options.workers,
            cluster=options.cluster,
            block=options.block or 0,
            per_device=options.workers_per_device or PER_DEVICE,
        ) as laboratory,
        WithBaselines(laboratory, options, prepared.numbers, seconds=prepared.seconds) as elsewhere,
    ):
        measurer: Measurer = elsewhere if baselines_of([*cases, *also.cases]) else laboratory
        result = conduct(
            cases,
            measurer,
            memory_limit=options.memory_limit,
            time_budget=prepared.seconds,
            recheck=options.rechecked,
            salt=prepared.started.isoformat(),
            on_progress=on_progress,
            also=also.cases,
            maps=map_orders(cases, prepared.suites.values()),
        )
        second = _judged_again(result, measurer, prepared) if options.confirm else {}
        measured_on: dict[str, object] = {
            "workers": laboratory.workers,
            "cluster": laboratory.cluster,
            "device": _device(result),
            "blocks": tuple(sorted({m.block for m in result.measurements.values()})),
            **laboratory.site.said(),
        }
    where = msgspec.structs.replace(here, **measured_on)
    notes = baseline_notes(elsewhere.measured, prepared.stands_on.libraries)
    return _record(prepared, result, second, where, notes)


def _prepare(selected: Sequence[Selected], options: RunOptions) -> _Preparation:
    started, clock = datetime.now(UTC), time.monotonic()
    recall_store_digests(options.store)
    first_seed = options.first_seed
    if options.fresh:
        first_seed = fresh_first_seed(cases_of(selected, options.seeds))
    suites = {chosen.suite.name: chosen.suite for chosen in selected}
    sources, numbers = resolvers(suites, options.track), RecordNumbers()
    every = resolved_cases(cases_of(selected, options.seeds, first_seed), sources, numbers)
    stands_on = provenance.read_provenance(list(suites.values()), _closures(every), options.track)
    if options.track is not None and every:
        _check_tracked(options.track, stands_on.files)
    cases, part = _shard(every, options.shard)
    also = judged_beside(cases, suites, sources, options, numbers)
    return _Preparation(
        options, started, clock, suites, sources, numbers, stands_on, first_seed, every, cases, part, also
    )


def _record(
    prepared: _Preparation,
    result: Result,
    second: Mapping[str, tuple[Finding, Result]],
    where: EnvironmentRecord,
    baselines: Sequence[str],
) -> Record:
    """The record of a run. `second` is what was judged again, by id; `baselines` are notes on them."""
    options, suites, also, stands_on = prepared.options, prepared.suites, prepared.also, prepared.stands_on
    records = tuple(
        instance_record(finding, suites[finding.case.instance.suite], result) for finding in result.findings
    )
    records = also.with_joint(records, result.findings, result)
    records = tuple(_confirmed(found, second, suites) for found in records)
    maps = map_records(result.maps, suites)
    sampled = [c for c in prepared.every if c.sampled]
    judged = bool(prepared.cases) or options.shard is None
    return Record(
        schema_version=SCHEMA_VERSION,
        harness_version=__version__,
        started=prepared.started.isoformat(timespec="microseconds"),
        duration=time.monotonic() - prepared.clock,
        command=tuple(map(encodable, options.command)),
        suites=stands_on.suites,
        commit=stands_on.commit,
        environment=where,
        first_seed=min((c.first_seed for c in sampled), default=prepared.first_seed or 0),
        fresh=any(c.first_seed != c.instance.claim.first_seed for c in sampled),
        trials=_counts([result, *(again for _, again in list(second.values())[:1])]),
        wrong_verdicts_bound=sum(c.alpha for c in prepared.cases),
        exit_code=exit_code_of(records, maps) if judged else 0,
        notes=(
            *stands_on.notes,
            *also.notes,
            *baselines,
            *result.notes,
            *stands_on.changes(),
            *notes_on(records),
            *notes_on_maps(maps),
        ),
        instances=records,
        tracked=stands_on.tracked,
        shard=prepared.shard,
        time_budget=options.time_budget,
        rechecks=tuple(map(recheck_record, result.rechecks)),
        claims=claim_records(by_claim(records), stated_by(suites.values())),
        explored_seeds=any(instance.explored_seeds for instance in records),
        families=also.families(records),
        comparisons=also.comparison_records(result),
        quantities=quantity_records(result) if options.quantities else (),
        maps=maps,
    )


def _counts(results: Sequence[Result]) -> CountsRecord:
    """The trials of all campaigns of the run."""
    return CountsRecord(
        measured=sum(result.progress.measured for result in results),
        reused=sum(result.progress.reused for result in results),
        failed=sum(result.progress.failed for result in results),
    )


def _judged_again(
    result: Result, measurer: Measurer, prepared: _Preparation
) -> dict[str, tuple[Finding, Result]]:
    """What came out unexpected, judged a second time on fresh seeds that follow from commit and suites: the
    second findings, by id, each with the campaign that made it."""
    unexpected = [f.case.instance for f in result.findings if f.assessment.outcome == "unexpected"]
    if not unexpected:
        return {}
    options, stands_on = prepared.options, prepared.stands_on
    commit = stands_on.commit.hash if stands_on.commit else ""
    text = " ".join([commit, *(suite.sha256 for suite in stands_on.suites)])
    first_seed = following_first_seed(text, [case(i, seeds=options.seeds) for i in unexpected])
    cases = [case(i, seeds=options.seeds, first_seed=first_seed) for i in unexpected]
    second = conduct(
        resolved_cases(cases, prepared.sources, prepared.numbers),
        measurer,
        memory_limit=options.memory_limit,
        time_budget=max(0.0, prepared.seconds - (time.monotonic() - prepared.clock)),
        recheck=None,
        salt=prepared.started.isoformat(),
    )
    return {found.case.instance.id: (found, second) for found in second.findings}


def _confirmed(
    found: InstanceRecord, second: Mapping[str, tuple[Finding, Result]], suites: Mapping[str, Suite]
) -> InstanceRecord:
    """The record of an instance, with the second judgement beside it."""
    if found.id not in second:
        return found
    finding, result = second[found.id]
    judged = instance_record(finding, suites[found.suite], result)
    confirmation = confirmation_record(finding.case.first_seed, judged)
    return msgspec.structs.replace(found, confirmation=confirmation)


def pilot_of(cases: Sequence[Case], store: Path) -> int:
    """Measure the first seeds of the cases, into a store; the number of trials that were measured."""
    with Laboratory(store) as laboratory:
        return measure_pilot(cases, laboratory)


class TrackError(UserError, ValueError):
    """The code under test is not in the repository that is tracked."""


def make_importable(repository: Path) -> None:
    """Let suites name modules of a tracked repository, before what is installed under their names."""
    top = toplevel(repository).resolve()
    sys.path[:0] = [str(folder) for folder in (top, top / "src") if folder.is_dir()]


def _shard(cases: list[Case], part: tuple[int, int] | None) -> tuple[list[Case], ShardRecord | None]:
    if part is None:
        return cases, None
    number, of = part
    places = shard(cases, number, of)
    record = ShardRecord(number=number, of=of, places=tuple(places), total=len(cases))
    return [cases[place] for place in places], record


def _check_tracked(track: Path, files: Iterable[Path]) -> None:
    top = toplevel(track).resolve()
    if not any(file.is_relative_to(top) for file in files):
        raise TrackError(
            f"--track {track}: expected the repository of code that the trials depend on, found none of it"
            " among what they import: name the suite's subject with --override, or leave --track out"
        )


def _closures(cases: Sequence[Case]) -> list[provenance.Closure]:
    """What the trials of the cases, and of their controls, depend on, each closure once."""
    readings = [r for c in cases for q in (*c.questions, *c.control) for r in q.effect.readings]
    firsts = {(reading.experiment, roots(reading.params)): reading for reading in readings}
    return [(reading.experiment, reading.params) for reading in firsts.values()]


def _device(result: Result) -> str:
    return ", ".join(sorted({m.device for m in result.measurements.values() if m.device})) or "none"


def _precision(cases: Sequence[Case]) -> dict[str, str]:
    declarations = {c.instance.claim.experiment.declaration for c in cases}
    return {d.name: d.precision for d in declarations if d is not None and d.precision}


def trials_of(
    selected: Sequence[Selected], seed: int | None, at: Mapping[str, object] = MappingProxyType({})
) -> list[Trial]:
    """The distinct trials that the selected instances and their controls read for one seed; None: for the
    first that each reads in a run. Of a boundary those at the value of its axis that `at` has; else at the
    first point, as others follow from what is measured.

    Raises `SelectionError` for a value that is no point of the boundary.
    """
    questions = [q for c in cases_of(selected, first_seed=seed) for q in asked_at(c, at)]
    seeds = None if seed is None else range(seed, seed + 1)
    trials = dict.fromkeys(trial for q in questions for trial in q.trials(seeds or q.seeds(1)))
    return [trial for trial in trials if trial.baseline is None]  # this code measures no others


def trials_of_experiment(name: str, assignments: Sequence[str], seed: int) -> list[Trial]:
    """The trial of an experiment at `NAME=VALUE` assignments, each value a TOML scalar or plain text.

    Raises `UnknownExperimentError`, and `SelectionError` for what the experiment does not take.
    """
    name, values = experiment_today(name), assigned(assignments)
    notes = Notes()
    experiment = read_experiment("", Table({"run": name, "with": values}, (), notes), imports=True)
    if experiment is not None and not notes.mistakes:
        notes.mistakes += check_experiment(experiment)
    if notes.mistakes or experiment is None:
        raise SelectionError("\n".join(mistake.describe("command line") for mistake in notes.mistakes))
    return [Trial(name, parameters(experiment, ()), seed)]
