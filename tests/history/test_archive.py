"""Records as history: new files only, whole or not at all, and what of them counts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from records import record_of
from repositories import git

from harness.history import Chosen, compare, keep, past
from harness.history.archive import fingerprints, listed
from harness.report import Record
from harness.report.files import OutputError
from harness.report.place import place_of
from harness.report.record import CommitRecord

SUITE = """\
[suite]
format = 2
title = "t"

[experiments.e]
run = "toys:pair"
sweep = { shift = [0.0, 1.0] }

[claims.c]
says = "…"
expect = "open"
experiment = "e"
equal = { of = ["a.error", "b.error"], within = "5%" }

[claims.d]
says = "…"
expect = "open"
experiment = "e"
at-most = { of = "gap", bound = 2.0 }
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "t.toml"
    path.write_text(SUITE)
    return record_of(path)


def of(record: Record, hash_: str, *, dirty: bool = False, **changed: object) -> Record:
    return msgspec.structs.replace(record, commit=CommitRecord(hash=hash_, dirty=dirty), **changed)


def test_records_are_named_by_time_commit_and_machine_and_never_replaced(
    record: Record, tmp_path: Path
) -> None:
    there = msgspec.structs.replace(record.environment, machine="Host name.local")
    made = of(record, "a" * 40, started="2026-01-02T03:04:05+02:00", environment=there)
    first, second = keep(tmp_path, made), keep(tmp_path, made)
    assert first.name == "20260102T010405Z-aaaaaaaaa-Host-name-local.json"
    assert second.name == "20260102T010405Z-aaaaaaaaa-Host-name-local-2.json"
    assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name}
    assert listed(tmp_path)[0][0].read() == made


def test_a_run_says_to_the_microsecond_when_it_began_and_where_its_suite_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/t.toml").write_text(SUITE)
    found = []
    whole = str(tmp_path / "a/t.toml")
    for folder, path in ((tmp_path, "./a/t.toml"), (tmp_path / "a", "t.toml"), (Path("/"), whole)):
        monkeypatch.chdir(folder)
        found.append(record_of(Path(path), only="d", seeds=14))
    assert [record.suites[0].place for record in found] == ["a/t.toml"] * 3
    assert len({record.started for record in found}) == 3
    assert all(len(record.started) == len("2026-01-01T00:00:00.000000+00:00") for record in found)


def test_outside_of_a_repository_a_place_is_that_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert place_of(Path("a/../a/t.toml")) == "a/t.toml"
    monkeypatch.chdir(tmp_path / "a")
    assert place_of(Path("../t.toml")) == (tmp_path / "t.toml").as_posix()


def test_where_it_cannot_be_kept_one_error_says_so(record: Record, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a record cannot be kept there"):
        keep(tmp_path / "file", record)


def states(folder: Path, **how: object) -> list[tuple[str, int]]:
    """Hash and number of records of each state."""
    found = past(Chosen(folder, folder, **how))  # type: ignore[arg-type]
    return [(state.commit.hash[0], len(state.records)) for state in found.states]


def test_clean_runs_on_pinned_seeds_count_before_others(record: Record, tmp_path: Path) -> None:
    keep(tmp_path, of(record, "a" * 40, dirty=True))
    assert states(tmp_path) == [("a", 1)]
    keep(tmp_path, of(record, "a" * 40, fresh=True, first_seed=10**6))
    assert states(tmp_path) == [("a", 1)]
    keep(tmp_path, of(record, "a" * 40))
    keep(tmp_path, of(record, "a" * 40, started="2030-01-01T00:00:00+00:00"))
    assert states(tmp_path) == [("a", 2)]


def test_runs_with_other_parameters_or_machines_are_left_out(record: Record, tmp_path: Path) -> None:
    (suite,) = record.suites
    given = msgspec.structs.replace(suite, overrides={"sd": 0.5})
    elsewhere = msgspec.structs.replace(record.environment, machine="other")
    keep(tmp_path, of(record, "a" * 40, suites=(given,)))
    assert states(tmp_path) == [("a", 1)], "all agree"
    keep(tmp_path, of(record, "b" * 40, environment=elsewhere, started="2030-01-01T00:00:00+00:00"))
    assert states(tmp_path) == [("b", 1)]
    assert "1 records of runs with other parameters" in past(Chosen(tmp_path, tmp_path)).problems[0]
    assert states(tmp_path, overrides={"sd": 0.5}) == [("a", 1)]
    assert states(tmp_path, machine="other") == [("b", 1)]


def test_a_claim_is_removed_only_where_the_whole_suite_was_run(record: Record, tmp_path: Path) -> None:
    some = record.instances[:2]
    keep(tmp_path, of(record, "a" * 40, started="2026-01-01T00:00:00+00:00"))
    keep(tmp_path, of(record, "b" * 40, started="2026-01-02T00:00:00+00:00", instances=some))
    fewer = tuple(msgspec.structs.replace(suite, instances=2) for suite in record.suites)
    keep(tmp_path, of(record, "c" * 40, started="2026-01-03T00:00:00+00:00", instances=some, suites=fewer))
    a, b, c = past(Chosen(tmp_path, tmp_path)).states
    assert compare(a, b).counts == {"identical": 2, "not-run": 2}
    assert compare(a, c).counts == {"identical": 2, "removed": 2}
    assert compare(c, a).counts == {"identical": 2, "added": 2}
    assert compare(b, a).counts == {"identical": 2, "not-run": 2}


def test_fingerprints_are_those_of_all_records(record: Record, tmp_path: Path) -> None:
    keep(tmp_path, record)
    (tmp_path / "broken.json").write_text("{")
    found, problems = fingerprints(tmp_path)
    assert found == {name for i in record.instances for trials in i.trials for name in trials.fingerprints}
    assert len(problems) == 1
    assert "broken.json" in problems[0]
