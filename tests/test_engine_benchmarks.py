"""The benchmarks of the engine, and the suite that names all benchmarks."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from timed import as_pair

from harness.benchmarks.support import folder
from harness.benchmarks.support.trials import Rows, measure_toy, require_trials
from harness.declare import NotCovered, benchmark_names, find
from harness.measure import Store
from harness.measure.locks import Machine
from harness.suite import load
from harness.timing import pair

ROOT = Path(__file__).parents[1]
TINY: dict[str, dict[str, object]] = {
    "engine.command": {},
    "engine.interpreter": {},
    "engine.judging": {"questions": 2, "seeds": 14},
    "engine.run": {"instances": 1, "seeds": 2, "workers": 1},
    "engine.store-lookup": {"kept": 20, "wanted": 7},
    "engine.suite-loading": {"claims": 1},
    "engine.trials": {"trials": 3, "workers": 1},
    "engine.trials-by-dask": {"trials": 3, "workers": 1},
    "engine.trials-by-joblib": {"trials": 3, "workers": 1},
}
SLOW = {"engine.run", "engine.trials-by-dask"}
"""One starts a cluster, the other runs whole suites."""


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    pair.ready.cache_clear()


def test_all_are_here() -> None:
    assert set(TINY) == {name for name in benchmark_names() if name.startswith("engine.")}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(TINY)]
)
def test_each_is_timed_by_a_worker_that_keeps_it_prepared(name: str) -> None:
    outcome = as_pair(name, **TINY[name])
    (result,) = outcome.results
    assert result.error == ""
    assert 0 < result.values["x.seconds"] < 10
    # A worker that used what no import statement names is replaced, and would prepare again for every pair.
    assert outcome.undeclared == ()


@pytest.mark.parametrize("name", sorted(TINY))
def test_each_says_what_it_is(name: str) -> None:
    declaration = find(name)
    assert declaration.kind == "benchmark"
    assert declaration.about
    assert all(parameter.about for parameter in declaration.parameters.values())


@pytest.mark.slow
def test_what_they_write_goes_when_they_are_dropped(tmp_path: Path) -> None:
    kept = ("run", "store-lookup", "suite-loading", "trials", "trials-by-joblib")
    for name in (f"engine.{rest}" for rest in kept):
        timed = find(name).function(**TINY[name])
        timed()
        assert list(tmp_path.glob(f"{folder.PREFIX}*"))
        del timed
        gc.collect()
        assert not list(tmp_path.glob(f"{folder.PREFIX}*"))


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    old, recent = folder.fresh_folder(), folder.fresh_folder()
    (old / "file").touch()
    (tmp_path / "other").mkdir()
    yesterday = time.time() - folder.FORGOTTEN - 60
    for path in (old, tmp_path / "other"):
        os.utime(path, (yesterday, yesterday))
    new = folder.fresh_folder()
    assert {path for path in tmp_path.iterdir() if path.is_dir()} == {recent, new, tmp_path / "other"}


def test_a_full_store_measures_nothing_and_an_empty_one_everything() -> None:
    make = find("engine.run").function
    cold, warm = (make(store=store, **TINY["engine.run"]) for store in ("empty", "full"))
    for _ in range(2):
        assert (cold().trials.measured, cold().trials.reused) == (2, 0)
        assert (warm().trials.measured, warm().trials.reused) == (0, 2)
    assert [i.values for i in cold().instances] == [i.values for i in warm().instances]


def test_runs_inside_a_timing_do_not_wait_for_its_lock(tmp_path: Path) -> None:
    """Whoever times holds the machine's lock: the runs inside have one of their own."""
    outside = Machine()
    assert outside.seize()
    timed = find("engine.run").function(**TINY["engine.run"])
    timed()
    assert len(list(tmp_path.glob(f"{folder.PREFIX}*/machine.lock"))) == 1
    outside.close()
    del timed


def test_a_store_that_keeps_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "keep_rows", lambda store, rows: None)
    with pytest.raises(ValueError, match="full store: expected 2 such trials, found"):
        find("engine.run").function(store="full", **TINY["engine.run"])()
    monkeypatch.undo()
    monkeypatch.setattr(Store, "recall", lambda store, fingerprints: {})
    with pytest.raises((ValueError, KeyError)):
        find("engine.store-lookup").function(**TINY["engine.store-lookup"])


def test_other_numbers_than_a_trials_own_are_found() -> None:
    right = dict(map(measure_toy, range(3)))
    require_trials("joblib", right, range(3))
    for wrong in (right | {1: {"x": 0.5}}, right | {3: right[2]}, {0: right[0], 2: right[2]}):
        with pytest.raises(
            ValueError, match=r"joblib: expected the numbers of 3 trials, found others for \[[13]\]"
        ):
            require_trials("joblib", wrong, range(3))


def test_a_row_for_each_trial_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """New ones at each call, as none of the engines may recall what it has."""
    kept: list[list[int]] = []
    keep = Rows.keep

    def noted(rows: Rows, results: Iterable[tuple[int, dict[str, float]]]) -> int:
        count = keep(rows, results)
        kept.append(sorted(rows.read()))
        return count

    monkeypatch.setattr(Rows, "keep", noted)
    timed = find("engine.trials-by-joblib").function(**TINY["engine.trials-by-joblib"])
    timed()
    assert kept == [[0, 1, 2], [0, 1, 2, 3, 4, 5]]
    measurements = find("engine.trials").function(**TINY["engine.trials"])()
    assert sorted(measurement.trial.seed for measurement in measurements) == [3, 4, 5]


@pytest.mark.parametrize(("name", "library"), [("dask", "distributed"), ("joblib", "joblib")])
def test_another_engine_that_is_not_installed_is_not_covered(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(NotCovered, match=f"pip install {library}"):
        find(f"engine.trials-by-{name}").function(**TINY[f"engine.trials-by-{name}"])


@pytest.mark.slow
def test_two_processes_of_joblib_run_the_trials() -> None:
    assert find("engine.trials-by-joblib").function(trials=5, workers=2)() == 5


def test_joblib_leaves_multiprocessing_as_it_was() -> None:
    """A worker in which the start method has changed is replaced, and prepares again for every pair."""
    found = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(None, force=True)  # type: ignore[arg-type]
    try:
        find("engine.trials-by-joblib").function(**TINY["engine.trials-by-joblib"])()
        assert multiprocessing.get_start_method(allow_none=True) is None
    finally:
        multiprocessing.set_start_method(found, force=True)  # type: ignore[arg-type]


def test_more_wanted_than_kept() -> None:
    with pytest.raises(ValueError, match="at most the 3 that are kept, found 4"):
        find("engine.store-lookup").function(kept=3, wanted=4)


def test_declaring_imports_no_library() -> None:
    """A suite is checked in the time that Python takes to start."""
    code = (
        "import sys; from harness.declare import benchmark_names, find; [find(n) for n in benchmark_names()];"
        "libraries = ('jax', 'numpy', 'scipy', 'sqlite3', 'sklearn', 'joblib', 'distributed');"
        "print([name for name in libraries if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_suite_of_speed_names_them_all() -> None:
    suite = load(ROOT / "suites/speed.toml", imports=True)
    assert {benchmark.run for benchmark in suite.benchmarks.values()} == set(benchmark_names())
    compared = {benchmark.id for claim in suite.claims.values() for benchmark in claim.benchmarks or ()}
    assert compared >= {"training", "layer-ntk", "two-workers", "warm-run"}
    assert all(instance.claim.source or instance.because for instance in suite.instances)
