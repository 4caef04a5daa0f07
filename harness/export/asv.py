"""From a record to asv's results: for each instance its distance from the claim, and its core seconds.

`asv_suites` names the series and gives their versions. It is asked twice: about the suite as it was at the
record's commit, for the results, and about today's suites, for asv's list of benchmarks. What was measured
with another margin, say, has another version, and asv leaves it out.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.disk import read
from harness.errors import UserError
from harness.export import asv_suites
from harness.export.asv_files import SeriesPoint, SeriesRow, machine, merge_benchmarks, merge_results
from harness.export.asv_suites import TRACKS, Series
from harness.git import GitError, git, line
from harness.report.dates import moment
from harness.report.distance import Distance, distance
from harness.report.record import InstanceRecord, Record, SuiteRecord
from harness.shipped import DISTRIBUTION, located
from harness.suite.names import name_in, namesakes, stated_name
from harness.text import printable

ENVIRONMENT = "harness"
"""asv's name for where claims are measured: one for all, so that no upgrade splits their history."""


class ExportError(UserError, ValueError):
    """A record that cannot be given a place in the history of commits."""


@dataclass(frozen=True)
class Exported:
    """What `export` has done with one record."""

    path: Path
    instances: int
    claims: int
    notes: tuple[str, ...]


def export(
    record: Record, *, file: str, results: Path, machine_name: str, allow_dirty: bool = False
) -> Exported:
    """Enter a record into asv's results, beside what is there. `file` names it in messages.

    Raises `ExportError` if its commit, or its suites at that commit, are not known for certain, and
    `AsvFileError` or `OutputError` where asv's files are not as expected, or cannot be written.
    """
    if record.commit is None:
        raise ExportError(
            f"{file}: expected a record of a commit, found one made outside a git repository,"
            " or where git refused to name it"
        )
    if record.commit.version:
        raise ExportError(
            f"{file}: expected a record of a commit, found one of suites that came with"
            f" {DISTRIBUTION} {record.commit.version}: run them from a checkout"
        )
    if record.commit.dirty and not allow_dirty:
        raise ExportError(
            f"{file}: expected a record of a commit, found one of {record.commit.hash[:8]} with changes that"
            " were not committed: commit and run again, or pass --allow-dirty if they do not matter"
        )
    for suite in record.suites:
        if suite.overrides:
            found = ", ".join(f"--override {name}={value}" for name, value in suite.overrides.items())
            raise ExportError(f"{file}: expected the suite's own parameters, found a record of {found}")
    date = _date(record.commit.hash, located(record.suites[0].path).parent if record.suites else Path(), file)
    started = _started(record, file)
    rows: dict[str, SeriesRow] = {}
    listed: dict[str, dict[str, object]] = {}
    for suite in record.suites:
        if suite.commit is not None and suite.commit.hash != record.commit.hash:
            raise ExportError(
                f"{file}: expected suites of one commit, found {suite.path} at {suite.commit.hash[:8]} and"
                f" the first at {record.commit.hash[:8]}: run the suites of each repository by themselves"
            )
        text = _at_commit(suite, record.commit.hash, file)
        try:
            series = asv_suites.claim_series(_name(suite), tomllib.loads(text))
            rows |= _rows(record, suite, series, started)
        except (LookupError, TypeError, ValueError) as error:
            expected = f"instances of {suite.path} as it was at commit {record.commit.hash[:8]}"
            raise ExportError(f"{file}: expected {expected}, found {error!r}") from None
        listed |= _listed(located(suite.path).parent, file)
    described, notes = machine(results, machine_name, record.environment)
    path = merge_results(
        results,
        described,
        rows,
        commit=record.commit.hash,
        date=date,
        environment=ENVIRONMENT,
        python=record.environment.python,
    )
    merge_benchmarks(results, listed)
    claims = {(i.suite, i.claim) for i in record.instances}
    return Exported(path, len(record.instances), len(claims), notes)


def _name(suite: SuiteRecord) -> str:
    """What the suite is called today: a file that states a name was called by its own before."""
    path = located(suite.path)
    return (name_in(path) if suite.name == path.stem else None) or suite.name


def _started(record: Record, file: str) -> int:
    """When the run began, in milliseconds, as asv has it."""
    started = moment(record.started)
    if started is None:
        found = repr(printable(record.started[:40]))
        raise ExportError(f"{file}: expected the date and time when the run was started, found {found}")
    return int(started.timestamp() * 1000)


def _rows(
    record: Record, suite: SuiteRecord, series: Mapping[str, Series], started: int
) -> dict[str, SeriesRow]:
    """A row for each series of the suite of which the record has instances."""
    rows = {}
    for claim, group in itertools.groupby(
        sorted((i for i in record.instances if i.suite == suite.name), key=lambda i: i.claim),
        key=lambda i: i.claim,
    ):
        kind = series[claim]
        params = [[repr(value) for value in values.values()] for values in kind.axes.values()]
        points: dict[str, dict[tuple[str, ...], SeriesPoint]] = {track: {} for track in TRACKS}
        for instance in group:
            labels = instance.labels
            where = tuple(repr(values[labels[axis]]) for axis, values in kind.axes.items())
            points["track_distance"][where] = _distance_point(instance)
            points["track_seconds"][where] = SeriesPoint(instance.seconds)
        for track, measured in points.items():
            rows[f"{kind.name}.{track}"] = SeriesRow(kind.version, params, started, measured)
    return rows


def _distance_point(instance: InstanceRecord) -> SeriesPoint:
    if instance.verdict in ("not-covered", "not-run"):
        return SeriesPoint(math.nan)
    found: Distance | None = None if instance.verdict == "error" else distance(instance)
    if found is None:
        return SeriesPoint(None)
    value = _rounded(found.value)
    if not found.samples:
        return SeriesPoint(value)
    low, high = found.quartiles
    stats = {
        "ci_99_a": found.low,
        "ci_99_b": found.high,
        "q_25": low,
        "q_75": high,
        "number": 1,
        "repeat": len(found.samples),
    }
    return SeriesPoint(value, found.samples, stats)


def _rounded(x: float, digits: int = 5) -> float:
    """`x` with as many significant digits as are worth reading: asv prints all that there are."""
    return round(x, digits - 1 - math.floor(math.log10(abs(x)))) if x and math.isfinite(x) else x


def _listed(folder: Path, file: str) -> dict[str, dict[str, object]]:
    """What asv's own discovery lists of the claims of today's suites."""
    series: list[Series] = []
    named: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            document = asv_suites.read_suite(path)
            name = stated_name(document, path.stem)
            if name in named:
                raise ExportError(f"{file}: {namesakes(name, named[name], path)}")
            named[name] = path
            series += asv_suites.claim_series(name, document).values()
        except ExportError:
            raise
        except (LookupError, TypeError, ValueError) as error:
            expected = f"{path}, listed with the rest, to be a suite that `harness check` finds right"
            raise ExportError(f"{file}: expected {expected}, found {error!r}") from None
    listed: dict[str, dict[str, object]] = {}
    for kind in series:
        for track, unit in TRACKS.items():
            name = f"{kind.name}.{track}"
            listed[name] = {
                "code": kind.source,
                "name": name,
                "param_names": list(kind.axes),
                "params": [[repr(value) for value in values.values()] for values in kind.axes.values()],
                "type": "track",
                "unit": unit,
                "version": kind.version,
            }
    return listed


def _at_commit(suite: SuiteRecord, commit: str, file: str) -> str:
    """The suite file that was run: as committed, or (of a dirty record) as it still is."""
    path = located(suite.path)
    candidates: list[bytes] = []
    with contextlib.suppress(GitError):
        candidates.append(git(path.parent, "cat-file", "blob", f"{commit}:./{path.name}"))
    if path.is_file():
        candidates.append(read(path))
    for data in candidates:
        if hashlib.sha256(data).hexdigest() == suite.sha256:
            return data.decode()
    found = "another version of it" if candidates else "no such file"
    expected = f"{path} as it was run (sha256 {suite.sha256[:12]}…) at commit {commit[:8]}"
    raise ExportError(f"{file}: expected {expected}, found {found}")


def _date(commit: str, folder: Path, file: str) -> int:
    """When the commit was authored, in milliseconds, as asv has it."""
    try:
        return int(line(folder, "show", "--no-patch", "--format=%at", f"{commit}^{{commit}}")) * 1000
    except GitError as error:
        expected = f"commit {commit[:8]} in the git repository of {folder.resolve()}"
        found = f"none ({error.said or error}): fetch it, or run from its repository"
        raise ExportError(f"{file}: expected {expected}, found {found}") from None
