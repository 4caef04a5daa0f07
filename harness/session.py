"""One run, from the names of suites to a record: load, select, plan, conduct, record."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from harness.campaign import Progress, Result, conduct
from harness.judge import exit_code
from harness.measure import Laboratory, source_of
from harness.plan import Case, Trial, case, parameters
from harness.report.build import instance_record
from harness.report.environment import commit_of, environment
from harness.report.record import SCHEMA_VERSION, CountsRecord, Record, SuiteRecord
from harness.suite import SelectionError, Suite
from harness.suite.experiments import read_experiment
from harness.suite.reader import Notes, Table
from harness.targets import Selected, assigned
from harness.text import encodable

FRESH_SEEDS = range(1_000_000, 2**31 - 1_000)
"""Where a fresh run begins: beyond every pinned seed, and small enough for any generator."""


def cases_of(selected: Sequence[Selected], seeds: int | None = None) -> list[Case]:
    """The cases of all selected instances."""
    return [case(instance, seeds=seeds) for chosen in selected for instance in chosen.instances]


def run(
    selected: Sequence[Selected],
    *,
    store: Path | None,
    workers: int | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    command: Sequence[str] = (),
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Record:
    """Measure and judge the selected instances. `first_seed` None stands for 0, the pinned seeds."""
    started, clock = datetime.now(UTC), time.monotonic()
    cases = cases_of(selected, seeds)
    first = first_seed or 0
    with Laboratory(store, workers=workers) as laboratory:
        result = conduct(cases, laboratory, first_seed=first, on_progress=on_progress)
        where = environment(
            workers=laboratory.workers,
            device=_device(result),
            precision=_precision(cases),
            libraries=_libraries(cases),
        )
    suites = {chosen.suite.name: chosen.suite for chosen in selected}
    records = tuple(
        instance_record(finding, suites[finding.case.instance.suite], result, first)
        for finding in result.findings
    )
    return Record(
        schema_version=SCHEMA_VERSION,
        harness_version=metadata.version("ntk-harness"),
        started=started.isoformat(timespec="seconds"),
        duration=time.monotonic() - clock,
        command=tuple(map(encodable, command)),
        suites=tuple(map(_suite_record, suites.values())),
        commit=commit_of(Path(selected[0].suite.path).resolve().parent) if selected else None,
        environment=where,
        first_seed=first,
        fresh=first_seed is not None,
        trials=CountsRecord(
            measured=result.progress.measured,
            reused=result.progress.reused,
            failed=result.progress.failed,
        ),
        wrong_verdicts_bound=sum(c.instance.claim.alpha for c in cases),
        exit_code=exit_code(finding.outcome for finding in result.findings),
        notes=result.notes,
        instances=records,
    )


def fresh_first_seed() -> int:
    """A first seed that no earlier run has used, but for chance."""
    return random.SystemRandom().choice(FRESH_SEEDS)


def _suite_record(suite: Suite) -> SuiteRecord:
    digest = hashlib.sha256(Path(suite.path).read_bytes()).hexdigest()
    given = dict(suite.given)
    path = encodable(suite.path)
    return SuiteRecord(name=suite.name, path=path, title=suite.title, sha256=digest, given=given)


def _device(result: Result) -> str:
    return ", ".join(sorted({m.device for m in result.measurements.values() if m.device})) or "none"


def _precision(cases: Sequence[Case]) -> dict[str, str]:
    declarations = {c.instance.claim.experiment.declaration for c in cases}
    return {d.name: d.precision for d in declarations if d is not None and d.precision}


def _libraries(cases: Sequence[Case]) -> dict[str, str]:
    """Name and version of every distribution beneath the experiments."""
    firsts = {r.run: r for c in cases for q in c.questions for r in q.effect.readings}
    sources = [source_of(reading.run, reading.params) for reading in firsts.values()]
    return {d.name: d.version for source in sources for d in source.distributions}


def trials_of(selected: Sequence[Selected], seed: int) -> list[Trial]:
    """The distinct trials that the selected instances and their controls read for one seed."""
    questions = [q for c in cases_of(selected) for q in (*c.questions, *c.control)]
    return list(dict.fromkeys(trial for question in questions for trial in question.trials([seed])))


def trials_of_experiment(name: str, assignments: Sequence[str], seed: int) -> list[Trial]:
    """The trial of an experiment at `NAME=VALUE` assignments, each value a TOML scalar or plain text.

    Raises `UnknownExperimentError`, and `SelectionError` for what the experiment does not take.
    """
    values = assigned(assignments)
    notes = Notes()
    experiment = read_experiment("", Table({"run": name, "with": values}, (), notes), imports=True)
    if notes.mistakes or experiment is None:
        raise SelectionError("\n".join(mistake.describe("command line") for mistake in notes.mistakes))
    return [Trial(name, parameters(experiment, ()), seed)]
