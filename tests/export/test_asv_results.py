"""Records in asv's files of results: what is written, merged and refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asv_project import project_in
from edits import edited
from records import record_of
from repositories import git

from harness.export import ExportError, asv_suites, export
from harness.export.asv_files import AsvFileError
from harness.report import Record, to_json


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """A project, and the record of its suite."""
    project = project_in(tmp_path_factory.mktemp("measured") / "project")
    return project, record_of(project / "suites/toys.toml", seeds=14)


@pytest.fixture
def enter(tmp_path: Path) -> Callable[..., Any]:
    """Export a record into asv's results, and read the file of results."""

    def _enter(record: Record, machine: str = "m", **how: Any) -> Any:
        results = tmp_path / "results"
        written = export(record, file="r.json", results=results, machine_name=machine, **how)
        assert written.path.parent == results / machine
        data = json.loads(written.path.read_text())
        rows = {k: dict(zip(data["result_columns"], r, strict=True)) for k, r in data["results"].items()}
        return written, data, rows

    return _enter


def test_export_writes_what_asv_reads(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    project, record = measured
    written, data, rows = enter(record)
    assert (written.instances, written.claims, written.notes) == (len(record.instances), 7, ())
    assert data["commit_hash"] == git(project, "rev-parse", "HEAD")
    assert data["date"] == 1000 * int(git(project, "show", "-s", "--format=%at"))
    assert data["params"]["machine"] == "m"
    assert written.path.name == f"{data['commit_hash'][:8]}-harness.json"
    row = rows["toys.are_equal.track_distance"]
    assert row["params"] == [["1", "2", "4"], ["'none-44136f'"], ["'plain'"]]
    (first,) = (i for i in record.instances if i.id == "toys/are-equal[kind=plain,rate=none,size=1]")
    assert first.estimate is not None
    assert row["result"][0] == pytest.approx(abs(first.estimate) / math.log(1.05), rel=1e-4)
    assert len(row["samples"][0]) == row["stats_repeat"][0] == first.n
    series = asv_suites.claim_series("toys", asv_suites.read_suite(project / "suites/toys.toml"))
    assert row["version"] == series["are-equal"].version
    assert rows["toys.are_equal.track_seconds"]["result"][0] == first.seconds

    asv_results = pytest.importorskip("asv.results")
    (read,) = asv_results.iter_results(str(tmp_path / "results"))
    assert read.env_name == "harness"
    name, params = "toys.beats.track_distance", []
    assert len(read.get_result_samples(name, params)[0]) == 14
    assert read.get_result_stats(name, params)[0]["ci_99_a"] < read.get_result_value(name, params)[0]


def test_the_list_of_benchmarks_is_the_one_that_asv_discovers(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    pytest.importorskip("asv_runner")
    project, record = measured
    enter(record)
    listed = json.loads((tmp_path / "results/benchmarks.json").read_text())
    program = "import sys; from asv_runner import discovery as d; d.list_benchmarks('suites', sys.stdout)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    discovered = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert len(discovered) == 2 * 10
    assert listed.pop("version") == 2
    assert listed == {
        name: {key: entry[key] for key in listed[name]}
        for name, entry in discovered.items()
        if ".track_" in name
    }


def test_a_record_has_the_version_of_its_commit_and_the_list_that_of_today(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    project, record = measured
    results = tmp_path / "results"
    results.mkdir()
    elses = {"name": "somebody.time_elses", "version": "1"}
    (results / "benchmarks.json").write_text(json.dumps({"version": 2, elses["name"]: elses}))
    suite = project / "suites/toys.toml"
    as_run = suite.read_text()
    try:
        suite.write_text(edited(as_run, {'within = "5%"': 'within = "6%"'}))
        _, _, rows = enter(record)
    finally:
        suite.write_text(as_run)
    listed = json.loads((results / "benchmarks.json").read_text())
    differ = {name for name in rows if rows[name]["version"] != listed[name]["version"]}
    assert differ == {"toys.are_equal.track_distance", "toys.are_equal.track_seconds"}
    assert listed[elses["name"]] == elses


def test_a_suite_that_has_been_given_a_name_keeps_its_series(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    project, record = measured
    suite = project / "suites/toys.toml"
    as_run = suite.read_text()
    try:
        suite.write_text(edited(as_run, {"[suite]": '[suite]\nname = "better"'}))
        _, _, rows = enter(record)
        (project / "suites/other.toml").write_text(suite.read_text())
        with pytest.raises(ExportError, match=r"two suites are named better, .*other\.toml and .*toys\.toml"):
            enter(record)
    finally:
        suite.write_text(as_run)
        (project / "suites/other.toml").unlink(missing_ok=True)
    listed = json.loads((tmp_path / "results/benchmarks.json").read_text())
    assert rows.keys() == {name for name in listed if name.startswith("better.")}
    assert rows["better.are_equal.track_seconds"]["result"][0] > 0


@pytest.mark.parametrize("started", ["", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_record_that_does_not_say_when_is_refused(
    measured: tuple[Path, Record], enter: Callable[..., Any], started: str
) -> None:
    _, record = measured
    with pytest.raises(ExportError, match=r"r\.json: expected the date and time when the run was started"):
        enter(msgspec.structs.replace(record, started=started))


def test_a_date_without_zone_is_utc(measured: tuple[Path, Record], enter: Callable[..., Any]) -> None:
    _, record = measured
    starts = []
    for started in ("2026-01-01T12:00:00", "2026-01-01T12:00:00+00:00"):
        _, _, rows = enter(msgspec.structs.replace(record, started=started))
        starts.append(rows["toys.are_equal.track_seconds"]["started_at"])
    assert starts == [1767268800000] * 2


def test_a_second_export_keeps_what_it_has_not_measured_and_replaces_what_it_has(
    measured: tuple[Path, Record], enter: Callable[..., Any]
) -> None:
    _, record = measured
    few = [i for i in record.instances if i.claim == "are-equal"][1:]
    doubled = tuple(msgspec.structs.replace(i, seconds=2 * i.seconds) for i in few)
    _, _, before = enter(record)
    _, _, after = enter(msgspec.structs.replace(record, instances=doubled))
    assert after.keys() == before.keys()
    name = "toys.are_equal.track_seconds"
    old, new = before[name]["result"], after[name]["result"]
    assert new == [old[0], 2 * old[1], 2 * old[2]]
    assert after["toys.are_equal.track_distance"] == before["toys.are_equal.track_distance"]
    assert after["toys.beats.track_distance"] == before["toys.beats.track_distance"]


def test_what_is_not_measured_is_not_available_and_what_went_wrong_has_failed(
    measured: tuple[Path, Record], enter: Callable[..., Any]
) -> None:
    _, record = measured
    one, two, _ = (i for i in record.instances if i.claim == "are-equal")
    error = msgspec.structs.replace(one, verdict="error")
    lacking = msgspec.structs.replace(two, verdict="not-covered")
    _, _, rows = enter(msgspec.structs.replace(record, instances=(error, lacking)))
    assert [str(value) for value in rows["toys.are_equal.track_distance"]["result"]] == ["None", "nan", "nan"]


def test_results_of_another_version_are_dropped_and_other_rows_kept(
    measured: tuple[Path, Record], enter: Callable[..., Any]
) -> None:
    _, record = measured
    written, data, _ = enter(record)
    index = data["result_columns"].index("version")
    data["results"]["toys.are_equal.track_seconds"][index] = "another"
    data["results"]["somebody.elses"] = [[1.0], [], "v"]
    data["result_columns"].append("profile")
    written.path.write_text(json.dumps(data))
    last = [i for i in record.instances if i.claim == "are-equal"][-1]
    _, data, _ = enter(msgspec.structs.replace(record, instances=(last,)))
    result = data["results"]["toys.are_equal.track_seconds"][0]
    assert [math.isnan(value) for value in result] == [True, True, False]
    assert data["results"]["somebody.elses"][:3] == [[1.0], [], "v"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"commit": None}, "r.json: expected a record of a commit, found one made outside"),
        ({"dirty": True}, r"found one of \w{8} with changes that were not committed"),
        ({"hash": "0" * 40}, "r.json: expected commit 00000000 in the git repository of .*, found none"),
        ({"sha256": "0" * 64}, r"expected .*toys\.toml as it was run \(sha256 0{12}…\) .* another version"),
        (
            {"overrides": {"shift": 1.0}},
            "r.json: expected the suite's own parameters, found .* --override shift=1.0",
        ),
    ],
)
def test_a_record_without_a_certain_place_in_history_is_refused(
    changes: dict[str, Any],
    message: str,
    measured: tuple[Path, Record],
    enter: Callable[..., Any],
    tmp_path: Path,
) -> None:
    _, record = measured
    replace = msgspec.structs.replace
    assert record.commit is not None
    for key, value in changes.items():
        if key in ("sha256", "overrides"):
            record = replace(record, suites=(replace(record.suites[0], **{key: value}),))
        elif key == "commit":
            record = replace(record, commit=value)
        else:
            record = replace(record, commit=replace(record.commit, **{key: value}))
    with pytest.raises(ExportError, match=message):
        enter(record)
    assert not (tmp_path / "results").exists()


def test_suites_that_cannot_be_listed_are_named(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    project, record = measured
    broken = project / "suites/zz.toml"
    broken.write_text("[claims.x]\n")
    try:
        with pytest.raises(ExportError, match=r"expected .*zz\.toml, listed with the rest, to be a suite"):
            enter(record)
    finally:
        broken.unlink()
    assert not (tmp_path / "results").exists()


def test_a_dirty_record_is_entered_where_that_is_allowed(
    measured: tuple[Path, Record], enter: Callable[..., Any]
) -> None:
    _, record = measured
    assert record.commit is not None
    dirty = msgspec.structs.replace(record, commit=msgspec.structs.replace(record.commit, dirty=True))
    written, _, _ = enter(dirty, allow_dirty=True)
    assert written.instances == len(record.instances)


def test_files_that_are_not_asvs_are_refused_and_left(
    measured: tuple[Path, Record], enter: Callable[..., Any], tmp_path: Path
) -> None:
    _, record = measured
    written, data, _ = enter(record)
    for text, found in (
        (json.dumps({**data, "version": 3}), "expected asv's format 2, found 3"),
        ("[1]", "expected asv's format 2, found 'list'"),
        ("{", "expected a file of asv's results, found Expecting"),
        (json.dumps({**data, "commit_hash": "1" * 40}), "found those of 1{40}"),
    ):
        written.path.write_text(text)
        with pytest.raises(AsvFileError, match=found):
            enter(record)
        assert written.path.read_text() == text
    with pytest.raises(AsvFileError, match=r"expected a machine's name, .* found '\.\./m'"):
        enter(record, machine="../m")


def test_another_processor_is_noted_and_the_machine_stays_what_it_was(
    measured: tuple[Path, Record], enter: Callable[..., Any]
) -> None:
    _, record = measured
    _, before, _ = enter(record)
    other = msgspec.structs.replace(record.environment, cpu="Abacus")
    written, after, _ = enter(msgspec.structs.replace(record, environment=other))
    assert "core seconds do not compare" in written.notes[0]
    assert after["params"] == before["params"]


def test_the_command_exports_and_says_what(measured: tuple[Path, Record], tmp_path: Path) -> None:
    project, record = measured
    (tmp_path / "r.json").write_bytes(to_json(record))
    where = ["--results", str(tmp_path / "results"), "--machine", "here"]
    command = [sys.executable, "-m", "harness", "export-asv", str(tmp_path / "r.json"), *where]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    commit = git(project, "rev-parse", "HEAD")[:8]
    file = tmp_path / f"results/here/{commit}-harness.json"
    expected = f"{tmp_path / 'r.json'}: {len(record.instances)} instances of 7 claims in {file}\n"
    assert done.stdout == expected
    assert file.is_file()
