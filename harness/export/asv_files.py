"""asv's files of results, in its format 2: read, merged with what is new, and written whole.

    RESULTS/benchmarks.json                   what each series is: name, version, axes, unit
    RESULTS/MACHINE/machine.json              where it was measured
    RESULTS/MACHINE/COMMIT-ENVIRONMENT.json   what was measured at a commit: a row for each series

A row's columns are named in `result_columns`; values in it run over the product of the axes. null says
failed, NaN not available. asv's own writer is not used, for it writes in place: who reads meanwhile, or after
it was killed, finds half a file.
Format: https://asv.readthedocs.io/en/stable/dev.html#file-formats
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.disk import read
from harness.errors import UserError
from harness.report.files import write_whole
from harness.report.record import EnvironmentRecord

FORMAT, MACHINE_FORMAT = 2, 1

STATISTICS = ("ci_99_a", "ci_99_b", "q_25", "q_75", "number", "repeat")
_STATS = tuple(f"stats_{name}" for name in STATISTICS)
COLUMNS = ("result", "params", "version", "started_at", "duration", *_STATS, "samples")


class AsvFileError(UserError, ValueError):
    """A file among asv's results that is not of its format 2, or is about something else."""


@dataclass(frozen=True, eq=False)
class SeriesPoint:
    """What was measured at one point of a series. A value of None: failed; NaN: not available, so that points
    have no equality of their own."""

    value: float | None
    samples: tuple[float, ...] = ()
    statistics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesRow:
    """A series at one commit: its version, its axes' values as asv writes them, and the points measured."""

    version: str
    params: list[list[str]]
    started_at: int
    points: Mapping[tuple[str, ...], SeriesPoint]


def machine(
    results: Path, name: str, environment: EnvironmentRecord
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The machine's description: that which is there; or that of where the record was made, which is written.

    Also a note where the record was made on another processor: distances do not mind, seconds do.
    """
    if Path(name).name != name:
        raise AsvFileError(f"expected a machine's name, which is that of a folder, found {name!r}")
    path = results / name / "machine.json"
    known = _read(path, MACHINE_FORMAT)
    if known is None:
        system, _, architecture = environment.platform.rpartition(" ")
        known = {
            "machine": name,
            "os": system,
            "arch": architecture,
            "cpu": environment.cpu,
            "num_cpu": str(environment.cores),
            "ram": "",
        }
        _write(path, known, MACHINE_FORMAT)
    notes: tuple[str, ...] = ()
    cpu = known.get("cpu") or environment.cpu  # `asv machine --yes` may know none
    if cpu != environment.cpu:
        found = f"machine {name} has {cpu!r}, this was measured on {environment.cpu!r}"
        notes = (f"{found}: core seconds do not compare",)
    return {key: str(value) for key, value in known.items()}, notes


def merge_results(
    results: Path,
    described: Mapping[str, str],
    rows: Mapping[str, SeriesRow],
    *,
    commit: str,
    date: int,
    environment: str,
    python: str,
) -> Path:
    """Write the rows of a commit, and say where. Points that are there, of the same version, stay."""
    path = results / described["machine"] / f"{commit[:8]}-{environment}.json"
    old = _read(path, FORMAT) or {}
    if old.get("commit_hash", commit) != commit:
        raise AsvFileError(f"{path}: expected results of {commit}, found those of {old['commit_hash']}")
    try:
        columns = [str(column) for column in old.get("result_columns", [])]
        merged = {name: dict(zip(columns, row, strict=False)) for name, row in old.get("results", {}).items()}
        for name, row in rows.items():
            merged[name] = _row(_joined(row, merged.get(name, {})))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise AsvFileError(f"{path}: expected rows of asv's format {FORMAT}, found {error!r}") from None
    names = [*COLUMNS, *(column for column in columns if column not in COLUMNS)]
    data = {
        "commit_hash": commit,
        "env_name": environment,
        "date": date,
        "params": dict(described),
        "python": python,
        "requirements": {},
        "env_vars": {},
        "result_columns": names,
        "results": {name: [row.get(column) for column in names] for name, row in merged.items()},
        "durations": old.get("durations", {}),
    }
    _write(path, data, FORMAT)
    return path


def merge_benchmarks(results: Path, listed: Mapping[str, Mapping[str, object]]) -> None:
    """Put these series into asv's list, instead of what it says of them; the others stay."""
    path = results / "benchmarks.json"
    _write(path, {**(_read(path, FORMAT) or {}), **listed}, FORMAT)


def _joined(row: SeriesRow, old: Mapping[str, Any]) -> SeriesRow:
    """The row with the points of an older export that it lacks."""
    if old.get("version") != row.version:
        return row
    points: dict[tuple[str, ...], SeriesPoint] = {}
    for index, where in enumerate(itertools.product(*old.get("params") or [])):

        def at(column: str, index: int = index) -> Any:
            values = old.get(column)
            return None if values is None else values[index]

        statistics = {name: at(f"stats_{name}") for name in STATISTICS if at(f"stats_{name}") is not None}
        points[where] = SeriesPoint(at("result"), tuple(at("samples") or ()), statistics)
    return SeriesRow(row.version, row.params, row.started_at, {**points, **row.points})


def _row(row: SeriesRow) -> dict[str, object]:
    points = [row.points.get(where, SeriesPoint(math.nan)) for where in itertools.product(*row.params)]
    columns: dict[str, object] = {
        "result": [point.value for point in points],
        "params": row.params,
        "version": row.version,
        "started_at": row.started_at,
        "samples": [list(point.samples) or None for point in points],
    }
    for name in STATISTICS:
        columns[f"stats_{name}"] = [point.statistics.get(name) for point in points]
    empty = [name for name, value in columns.items() if value == [None] * len(points)]
    return {**columns, **dict.fromkeys(empty)}


def _read(path: Path, version: int) -> dict[str, Any] | None:
    """The file's data without its version; None if there is no file."""
    try:
        data = json.loads(read(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise AsvFileError(f"{path}: expected a file of asv's results, found {error}") from None
    found = data.pop("version", None) if isinstance(data, dict) else type(data).__name__
    if found != version:
        raise AsvFileError(f"{path}: expected asv's format {version}, found {found!r}")
    return dict(data)


def _write(path: Path, data: Mapping[str, object], version: int) -> None:
    write_whole(path, json.dumps({**data, "version": version}, indent=1).encode() + b"\n")
