"""Trials whose stages are measured apart: what is asked for is measured, once, and kept by stage."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest
import stage_toys

from harness.declare import DeclarationError, Quantity, StageReport, experiment, find
from harness.measure import Laboratory, Measurement, Store, merge_stores
from harness.measure import migration as migrations
from harness.measure.store import row_checksum
from harness.measure.worker import sort_out
from harness.questions import Trial

STAGES = ("data", "cheap", "dear", "cheap and dear")


def trial(seed: int = 0, **how: object) -> Trial:
    given = {"act": "", "at": "", "log": "", "size": 1, "sleep": 0.0} | how
    return Trial("stage_toys:toy", tuple(sorted(given.items())), seed)  # type: ignore[arg-type]


def collected(laboratory: Laboratory) -> list[Measurement]:
    found = []
    while laboratory.pending:
        found += laboratory.collect(1.0)
    return found


def measure(laboratory: Laboratory, asked: Trial, *stages: str) -> Measurement:
    laboratory.request(asked, 60.0, stages=frozenset(stages) or None)
    return collected(laboratory)[-1]


def has(measurement: Measurement) -> set[str]:
    return {name for name in stage_toys.QUANTITIES if measurement.has(name)}


def runs(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def rows(store: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(store) as database:
        found = database.execute("select stage, quantities from measurement order by rowid").fetchall()
    database.close()
    return found


def test_what_is_not_asked_for_is_absent_and_is_added_later(tmp_path: Path) -> None:
    log, store = tmp_path / "log", tmp_path / "kept" / "store.sqlite"
    asked = trial(log=str(log))
    with Laboratory(store, workers=1) as laboratory:
        cheap = measure(laboratory, asked, "cheap")
        assert has(cheap) == {"x", "small", "same"}  # the data were computed on the way
        assert (cheap.lacks("small"), cheap.status, cheap.stored) == (None, "ok", True)
        assert [name for name, _ in rows(store)] == ["data", "cheap"]
        both = measure(laboratory, asked, "cheap", "dear")
        assert has(both) == {"x", "small", "same", "large"}
        assert both.again is not None
        assert set(both.again.values) == {"x"}
        assert measure(laboratory, asked, "dear").values == both.values
        assert runs(log) == ["0 data,cheap", "0 data,dear"]
    with Laboratory(store, workers=1) as laboratory:
        again = laboratory.recall([asked])[asked]
        assert (again.values, again.reused) == (both.values, True)
        whole = measure(laboratory, asked)
        assert runs(log)[2:] == ["0 data,cheap,dear,cheap and dear"]
        assert has(whole) == set(stage_toys.QUANTITIES)
        assert whole.again is not None
        assert set(whole.again.values) == {"x", "small", "same", "large"}
    kept = [name for name, _ in rows(store)]
    assert kept == ["data", "cheap", "dear", "cheap and dear"]


def test_numbers_are_those_of_any_subset(tmp_path: Path) -> None:
    with Laboratory(None, workers=1) as laboratory:
        whole = measure(laboratory, trial()).values
    with Laboratory(tmp_path / "store.sqlite", workers=1) as laboratory:
        for seed, asked in enumerate(itertools.permutations(STAGES[1:])):
            for stage in asked:
                found = measure(laboratory, trial(size=2 + seed), stage)
            assert found.again is None or found.again.values.items() <= found.values.items()
            assert found.values.keys() == whole.keys()
        assert measure(laboratory, trial(), "dear").values.items() <= whole.items()


def test_stages_that_are_asked_for_while_a_trial_waits_are_measured_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Laboratory(None, workers=1) as laboratory:
        for stage in ("cheap", "dear"):
            laboratory.request(trial(log=str(log)), 60.0, stages=frozenset({stage}))
        (found,) = collected(laboratory)
    assert has(found) == {"x", "small", "same", "large"}
    assert runs(log) == ["0 data,cheap,dear"]


@pytest.mark.slow
def test_stages_that_are_asked_for_while_it_runs_come_after_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Laboratory(None, workers=1) as laboratory:
        laboratory.request(trial(log=str(log), sleep=0.2), 60.0, stages=frozenset({"cheap"}))
        laboratory.collect(0.0)
        laboratory.request(trial(log=str(log), sleep=0.2), 60.0, stages=frozenset({"dear"}))
        first, second = collected(laboratory)
    assert has(first) == {"x", "small", "same"}
    assert has(second) == {"x", "small", "same", "large"}
    assert runs(log) == ["0 data,cheap", "0 data,dear"]


@pytest.mark.parametrize("act", ["raise", pytest.param("exit", marks=pytest.mark.slow)])
def test_a_stage_that_ends_the_trial_takes_no_other_along(tmp_path: Path, act: str) -> None:
    """What is known of a stage does not depend on which were asked for with it."""
    asked, store = trial(act=act, at="dear"), tmp_path / "store.sqlite"
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, asked, "cheap", "dear")
        assert (found.status, found.lacks("small")) == ("error", None)
        lacking = found.lacks("large")
        assert lacking is not None
        assert ("no good" if act == "raise" else "code 7") in lacking.reason
        assert not found.has("both")
    with Laboratory(tmp_path / "other.sqlite", workers=1) as laboratory:
        alone = measure(laboratory, asked, "cheap")
    assert alone.status == "ok"
    assert alone.values.items() == found.values.items()
    assert [name for name, _ in rows(store)] == ["data", "cheap"]


@pytest.mark.slow
def test_one_that_is_past_its_time_limit_is_not_tried_stage_by_stage(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Laboratory(None, workers=1) as laboratory:
        laboratory.request(
            trial(act="hang", at="dear", log=str(log)), 1.0, stages=frozenset({"cheap", "dear"})
        )
        (found,) = collected(laboratory)
    assert found.lacks("small") == found.lacks("large")
    assert len(runs(log)) == 1


def test_a_stage_that_gives_something_else_again_is_told_beside_what_was_kept(tmp_path: Path) -> None:
    asked = trial(act="drift", at="data")
    with Laboratory(tmp_path / "store.sqlite", workers=1) as laboratory:
        first = measure(laboratory, asked, "cheap")
        both = measure(laboratory, asked, "dear", "cheap and dear")
        assert both.values["x"] == first.values["x"]
        assert both.again is not None
        assert both.again.values["x"] != first.values["x"]


def test_seeds_of_a_block_are_measured_together_where_they_lack_the_same(tmp_path: Path) -> None:
    log = tmp_path / "log"
    asked = [Trial("stage_toys:several", (("log", str(log)),), seed) for seed in range(4)]
    with Laboratory(tmp_path / "store.sqlite", workers=1) as laboratory:
        measure(laboratory, asked[1], "near")
        for each in asked:
            laboratory.request(each, 60.0, stages=frozenset({"near"}))
        near = {m.trial: m for m in collected(laboratory)}
        for each in asked:
            laboratory.request(each, 60.0, stages=frozenset({"far"}))
        far = {m.trial: m for m in collected(laboratory)}
    assert all(near[t].values == {"near": t.seed + 0.5} for t in asked)
    assert all(far[t].values == {"near": t.seed + 0.5, "far": t.seed + 0.5} for t in asked)
    assert runs(log) == ["1 near", "0,2,3 near", "0,1,2,3 far"]


def made(stage: str, value: float = 1.0, fingerprint: str = "f" * 64) -> Measurement:
    return Measurement(trial(), fingerprint, "ok", {stage: value}, seconds=1.0)


def test_merging_stores_is_a_union_of_their_stages(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "one.sqlite"), Store(tmp_path / "other.sqlite")
    one.keep(made("a"), "a")
    other.keep_rows([("a", made("a", 2.0)), ("b", made("b"))])
    other.close()
    assert merge_stores(one, tmp_path / "other.sqlite") == (1, 1)
    assert one.recall(["f" * 64])["f" * 64].values == {"a": 1.0, "b": 1.0}
    assert merge_stores(one, tmp_path / "other.sqlite") == (0, 1)
    one.close()


def older(path: Path, measured: Iterable[Measurement]) -> None:
    """A store of schema 3."""
    with sqlite3.connect(path, isolation_level=None) as database:
        for statement in migrations.TABLES.values():
            database.execute(statement)
        for m in measured:
            row = [
                m.fingerprint,
                m.trial.key,
                m.trial.experiment,
                json.dumps(dict(m.values)),
                "{}",
                "[]",
                m.seconds,
            ]
            row += ["cpu", "", "program", 0, 0, 1.0]
            marks = ", ".join("?" * 14)
            checksum = row_checksum(row) if m.seconds else "damaged"
            database.execute(f"insert into measurement values ({marks})", [*row, checksum])
        database.execute("insert into recheck values ('passed', 'program', ?, 1.0, ?)", [
            trial().key, row_checksum(["passed", "program", trial().key, 1.0])
        ])  # fmt: skip
        database.execute("pragma application_id=0x4E544B48")
        database.execute("pragma user_version=3")
    database.close()


def old_measurements() -> list[Measurement]:
    values = {name: 0.1 * place for place, name in enumerate(stage_toys.QUANTITIES)}
    found = [Measurement(trial(seed), f"{seed:064x}", "ok", values, seconds=1.0) for seed in range(3)]
    return [*found, Measurement(trial(3), f"{3:064x}", "ok", values, seconds=0.0)]


def test_an_older_store_is_migrated_with_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    older(path, old_measurements())
    prints = [m.fingerprint for m in old_measurements()]
    for _ in range(2):
        store = Store(path)
        found = store.recall(prints)
        assert {f: m.values for f, m in found.items()} == {
            m.fingerprint: m.values for m in old_measurements() if m.seconds
        }
        assert store.damaged == {prints[3]}
        assert store.passed("passed")
        store.close()
    store = Store(path)
    store.keep(made("a", fingerprint=prints[0]), "a")
    assert store.recall(prints[:1])[prints[0]].values == {**old_measurements()[0].values, "a": 1.0}
    store.close()
    old = tmp_path / "old.sqlite"
    older(old, old_measurements())
    before = old.read_bytes()
    into = Store(tmp_path / "into.sqlite")
    assert merge_stores(into, old)[0] == 4
    into.close()
    assert old.read_bytes() == before, "somebody's store is not touched"


def test_every_stage_of_a_trial_that_was_kept_whole_is_known(tmp_path: Path) -> None:
    log, store = tmp_path / "log", tmp_path / "store.sqlite"
    asked = trial(log=str(log))
    with Laboratory(None, workers=1) as laboratory:
        found = measure(laboratory, asked)
    kept = Store(store)
    kept.keep(found)
    kept.close()
    with Laboratory(store, workers=1) as laboratory:
        assert measure(laboratory, asked, "dear").reused
    assert len(runs(log)) == 1


@pytest.mark.parametrize("statement", range(4, 20, 5))
def test_a_migration_that_is_cut_off_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    path = tmp_path / "store.sqlite"
    older(path, old_measurements())
    executed = itertools.count()

    class CutOffError(Exception):
        pass

    class Cut:
        def __init__(self, database: sqlite3.Connection) -> None:
            self.database = database

        def execute(self, *what: object) -> sqlite3.Cursor:
            if next(executed) == statement:
                raise CutOffError
            return self.database.execute(*what)  # type: ignore[arg-type]

    whole = migrations.migrate
    monkeypatch.setattr("harness.measure.store.migrate", lambda database, *how: whole(Cut(database), *how))
    with pytest.raises(CutOffError):
        Store(path)
    monkeypatch.undo()
    store = Store(path)
    assert len(store.recall(m.fingerprint for m in old_measurements())) == 3
    store.close()


def test_an_older_store_with_a_trigger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    older(path, old_measurements())
    with sqlite3.connect(path) as database:
        database.execute("create trigger t after delete on measurement begin select 1; end")
    database.close()
    with pytest.raises(Exception, match="malformed"):
        Store(path)


def test_what_an_experiment_with_stages_must_declare() -> None:
    with pytest.raises(DeclarationError, match=r"a `stage` for each quantity.*found none for 'x'"):

        @experiment("wrong", version=1, quantities={"x": Quantity("a number")})
        def wrong(*, seed: int, stages: frozenset[str]) -> dict[str, float]:
            return {}

    @experiment("plain", version=1, quantities={"x": Quantity("a number", stage="a")})
    def plain(*, seed: int, stages: int = 3) -> dict[str, float]:
        return {}

    declared = plain.__harness_declaration__  # type: ignore[attr-defined]
    assert (list(declared.parameters), declared.stages) == (["stages"], {"": ("x",)})
    assert list(find("stage_toys:toy").stages) == ["data", "cheap", "dear", "cheap and dear"]
    assert "stages" not in find("stage_toys:toy").parameters


def test_a_wanted_stage_must_be_there_and_a_half_returned_other_one_is_absent() -> None:
    declared = find("stage_toys:toy")
    reports = [StageReport("data"), StageReport("cheap")]
    given = {"x": 1.0, "small": 2.0}
    values, missing, wrong = sort_out(declared, given, reports, frozenset({"cheap"}))
    assert "declared quantity 'same' is missing" in wrong
    values, missing, wrong = sort_out(declared, given, reports, frozenset({"data"}))
    assert (values, missing, wrong) == ({"x": 1.0}, {}, "")
