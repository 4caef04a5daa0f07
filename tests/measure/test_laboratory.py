"""The laboratory: each trial once, and the loss of one trial costs that trial only."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.declare import Missing
from harness.measure import Laboratory, Measurement, MissingValueError, Store, kept, measure_here, site
from harness.measure.devices import CPU, Device
from harness.measure.locks import acquire
from harness.measure.pool import Pool
from harness.questions import Trial

DYNAMIC = """
import importlib
from harness.declare import Quantity, experiment

@experiment("dynamic", version=1, quantities={"x": Quantity("a number")})
def dynamic(*, seed: int, name: str = "hidden") -> dict[str, float]:
    return {"x": importlib.import_module(name).X}
"""
HIDDEN = """
from harness.declare import Quantity, experiment
X = 1.0

@experiment("open", version=1, quantities={"x": Quantity("a number")})
def declared(*, seed: int) -> dict[str, float]:
    return {"x": X}
"""
JAX = """
from harness.declare import Quantity, experiment

@experiment("jax", version=1, quantities={"x": Quantity("a number")})
def compute(*, seed: int) -> dict[str, float]:
    import jax
    a = jax.random.normal(jax.random.key(seed), (200, 200), dtype="float64")
    x = float(jax.jit(lambda a: (a @ a.T).sum())(a))
    return {"x": x}
"""


def measure(laboratory: Laboratory, trials: Iterable[Trial], limit: float = 60.0) -> dict[Trial, Measurement]:
    for trial in trials:
        laboratory.request(trial, limit)
    found = {}
    while laboratory.pending:
        found.update({measurement.trial: measurement for measurement in laboratory.collect(5.0)})
    return found


def test_measured_once_then_recalled(project, store, tmp_path, counted):
    log = tmp_path / "log"
    trials = [project.trial(seed, log=str(log)) for seed in range(5)]
    with Laboratory(store, workers=2) as laboratory:
        assert laboratory.recall(trials) == {}
        first = measure(laboratory, [*trials, *trials])
        assert all(m.status == "ok" and m.stored and not m.reused for m in first.values())
        assert first[trials[1]].value("x") == 1 / 3
        assert [stage.name for stage in first[trials[1]].stages] == ["main", "late"]
        assert laboratory.seconds_per_trial("toy_module:toy") > 0
        assert not list(store.with_name(store.name + ".locks").iterdir())
        laboratory.request(trials[0], 60.0)
        assert laboratory.collect(0.0) == [first[trials[0]]]
    with Laboratory(store, workers=2) as laboratory:
        again = laboratory.recall(trials)
        assert list(again) == trials
        assert all(m.reused and m.values == first[trial].values for trial, m in again.items())
        assert all(m.reused for m in measure(laboratory, trials).values())
        assert not project.processes() - {os.getpid()}, "a warm run starts no worker"
    assert counted(log) == list(range(5))


def test_without_a_store(project):
    with Laboratory(None, workers=1) as laboratory:
        (measurement,) = measure(laboratory, [project.trial(1)]).values()
        assert (measurement.status, measurement.stored) == ("ok", False)
        assert laboratory.recall([project.trial(1)]) == {}


def test_measure_here_gives_the_same(project, store):
    with Laboratory(store, workers=2) as laboratory:
        (measurement,) = measure(laboratory, [project.trial(7)]).values()
    assert measure_here(project.trial(7)).values == measurement.values


def test_the_workers_environment(project):
    measurement = measure_here(project.trial(act="environment"))
    assert measurement.values == {"x": 5.0, "y": 1.0}


def test_the_loss_of_a_trial_costs_that_trial_only(project, store):
    expected = {
        "raise": "ValueError: no good",
        "exit": "exited with code 7; the end of its log:\nabout to exit",
        "sys.exit": "SystemExit: 3",
        "kill": "killed by signal 9, SIGKILL",
        "text": "expected a float, found a str",
        "less": "declared quantity 'y' is missing",
        "more": "quantity 'z' is not declared",
        "none": "returned a NoneType",
    }
    good = [project.trial(seed) for seed in range(4)]
    bad = {act: project.trial(act=act) for act in expected}
    with Laboratory(store, workers=2) as laboratory:
        found = measure(laboratory, [good[0], *bad.values(), *good[1:]])
        assert all(found[trial].status == "ok" for trial in good)
        for act, trial in bad.items():
            assert found[trial].status == "error"
            assert expected[act] in found[trial].error
            assert not found[trial].stored
            with pytest.raises(MissingValueError):
                found[trial].value("x")
        assert list(laboratory.recall([*good, *bad.values()])) == good


def test_a_trial_past_its_time_limit(project, store):
    slow, quick = project.trial(sleep=60.0), project.trial(1)
    with Laboratory(store, workers=1) as laboratory:
        found = measure(laboratory, [slow, quick], limit=0.5)
    assert found[slow].error.startswith("exceeded its time limit of 0.5 s")
    assert found[quick].status == "ok"


def test_a_failed_stage_is_kept(project, store):
    trial = project.trial(5, act="stage")
    with Laboratory(store, workers=1) as laboratory:
        measure(laboratory, [trial])
        found = laboratory.recall([trial])[trial]
    assert found.value("x") == 5 / 3
    assert found.lacks("y") == Missing("failed", "late", "step budget reached after 5 steps")
    with pytest.raises(MissingValueError, match="step budget reached after 5"):
        found.value("y")
    assert "no quantity 'w'" in str(found.lacks("w"))


@pytest.mark.parametrize("when", ["busy", "idle"])
def test_a_worker_killed_from_outside(project, store, when):
    trials = [project.trial(seed, sleep=0.3) for seed in range(4)]
    with Laboratory(store, workers=1) as laboratory:
        measure(laboratory, [project.trial()])
        (worker,) = project.processes() - {os.getpid()}
        if when == "busy":
            laboratory.request(trials[0], 60.0)
            laboratory.collect(0.1)
        os.kill(worker, signal.SIGKILL)
        if when == "idle":
            time.sleep(0.3)
        found = measure(laboratory, trials)
    errors = [trial.seed for trial in trials if found[trial].status == "error"]
    assert errors == ([0] if when == "busy" else [])
    assert not errors or "killed by signal 9" in found[trials[0]].error


def test_a_worker_killed_before_it_began_costs_no_trial(project, store):
    with Laboratory(store, workers=1) as laboratory:
        measure(laboratory, [project.trial()])
        (worker,) = project.processes() - {os.getpid()}
        os.kill(worker, signal.SIGSTOP)
        laboratory.request(project.trial(1), 60.0)
        assert laboratory.collect(0.1) == []
        os.kill(worker, signal.SIGKILL)
        assert measure(laboratory, [project.trial(1)])[project.trial(1)].status == "ok"


def test_what_a_trial_started_ends_with_it(project, store):
    marker = f"time.sleep(30)  # {project.folder}"
    project.write(
        "starter.py",
        f"""
        import subprocess, sys, time
        from harness.declare import Quantity, experiment
        @experiment("starter", version=1, quantities={{"x": Quantity("x")}})
        def start(*, seed: int) -> dict[str, float]:
            subprocess.Popen([sys.executable, "-c", "import time\\n" + {marker!r}])
            time.sleep(60)
        """,
    )
    with Laboratory(store, workers=1) as laboratory:
        measure(laboratory, [Trial("starter:start", (), 0)], limit=0.5)
        assert not project.processes() - {os.getpid()}


def test_an_undeclared_module_is_not_stored(project, store):
    project.write("dynamic.py", DYNAMIC)
    project.write("hidden.py", HIDDEN)
    trials = [Trial("dynamic:dynamic", (("name", "hidden"),), seed) for seed in range(2)]
    with Laboratory(store, workers=1) as laboratory:
        for measurement in measure(laboratory, trials).values():
            assert measurement.status == "ok"
            assert "not stored, because it used hidden" in measurement.note
            assert not measurement.stored
        assert laboratory.recall(trials) == {}


def test_an_undeclared_module_that_is_imported_once(project, store):
    project.write(
        "once.py",
        """
        import importlib
        from harness.declare import Quantity, experiment
        X = importlib.import_module("hid" + "den").X

        @experiment("once", version=1, quantities={"x": Quantity("a number")})
        def once(*, seed: int) -> dict[str, float]:
            return {"x": X}
        """,
    )
    project.write("hidden.py", HIDDEN)
    trials = [Trial("once:once", (), seed) for seed in range(2)]
    with Laboratory(store, workers=1) as laboratory:
        for measurement in measure(laboratory, trials).values():
            assert "used hidden" in measurement.note, measurement
            assert not measurement.stored


def test_an_undeclared_module_that_another_trial_declared(project, store):
    project.write("dynamic.py", DYNAMIC)
    project.write("hidden.py", HIDDEN)
    innocent, guilty = Trial("hidden:declared", (), 0), Trial("dynamic:dynamic", (("name", "hidden"),), 0)
    with Laboratory(store, workers=1) as laboratory:
        # One by one: the trials of a point would run together.
        found = [measure(laboratory, [each])[each] for each in (innocent, guilty, replace(innocent, seed=1))]
    assert [m.stored for m in found] == [True, False, True]


def test_source_edited_while_a_trial_runs(project, store):
    trials = [project.trial(seed, sleep=0.3) for seed in range(2)]
    toy = project.folder / "toy_module.py"
    with Laboratory(store, workers=1) as laboratory:
        laboratory.request(trials[0], 60.0)
        laboratory.collect(0.1)
        toy.write_text(toy.read_text() + "\n# a comment\n")
        assert measure(laboratory, trials[:1])[trials[0]].stored
        toy.write_text(toy.read_text() + "\nMORE = 1\n")
        found = measure(laboratory, trials[1:])[trials[1]]
        assert not found.stored
        assert "edited during the run" in found.note


def test_a_trial_that_another_process_measures_is_left_to_it(project, store):
    trial, other = project.trial(1), project.trial(2)
    with Laboratory(store, workers=1) as laboratory:
        lock = acquire(store.with_name(store.name + ".locks"), laboratory.fingerprint(trial))
        assert lock
        laboratory.request(trial, 60.0)
        laboratory.request(other, 60.0)
        assert [m.trial for m in laboratory.collect(10.0)] == [other]
        assert laboratory.collect(0.5) == []
        assert laboratory.pending == 1
        lock.release()
        assert [m.trial for m in laboratory.collect(10.0)] == [trial]


def test_ctrl_c_leaves_everything_consistent(request, project, store, tmp_path, counted, monkeypatch):
    # A shell that starts the tests in the background has them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    log = tmp_path / "log"
    trials = [project.trial(seed, log=str(log)) for seed in range(10)]
    found: dict[Trial, Measurement] = {}
    interruptions = 0
    deadline = time.monotonic() + 30

    def interrupted(function: Callable[..., Any]) -> Callable[..., Any]:
        left = [3]

        def wrapped(*arguments: Any) -> Any:
            result = function(*arguments)
            if left[0] and result != []:
                left[0] -= 1
                os.kill(os.getpid(), signal.SIGINT)  # where it hurts most: done, and not yet noted
            return result

        return wrapped

    for kind, name in [(Store, "keep_rows"), (Pool, "start"), (Pool, "finished"), (kept, "acquire")]:
        monkeypatch.setattr(kind, name, interrupted(getattr(kind, name)))
    with Laboratory(store, workers=2) as laboratory:
        for trial in trials:
            laboratory.request(trial, 60.0)
        while laboratory.pending and time.monotonic() < deadline:
            try:
                found.update({m.trial: m for m in laboratory.collect(1.0)})
            except KeyboardInterrupt:
                interruptions += 1
        assert interruptions >= 3
        assert {trial.seed: m.values["x"] for trial, m in found.items()} == {n: n / 3 for n in range(10)}
        assert len(laboratory.recall(trials)) == 10
    assert counted(log) == list(range(10))


def test_close_kills_at_once(project, store):
    laboratory = Laboratory(store, workers=2)
    for seed in range(4):
        laboratory.request(project.trial(seed, sleep=60.0), 100.0)
    laboratory.collect(0.3)
    start = time.monotonic()
    laboratory.close(kill=True)
    assert time.monotonic() - start < 5
    assert not project.processes() - {os.getpid()}
    assert not list(store.with_name(store.name + ".locks").iterdir())


def test_close_keeps_what_is_in_flight(project, store):
    trials = [project.trial(seed, sleep=0.4) for seed in range(3)]
    laboratory = Laboratory(store, workers=1)
    for trial in trials:
        laboratory.request(trial, 60.0)
    laboratory.collect(0.1)
    laboratory.close()
    with Laboratory(store) as again:
        assert list(again.recall(trials)) == trials[:1]


def test_the_device_is_asked_for_only_where_jax_is_used(project, store, monkeypatch):
    project.write("uses_jax.py", JAX)
    monkeypatch.setattr(site, "find_device", lambda: Device("H100"))
    with Laboratory(store, workers=1) as laboratory:
        assert measure(laboratory, [project.trial()])[project.trial()].device == "cpu"
        assert "device" not in vars(laboratory.site)
        text = laboratory.fingerprint(Trial("uses_jax:compute", (), 0))
        assert laboratory.device == "H100"
    monkeypatch.setattr(site, "find_device", lambda: CPU)
    with Laboratory(store, workers=1) as laboratory:
        assert laboratory.fingerprint(Trial("uses_jax:compute", (), 0)) != text


def test_jax_gives_the_same_bits_whatever_the_number_of_workers(project, store):
    project.write("uses_jax.py", JAX)
    trials = [Trial("uses_jax:compute", (), seed) for seed in range(4)]
    with Laboratory(store, workers=2) as laboratory:
        found = measure(laboratory, trials)
        assert {m.device for m in found.values()} == {laboratory.device}
    assert all(m.stored for m in found.values()), found
    alone = measure_here(trials[3])
    assert alone.values["x"] == found[trials[3]].values["x"]


def test_a_laboratory_creates_no_more_than_it_says(project, store):
    with Laboratory(store, workers=1) as laboratory:
        measure(laboratory, [project.trial()])
    names = {path.name for path in Path(store).parent.iterdir()} - {".gitignore"}
    assert names == {"store.sqlite", "store.sqlite.lock", "store.sqlite.locks"}
