"""Measuring on Dask workers: the same as in local worker processes, even if workers die."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from dask_cluster import Dask, dask
from edits import edited

from harness.declare import Inputs
from harness.measure import Laboratory, Measurement
from harness.measure.cluster import ClusterError, client, connect, local, orders, remote
from harness.measure.devices import CPU, Device
from harness.measure.fingerprint import SourceClosure, source_of
from harness.measure.installed import Distribution
from harness.measure.records import Job
from harness.questions import Trial
from harness.timing import PAIR


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """A scheduler with two workers, for all tests that leave them alive."""
    with dask(tmp_path_factory.mktemp("dask"), 2) as started:
        yield started


def measure(laboratory: Laboratory, trials: Iterable[Trial], limit: float = 60.0) -> dict[Trial, Measurement]:
    for trial in trials:
        laboratory.request(trial, limit)
    found = {}
    while laboratory.pending:
        found.update({measurement.trial: measurement for measurement in laboratory.collect(5.0)})
    return found


def wait_until_gone(project) -> None:
    deadline = time.monotonic() + 10
    while project.processes() - {os.getpid()} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not project.processes() - {os.getpid()}


def told(found: dict[Trial, Measurement]) -> dict[Trial, Measurement]:
    """Measurements without what differs from run to run: seconds, and what the worker ran before."""
    timeless = {
        trial: replace(m, seconds=0.0, stages=tuple(replace(stage, seconds=0.0) for stage in m.stages))
        for trial, m in found.items()
    }
    return {trial: replace(m, ordinal=0) for trial, m in timeless.items()}


def test_the_same_measurements_as_with_local_workers(project, store, two):
    trials = [project.trial(seed) for seed in range(12)] + [project.trial(3, act="stage")]
    with Laboratory(store, cluster=two.address) as laboratory:
        there = measure(laboratory, trials)
        assert (laboratory.workers, laboratory.cluster) == (2, "tcp")
        assert list(laboratory.recall(trials)) == trials
    with Laboratory(store.with_name("here.sqlite"), workers=2) as laboratory:
        here = measure(laboratory, trials)
    assert told(there) == told(here)
    assert all(m.stored for m in there.values())
    wait_until_gone(project)


def test_a_block_is_one_order_and_a_bad_seed_costs_itself(store, tmp_path, two):
    def toy(seed: int) -> Trial:
        log = str(tmp_path / "log")
        params = (("act", "raise"), ("at", 6), ("log", log), ("size", 1), ("sleep", 0.0))
        return Trial("block_toys:toys", params, seed)

    trials = [toy(seed) for seed in range(8)]
    with Laboratory(store, cluster=two.address) as laboratory:
        there = measure(laboratory, trials)
        assert list(laboratory.recall(trials)) == [toy(seed) for seed in range(8) if seed != 6]
    calls = sorted((tmp_path / "log").read_text().splitlines())
    assert calls == ["[0, 1, 2, 3]", "[4, 5, 6, 7]", "[4]", "[5]", "[6]", "[7]"]
    with Laboratory(store.with_name("here.sqlite"), workers=2) as laboratory:
        here = measure(laboratory, trials)
    assert told(there) == told(here)


@pytest.mark.slow
def test_seeds_that_are_computed_abreast_are_one_order_of_a_whole_block(store, tmp_path, two):
    """Whoever computes it, and whichever of its seeds were asked for."""

    def toy(seed: int) -> Trial:
        params = (("act", ""), ("at", -1), ("log", str(tmp_path / "log")), ("size", 1), ("sleep", 0.2))
        return Trial("block_toys:alone", params, seed)

    trials = [toy(seed) for seed in (0, 1, 2, 3, 6)]
    with Laboratory(store, cluster=two.address, block=4) as laboratory:
        there = measure(laboratory, trials)
        assert len(laboratory.recall([toy(seed) for seed in range(8)])) == 8
    assert sorted((tmp_path / "log").read_text().splitlines()) == ["[0, 1, 2, 3]", "[4, 5, 6, 7]"]
    with Laboratory(store.with_name("here.sqlite"), workers=2, block=4) as laboratory:
        here = measure(laboratory, trials)
    assert told(there) == told(here)


def test_the_loss_of_a_trial_costs_that_trial_only(project, store, two):
    expected = {
        "raise": "ValueError: no good",
        "exit": "exited with code 7; the end of its log:\nabout to exit",
        "kill": "killed by signal 9, SIGKILL",
        "gil": "exceeded its time limit of 1 s",
    }
    good = [project.trial(seed) for seed in range(6)]
    bad = {act: project.trial(act=act) for act in expected}
    with Laboratory(store, cluster=two.address) as laboratory:
        found = measure(laboratory, [good[0], *bad.values(), *good[1:]], limit=1.0)
    assert all(found[trial].status == "ok" for trial in good)
    for act, trial in bad.items():
        assert found[trial].status == "error"
        assert expected[act] in found[trial].error


def test_a_trial_does_not_see_what_another_left_in_its_worker(project, store, two):
    project.write(
        "leak.py",
        """
        import os
        from harness.declare import Quantity, experiment
        @experiment("leak", version=1, quantities={"x": Quantity("what a trial finds", scale="linear")})
        def leak(*, seed: int) -> dict[str, float]:
            found = len(os.environ.get("LEAKED", ""))
            os.environ["LEAKED"] = "yes"
            return {"x": float(found)}
        """,
    )
    trials = [Trial("leak:leak", (), seed) for seed in range(4)]
    with Laboratory(store, cluster=two.address) as laboratory:
        found = measure(laboratory, trials)
    assert [m.value("x") for m in found.values()] == [0.0] * 4
    assert {m.traces.changed for m in found.values()} == {("os.environ: LEAKED",)}


def test_what_nobody_waits_for_is_ended(project, store, two, tmp_path, counted):
    log = tmp_path / "log"
    trials = [project.trial(seed, sleep=60.0, log=str(log)) for seed in range(4)]
    laboratory = Laboratory(store, cluster=two.address)
    for trial in trials:
        laboratory.request(trial, 100.0)
    deadline = time.monotonic() + 20
    while len(counted(log)) < 2 and time.monotonic() < deadline:
        laboratory.collect(0.1)
    laboratory.abandon()
    wait_until_gone(project)
    assert measure(laboratory, [project.trial(7)])[project.trial(7)].status == "ok"
    laboratory.request(trials[3], 100.0)
    while len(counted(log)) < 3 and time.monotonic() < deadline:
        laboratory.collect(0.1)
    laboratory.close(kill=True)
    wait_until_gone(project)
    assert counted(log) == [0, 1, 3]


def test_timings_are_refused(two):
    params = tuple((name, "{}" if "with" in name else "toys:wait") for name in ("x", "x-with", "y", "y-with"))
    with (
        pytest.raises(ClusterError, match=r"timings are not taken on a cluster.*without --cluster"),
        Laboratory(None, cluster=two.address) as laboratory,
    ):
        laboratory.request(Trial(PAIR, params, 0), 60.0)


def test_source_that_is_edited_where_it_runs_is_not_stored(project, store, two, monkeypatch):
    monkeypatch.setattr(
        SourceClosure, "is_current", lambda self: True
    )  # here, as if the worker had its own copy
    trial, toy = project.trial(1, sleep=1.5), project.folder / "toy_module.py"
    with Laboratory(store, cluster=two.address) as laboratory:
        measure(laboratory, [project.trial(seed) for seed in range(4)])
        laboratory.request(trial, 60.0)
        laboratory.collect(0.5)
        toy.write_text(toy.read_text() + "\nMORE = 1\n")
        found = measure(laboratory, [trial])[trial]
    assert found.status == "ok"
    assert not found.stored
    assert "edited during the run" in found.note


@pytest.mark.slow
def test_another_source_is_refused(project, monkeypatch, tmp_path):
    """The worker does not see the client's folder, and has a module of that name of its own."""
    theirs = tmp_path / "theirs" / "toy_module.py"
    theirs.parent.mkdir()
    theirs.write_text(edited((project.folder / "toy_module.py").read_text(), {"seed / 3": "seed / 4"}))
    monkeypatch.setattr(client, "additions", lambda path: ((), ()))
    with (
        dask(tmp_path, 1, paths=(theirs.parent,)) as other,
        pytest.raises(ClusterError, match="found there another source of toy_module"),
        Laboratory(None, cluster=other.address) as laboratory,
    ):
        measure(laboratory, [project.trial(1)])


def test_a_module_that_a_worker_does_not_see_is_named(project, two, monkeypatch):
    monkeypatch.setattr(client, "additions", lambda path: ((), ()))
    with (
        pytest.raises(ClusterError, match="found there no module of toy_module:toy"),
        Laboratory(None, cluster=two.address) as laboratory,
    ):
        measure(laboratory, [project.trial(1)])


def test_another_harness_is_refused(two, monkeypatch):
    real = client.source_of

    def other(run, params):
        source = real(run, params)
        changed = {**source.digests, "harness.measure.pool": "other", "harness.measure.lost": "gone"}
        return replace(source, digests=changed) if run == remote.ENGINE else source

    monkeypatch.setattr(client, "source_of", other)
    expected = "another source of harness.measure.pool; no harness.measure.lost. Install the same one"
    with pytest.raises(ClusterError, match=expected):
        Laboratory(None, cluster=two.address)


def test_the_device_is_that_of_the_workers(two, monkeypatch):
    cluster = connect(two.address, None)
    try:
        assert cluster.device() == CPU
        kinds = {"tcp://a:1": Device("NVIDIA H100"), "tcp://b:1": CPU}
        monkeypatch.setattr(cluster, "ask", lambda function: kinds)
        with pytest.raises(ClusterError, match="found NVIDIA H100 on tcp://a:1, cpu on tcp://b:1"):
            cluster.device()
        found = orders.WorkerInventory(orders.python_version(), cluster.terms.engine, None, "NVIDIA H100")
        job = Job((Trial("toys:pair", (), 0),), frozenset(), 1.0, device="cpu")
        with pytest.raises(ClusterError, match="expected the device cpu, found NVIDIA H100"):
            cluster.compare("tcp://a:1", found, job)
    finally:
        cluster.close()


def test_another_environment_is_refused(project, two, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    expected = r"found there XLA_FLAGS=\(unset\) \(here --xla_cpu_enable_fast_math=true\)\. Make them"
    with (
        pytest.raises(ClusterError, match=expected),
        Laboratory(None, cluster=two.address) as laboratory,
    ):
        measure(laboratory, [project.trial(1)])


def test_inputs_are_held_against_the_worker_s(project, two, store, monkeypatch, tmp_path):
    data = tmp_path / "a.csv"
    data.write_text("1.5")
    project.write(
        "with_data.py",
        f"""
        from harness.declare import Quantity, experiment

        @experiment("d", version=1, quantities={{"x": Quantity("a number")}})
        def read(*, seed: int) -> dict[str, float]:
            return {{"x": float(open({str(data)!r}).read())}}
        """,
    )
    declared = Trial("with_data:read", (), 0, Inputs(str(tmp_path), ("a.csv",)))
    with Laboratory(store, cluster=two.address) as laboratory:
        found = measure(laboratory, [declared, replace(declared, inputs=None)])
        assert found[declared].stored
        assert "it read" in found[replace(declared, inputs=None)].note
    monkeypatch.setattr(client, "source_of", lambda *arguments: pytest.fail("the source is the same"))
    cluster = object.__new__(client.Cluster)
    cluster.terms = SimpleNamespace(python="3", engine={})  # type: ignore[assignment]
    there = orders.WorkerInventory("3", {}, None, None, (), "another")
    job = Job((declared,), frozenset(), 1.0, inputs=(declared.inputs,), inputs_digest="ours")
    with pytest.raises(ClusterError, match=r"expected the inputs of with_data:read \(a\.csv\) as they are"):
        cluster.compare("tcp://a:1", there, job)


def test_an_idle_worker_process_ends_and_another_is_started(project):
    bench = remote.Bench(orders.Terms("run", "", "", (), (), {}, None))
    job = Job((project.trial(1),), frozenset(["toy_module"]), 60.0)
    for _ in range(2):
        bench.pool.start(job)
        while not (ended := bench.pool.finished()):
            bench.pool.watch(1.0)
        assert ended[0][1].results[0].values["x"] == 1 / 3
        assert project.processes() - {os.getpid()}
        bench.rest()
        assert not project.processes() - {os.getpid()}
    assert not bench.over.is_set()


@pytest.mark.slow
def test_workers_of_several_threads_are_refused(tmp_path):
    with (
        dask(tmp_path, 1, "--nthreads", "2") as started,
        pytest.raises(ClusterError, match=r"found 2 threads.*--nworkers 2 --nthreads 1"),
    ):
        Laboratory(None, cluster=started.address)


@pytest.mark.slow
def test_workers_that_are_killed_lose_no_trial(project, store, tmp_path, counted):
    log = tmp_path / "log"
    trials = [project.trial(seed, sleep=0.1, log=str(log)) for seed in range(60)]
    found: dict[Trial, Measurement] = {}
    with dask(tmp_path, 3) as started, Laboratory(store, cluster=started.address) as laboratory:
        for trial in trials:
            laboratory.request(trial, 60.0)
        kills = 0
        while laboratory.pending:
            found.update({m.trial: m for m in laboratory.collect(0.5)})
            if len(found) >= 10 * (kills + 1) and kills < 4:
                os.kill(started.workers()[0], signal.SIGKILL)
                kills += 1
                time.sleep(0.3)
    assert kills == 4
    assert {trial.seed: m.values.get("x") for trial, m in found.items()} == {n: n / 3 for n in range(60)}
    assert 60 <= len(counted(log)) <= 60 + kills
    wait_until_gone(project)


@pytest.mark.slow
def test_a_trial_that_ends_its_dask_worker_is_given_up(project, store, tmp_path, counted):
    log = tmp_path / "log"
    bad, good = project.trial(1, act="parent", log=str(log)), project.trial(2)
    with dask(tmp_path, 2) as started, Laboratory(store, cluster=started.address) as laboratory:
        found = measure(laboratory, [bad, good])
    assert found[good].status == "ok"
    assert found[bad].error.startswith("the Dask worker that ran it died, 3 times")
    assert counted(log) == [1, 1, 1]
    wait_until_gone(project)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["scheduler", "workers"])
def test_a_cluster_that_is_gone_ends_the_run_and_keeps_what_was_measured(
    project, store, tmp_path, monkeypatch, who
):
    trials = [project.trial(seed, sleep=0.2) for seed in range(40)]
    expected = {"scheduler": "scheduler is gone", "workers": "expected workers, found none for 2 s"}
    found: dict[Trial, Measurement] = {}

    def go(started: Dask) -> None:
        with Laboratory(store, cluster=started.address) as laboratory:
            for trial in trials:
                laboratory.request(trial, 60.0)
            while laboratory.pending:
                found.update({m.trial: m for m in laboratory.collect(1.0)})
                if len(found) >= 4:
                    monkeypatch.setattr(client, "PATIENCE", 2.0)
                    for process in [started.scheduler] if who == "scheduler" else started.nannies:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()

    with dask(tmp_path, 2) as started:
        with pytest.raises(ClusterError, match=rf"{expected[who]}.*measured is kept.*continues from there"):
            go(started)
        wait_until_gone(project)
    assert 4 <= len(found) < 40
    with Laboratory(store, workers=2) as laboratory:
        kept = laboratory.recall(trials)
        assert kept.keys() == found.keys()
        again = measure(laboratory, trials)
    assert {trial.seed: m.values["x"] for trial, m in again.items()} == {n: n / 3 for n in range(40)}


@pytest.mark.slow
def test_a_worker_that_joins_takes_part(project, store, tmp_path):
    with dask(tmp_path, 1) as started, Laboratory(store, cluster=started.address) as laboratory:
        for seed in range(30):
            laboratory.request(project.trial(seed, sleep=0.3), 60.0)
        laboratory.collect(0.5)
        started.add(1)
        while laboratory.pending:
            laboratory.collect(1.0)
        assert laboratory.workers == 2


@pytest.mark.parametrize(
    "text", ["local:0", "local:", "local:two", "tcp://host", "host:8786", "udp://host:1", ""]
)
def test_an_address_that_is_none(text):
    with pytest.raises(ClusterError, match="expected tcp://HOST:PORT, tls://HOST:PORT or local:N, found"):
        connect(text, None)


def test_no_scheduler_there(monkeypatch):
    monkeypatch.setattr(client, "CONNECT", 0.2)
    with pytest.raises(ClusterError, match=r"expected a Dask scheduler at tcp://.*:9, found none"):
        connect("tcp://127.0.0.1:9", None)


def test_tls_without_certificates():
    with pytest.raises(ClusterError, match="expected certificates for tls://, found none"):
        connect("tls://127.0.0.1:9", None)


def test_without_dask_the_message_says_how_to_install_it(monkeypatch):
    real = importlib.util.find_spec
    absent = "distributed"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == absent else real(name))
    with pytest.raises(ClusterError, match=r"install it: pip install 'ntk-harness\[cluster\]'"):
        connect("local:2", None)


def test_additions_and_where_they_come():
    inside = os.path.join(sys.prefix, "lib", "somewhere")
    before, after = orders.additions(["/a", inside, "/b", inside + "2", "/c"])
    assert (before, after) == (("/a",), ("/b", "/c"))


def test_a_module_path_is_joined_with_what_exists(tmp_path):
    here, last = tmp_path / "here", tmp_path / "last"
    here.mkdir()
    last.mkdir()
    own = ["/own", str(last)]
    assert orders.joined([str(here), "/not/there"], own, [str(last), "/nor/this"]) == [str(here), *own]
    assert orders.joined([], ["/own"], [str(last)]) == ["/own", str(last)]


def test_distributions_that_differ_are_named_with_both_versions():
    ours = source_of("toys:pair", ())
    numpy = Distribution("numpy", "2.0", "b")
    beneath = (Distribution("jax", "0.10.2", "a"), numpy, Distribution("same", "1", "c"))
    there = (Distribution("jax", "0.10.1", "a"), Distribution("same", "1", "d"))
    text = orders.differing_distributions(
        replace(ours, distributions=beneath), replace(ours, distributions=there)
    )
    assert text == "jax 0.10.1 (here 0.10.2), numpy none (here 2.0), same 1 with other files (here 1)"


def test_each_local_worker_has_an_accelerator(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert local.accelerators() == ["3", "5"]
    made = {}
    monkeypatch.setattr(local, "has_jax_plugin", lambda: True)

    class Cluster:
        def __init__(self, **options):
            made.update(options)

    monkeypatch.setattr(local, "SpecCluster", Cluster)
    local.start(3)
    given = [worker["options"]["env"]["CUDA_VISIBLE_DEVICES"] for worker in made["workers"].values()]
    assert given == ["3", "5", "3"]
