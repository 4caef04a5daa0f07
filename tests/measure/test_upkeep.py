"""Looking after a store: what it holds, pruning by age and reachability, merging."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.measure import Measurement, Store, StoreError, clean, contents, merge_stores, prune
from harness.measure.locks import acquire
from harness.measure.upkeep import size_on_disk
from harness.plan import Trial


def filled(path: Path, seeds: range, run: str = "toys:pair") -> Store:
    store = Store(path)
    for seed in seeds:
        trial = Trial(run, (("x", 1),), seed)
        store.keep(Measurement(trial, f"{seed:064x}"[::-1], "ok", {"a": float(seed)}, seconds=0.5))
    return store


def test_contents_by_experiment(tmp_path: Path) -> None:
    before = time.time()
    store = filled(tmp_path / "s.sqlite", range(3), "one")
    filled(tmp_path / "s.sqlite", range(3, 8), "two").close()
    found = contents(store)
    assert [(c.experiment, c.trials, c.seconds) for c in found] == [("two", 5, 2.5), ("one", 3, 1.5)]
    assert all(before <= c.oldest <= c.newest <= time.time() for c in found)
    assert size_on_disk(tmp_path / "s.sqlite") > 4096


def test_pruning_by_age_and_by_what_is_reachable(tmp_path: Path) -> None:
    store = filled(tmp_path / "s.sqlite", range(10))
    kept = {f"{seed:064x}"[::-1][:16] for seed in range(4)}
    assert prune(store).trials == 0
    assert prune(store, before=time.time() - 60).trials == 0
    dry = prune(store, reachable=kept, dry_run=True)
    assert (dry.trials, dry.seconds, dry.of) == (6, 3.0, 10)
    assert prune(store, before=time.time() - 60, reachable=kept).trials == 0
    assert prune(store, reachable=kept).trials == 6
    left = store.recall(f"{seed:064x}"[::-1] for seed in range(10))
    assert sorted(m.trial.seed for m in left.values()) == [0, 1, 2, 3]
    assert prune(store, before=time.time() + 1).trials == 4


def test_pruning_gives_the_room_back(tmp_path: Path) -> None:
    store = filled(tmp_path / "s.sqlite", range(3000))
    was = size_on_disk(tmp_path / "s.sqlite")
    prune(store, before=time.time() + 1)
    assert size_on_disk(tmp_path / "s.sqlite") < was / 5


def test_cleaning_leaves_locks_that_are_held(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    held = acquire(tmp_path / "s.sqlite.locks", "held")
    (tmp_path / "s.sqlite.locks/orphan").write_text("")  # of an earlier version: a file for each trial
    (tmp_path / "s.sqlite.jax").mkdir()
    (tmp_path / "s.sqlite.jax/program").write_text("x")
    assert clean(path, None) == 1
    assert [p.name for p in (tmp_path / "s.sqlite.locks").iterdir()] == ["trials"]
    assert clean(path, time.time() + 1) == 1
    assert acquire(tmp_path / "s.sqlite.locks", "held") is None
    assert held is not None
    held.release()


def test_cleaning_removes_the_locks_of_a_run_that_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "s.sqlite.locks"
    folder.mkdir()
    (folder / "trials").write_text("")
    assert clean(tmp_path / "s.sqlite", None) == 1
    assert not list(folder.iterdir())


def test_merging_copies_what_is_lacking(tmp_path: Path) -> None:
    into = filled(tmp_path / "a.sqlite", range(5))
    filled(tmp_path / "b.sqlite", range(3, 9)).close()
    assert merge_stores(into, tmp_path / "b.sqlite") == (4, 6)
    assert merge_stores(into, tmp_path / "b.sqlite") == (0, 6)
    found = into.recall(f"{seed:064x}"[::-1] for seed in range(9))
    assert {m.trial.seed: m.values["a"] for m in found.values()} == {seed: float(seed) for seed in range(9)}
    other = filled(tmp_path / "c.sqlite", range(0))
    other.keep(Measurement(Trial("toys:pair", (("x", 1),), 0), f"{0:064x}"[::-1], "ok", {"a": 99.0}))
    other.close()
    assert merge_stores(into, tmp_path / "c.sqlite") == (0, 1)
    assert into.recall([f"{0:064x}"[::-1]])[f"{0:064x}"[::-1]].values == {"a": 0.0}  # its own stays
    with pytest.raises(StoreError, match="found no file"):
        merge_stores(into, tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database, but text that is long enough to be looked at")
    with pytest.raises(StoreError, match="a file of another kind"):
        merge_stores(into, tmp_path / "text.sqlite")
