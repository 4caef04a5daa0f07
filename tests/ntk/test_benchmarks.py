"""The benchmarks of the science: each runs, checks itself, and leaves no process behind."""

import gc
import itertools
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from missing_packages import hide
from timed import as_pair

from harness import timing
from harness.declare import NotCovered, benchmark_names, find
from harness.timing import pair

TINY = {
    "ntk.empirical-kernel": {"points": 4, "width": 5},
    "ntk.gram-solve": {"points": 4},
    "ntk.gram-solve-by-scikit-learn": {"points": 4},
    "ntk.jacobian-kernel": {"points": 4, "width": 5},
    "ntk.kernel-matrix": {"points": 4},
    "ntk.kernel-by-neural-tangents": {"points": 4},
    "ntk.prediction": {"points": 4, "test": 5},
    "ntk.prediction-by-neural-tangents": {"points": 4, "test": 5},
    "ntk.prediction-floor": {"points": 4},
    "ntk.training": {"points": 4, "width": 5, "steps": 3},
    "ntk.training-in-processes": {"points": 4, "width": 5, "steps": 3, "networks": 2},
    "ntk.training-loop": {"points": 4, "width": 5, "steps": 3},
    "ntk.training-step": {"points": 4, "width": 5},
    "ntk.trial": {"points": 8, "test": 4, "width": 16},
}
SLOW = {"ntk.training-in-processes", "ntk.trial"}
"""They import JAX in processes of their own, or compile every stage of a trial."""


@pytest.fixture(autouse=True)
def nothing_stays_prepared():
    yield
    pair.ready.cache_clear()


def test_all_are_here():
    assert set(TINY) == {name for name in benchmark_names() if name.startswith("ntk.")}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in TINY]
)
def test_each_is_timed_by_a_worker_that_keeps_it_prepared(name):
    outcome = as_pair(name, **TINY[name])
    (result,) = outcome.results
    assert result.error == ""
    assert 0 < result.values["x.seconds"] < 1
    # A worker that used what no import statement names is replaced, and would prepare again for every pair.
    assert outcome.undeclared == ()


@pytest.mark.parametrize("name", sorted(TINY))
def test_each_says_what_it_is(name):
    declaration = find(name)
    assert declaration.kind == "benchmark"
    assert declaration.about
    assert declaration.parameters.keys() >= TINY[name].keys()
    assert all(parameter.about for parameter in declaration.parameters.values())


def prepare(name):
    return find(name).function(**TINY[name])


@pytest.mark.parametrize("name", ["ntk.training-loop", "ntk.training-step"])
def test_steps_of_another_rate_are_found(name, monkeypatch):
    """A tenth more, in the programs that are compared with the whole training."""
    from harness.ntk.benchmarks.support import problem

    stepwise = problem.stepwise
    monkeypatch.setattr(problem, "stepwise", lambda given: stepwise(replace(given, rate=1.1 * given.rate)))
    with pytest.raises(ValueError, match="expected the loss"):
        prepare(name)


def test_a_loop_that_is_a_step_short_is_found(monkeypatch):
    from harness.ntk.benchmarks.support import problem

    reference = problem.reference
    monkeypatch.setattr(problem, "reference", lambda given, steps: reference(given, steps + 1))
    with pytest.raises(ValueError, match="the loop: expected the loss"):
        prepare("ntk.training-loop")


def test_training_uphill_is_found(monkeypatch):
    from harness.ntk.benchmarks.support import problem

    monkeypatch.setattr(problem, "UNITS", -0.01)
    with pytest.raises(ValueError, match="steps that lower the loss"):
        prepare("ntk.training")


def test_another_tangent_kernel_is_found(monkeypatch):
    from harness.ntk import empirical

    float64_ntk = empirical.float64_ntk
    monkeypatch.setattr(empirical, "float64_ntk", lambda *arguments: float64_ntk(*arguments) * (1 + 1e-9))
    with pytest.raises(ValueError, match="expected that of the layers"):
        prepare("ntk.jacobian-kernel")


@pytest.mark.parametrize(
    "name",
    [
        "ntk.gram-solve",
        "ntk.prediction",
        "ntk.gram-solve-by-scikit-learn",
        "ntk.prediction-by-neural-tangents",
    ],
)
def test_a_solve_of_something_else_is_found(name, monkeypatch):
    """With a ridge of a thousandth the regression no longer goes through its points."""
    from harness.ntk import solve

    factor = solve.factor
    monkeypatch.setattr(solve, "factor", lambda what, gram: factor(what, gram, 1e-3))
    with pytest.raises(ValueError, match="expected"):
        prepare(name)


def test_another_kernel_is_found(monkeypatch):
    from harness.ntk import closed_form

    nngp_ntk = closed_form.nngp_ntk
    monkeypatch.setattr(closed_form, "nngp_ntk", lambda *given: tuple(1.00001 * k for k in nngp_ntk(*given)))
    with pytest.raises(ValueError, match="neural-tangents' NNGP: expected the numbers of"):
        prepare("ntk.kernel-by-neural-tangents")


def test_another_factor_is_found(monkeypatch):
    import scipy.linalg

    cholesky = scipy.linalg.cholesky
    monkeypatch.setattr(scipy.linalg, "cholesky", lambda *given, **how: 1.001 * cholesky(*given, **how))
    with pytest.raises(ValueError, match="the Cholesky factor: expected"):
        prepare("ntk.prediction-floor")


def test_results_of_other_shapes_are_found():
    """A row would be compared with each of a column's numbers."""
    from harness.ntk.benchmarks.support.agreement import require_equal

    require_equal("a row", np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"a column: expected the shape \(3,\), found \(3, 1\)"):
        require_equal("a column", np.ones((3, 1)), np.ones(3))


@pytest.mark.parametrize(
    ("name", "missing", "called"),
    [
        ("ntk.kernel-by-neural-tangents", "neural_tangents", "neural-tangents"),
        ("ntk.prediction-by-neural-tangents", "frozendict", "frozendict"),
        ("ntk.gram-solve-by-scikit-learn", "sklearn", "scikit-learn"),
    ],
)
def test_what_is_not_installed_is_not_covered(name, missing, called, monkeypatch):
    hide(monkeypatch, missing)
    for module in [each for each in sys.modules if each.partition(".")[0] == "neural_tangents"]:
        monkeypatch.delitem(sys.modules, module)  # so that it is imported again
    with pytest.raises(NotCovered, match=f"{called}.* is not installed: run `pip install"):
        timing.prepare(find(name), TINY[name])


def test_both_sides_compute_the_same():
    """What the timed calls of this project return, and those of the others."""
    own, theirs = (prepare(f"ntk.{name}")() for name in ("kernel-matrix", "kernel-by-neural-tangents"))
    assert np.allclose(own, theirs, rtol=1e-6, atol=0)
    assert np.allclose(prepare("ntk.gram-solve")(), prepare("ntk.gram-solve-by-scikit-learn")(), rtol=1e-6)
    means = prepare("ntk.prediction-by-neural-tangents")()
    assert np.allclose(prepare("ntk.prediction")(), means[:, 0], rtol=1e-6)
    factor = prepare("ntk.prediction-floor")()
    assert np.allclose(factor @ factor.T, own[1])


def test_a_trial_that_does_not_train_is_found(monkeypatch):
    from harness.ntk import train

    monkeypatch.setattr(train, "learning_rates", lambda units, largest, initials: np.zeros(1))
    with pytest.raises(RuntimeError, match="stages all succeed, found single: "):
        prepare("ntk.trial")()


def test_networks_are_shared_evenly():
    with pytest.raises(ValueError, match="a multiple of 2 processes, found 3"):
        find("ntk.training-in-processes").function(processes=2, networks=3)


CREW = """
import sys
sys.path[:] = {path!r}
from harness.ntk.benchmarks.support.crew import Crew
crew = Crew({processes}, {threads}, points=4, hidden=1, width=5, steps=3, networks=1)
print(*crew.pids, flush=True)
sys.stdin.read()
"""


def alive(pids):
    """Those that are there and have not ended (a dead one waits for its parent as a zombie)."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [pid] if state != "Z" else []
    return found


def wait_until_gone(pids):
    deadline = time.monotonic() + 20
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pids)


reads_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.mark.slow
@reads_proc
def test_processes_end_when_the_benchmark_is_dropped():
    timed = prepare("ntk.training-in-processes")
    pids = timed.__self__.pids
    assert alive(pids) == pids
    assert len({answer.loss for answer in timed()}) == 1
    del timed
    gc.collect()
    assert not alive(pids)


@pytest.mark.slow
@reads_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, None])
def test_processes_end_with_the_process_that_made_them(how):
    boot = CREW.format(path=sys.path, processes=2, threads=1)
    maker = subprocess.Popen(
        [sys.executable, "-P", "-c", boot], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with maker:
        pids = [int(pid) for pid in maker.stdout.readline().split()]
        assert len(alive(pids)) == 2
        if how is None:
            maker.stdin.close()
        else:
            maker.send_signal(how)
    wait_until_gone(pids)


@pytest.mark.slow
@reads_proc
def test_a_process_that_dies_is_named():
    from harness.ntk.benchmarks.support.crew import Crew

    crew = Crew(1, 1, points=4, hidden=1, width=5, steps=3, networks=1)
    crew.processes[0].kill()
    crew.processes[0].wait()
    with pytest.raises(RuntimeError, match="ended with code -9"):
        crew.work()


@pytest.mark.parametrize(("computed", "crowded"), [(0.1, True), (0.19, False), (1e-4, False)])
def test_a_crew_without_a_core_each_is_found(computed, crowded, monkeypatch):
    """Work that takes 0.2 s by the clock. What takes less than a millisecond tells nothing."""
    from harness.ntk.benchmarks.support import crew as module

    crew = object.__new__(module.Crew)
    crew.processes = []
    crew.work = lambda: [module.ProcessResult(1.0, computed)]
    clock = itertools.count(0.0, 0.2)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    if crowded:
        with pytest.raises(RuntimeError, match="2 times as long as they computed"):
            crew.require_cores()
    else:
        crew.require_cores()


@pytest.mark.slow
@reads_proc
def test_threads_are_as_many_as_asked_for():
    """XLA names the threads of its pool for matrix products; without NPROC there would be one per core."""
    from harness.ntk.benchmarks.support.crew import Crew

    found = {}
    for threads in (1, 3):
        crew = Crew(1, threads, points=4, hidden=1, width=5, steps=3, networks=1)
        tasks = Path(f"/proc/{crew.pids[0]}/task").glob("*/comm")
        found[threads] = [name for name in (task.read_text().strip() for task in tasks) if "Eigen" in name]
    assert {threads: len(names) for threads, names in found.items()} == {1: 1, 3: 3}
