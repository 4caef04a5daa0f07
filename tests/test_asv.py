"""The suites as asv has them: series, their versions, what is timed; and asv itself, on three commits."""

from __future__ import annotations

import importlib
import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import grimp
import pytest
from asv_project import ROOT, SUITE, SUPPORT, project_in
from edits import edited
from records import record_of
from repositories import git

from harness.declare import benchmark_names
from harness.declare.registry import BENCHMARKS, module_of
from harness.export import asv_suites, export
from harness.measure.environment import worker_environment
from harness.suite import SuiteError, load


@pytest.fixture
def series(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """All series of the suite in a text, which `harness check` finds right; by id."""

    def _series(text: str) -> dict[str, Any]:
        path = tmp_path / "toys.toml"
        path.write_text(text)
        load(path, imports=True)
        document = asv_suites.read_suite(path)
        return {**asv_suites.benchmarks("toys", document), **asv_suites.claim_series("toys", document)}

    return _series


EDITS = {
    "prose": ('says = "a equals b at {size}"', 'says = "Other words, {size}"', set()),
    "title": ('title = "Toys"', 'title = "Games"', set()),
    "seeds": ("seeds = 14", "seeds = 21", set()),
    "alpha": ("seeds = 14", "alpha = 0.01", set()),
    "control": ('within = "5%" }\n', 'within = "5%" }\ncontrol = { at = { rate = "steep" } }\n', set()),
    "expectation": ('"open"\nexperiment = "others"', '"refuted"\nexperiment = "others"', set()),
    "time limit": ("time-limit = 33", "time-limit = 34", set()),
    "1 for 1.0": ("ms = 1.0", "ms = 1", set()),
    "benchmark's sweep": ("noise = [0.0, 0.5]", "noise = [0.0, 0.5, 0.7]", set()),
    "variant": ("steep = { slope = 0.5 }", "steep = { slope = 0.6 }", set()),
    "new variant": ("steep =", "more = { slope = 0.1 }, steep =", set()),
    "margin": ('within = "5%"', 'within = "6%"', {"are-equal"}),
    "bound": ("bound = 0.2", "bound = 0.3", {"is-small"}),
    "factor": ('"2 x"', '"2.5 x"', {"beats"}),
    "centre": ("bound = 0.2 }", 'bound = 0.2 }\ncentre = "median"', {"is-small"}),
    "default centre": (
        "seeds = 14",
        'seeds = 14\ncentre = "median"',
        {"are-equal", "change-alike", "ends-alike", "grows", "is-power-law", "is-small"},
    ),
    "sweep of an axis used up": ("size = [1, 2.0, 4]", "size = [1, 2.0, 4, 8]", {"grows", "is-power-law"}),
    "experiment's with": ("sd = 0.01 ", "sd = 0.02 ", {"is-small"}),
    "benchmark's with": ("ms = 0.005", "ms = 0.006", {"five-us"}),
    "a pair's with": ("ms = 3.0", "ms = 4.0", {"three-ms", "beats"}),
    "run": (
        '[experiments.others]\nrun = "toys:pair"',
        '[experiments.others]\nrun = "toys_again:pair"',
        {"is-small"},
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_begins_a_new_series_of_what_it_changes_and_of_nothing_else(
    edit: str,
    series: Callable[[str], dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(SUPPORT / "toys.py", tmp_path / "toys_again.py")
    monkeypatch.syspath_prepend(tmp_path)
    old, new, changed = EDITS[edit]
    assert SUITE.count(old) == 1
    before, after = series(SUITE), series(edited(SUITE, {old: new}))
    assert {id_ for id_ in before if before[id_].version != after[id_].version} == changed


def test_a_changed_variant_gets_points_of_its_own_and_leaves_the_others(
    series: Callable[[str], dict[str, Any]],
) -> None:
    before = series(SUITE)["grows"].axes["rate"]
    after = series(edited(SUITE, {"slope = 0.5": "slope = 0.6"}))["grows"].axes["rate"]
    assert before["none"] == after["none"]
    assert before["steep"] != after["steep"]
    assert all(str(after[label]).startswith(f"{label}-") for label in ("none", "steep"))


@pytest.mark.parametrize("name", ["toys", *sorted(path.stem for path in (ROOT / "suites").glob("*.toml"))])
def test_series_have_the_points_of_the_instances(name: str, tmp_path: Path) -> None:
    path = ROOT / f"suites/{name}.toml"
    if name == "toys":
        path = tmp_path / "toys.toml"
        path.write_text(SUITE)
    suite = load(path, imports=name == "toys")
    claims = asv_suites.claim_series(name, asv_suites.read_suite(path))
    assert claims.keys() == suite.claims.keys()
    for id_, kind in claims.items():
        points = [i.labels for i in suite.instances if i.claim.id == id_]
        assert all(point.keys() == kind.axes.keys() for point in points)
        found = {tuple(kind.axes[axis][point[axis]] for axis in kind.axes) for point in points}
        assert len(found) == len(points) == math.prod(map(len, kind.axes.values()))


def test_names_have_no_hyphen_and_differ(tmp_path: Path) -> None:
    for name in ("toys", "more-toys"):
        (tmp_path / f"{name}.toml").write_text(SUITE)
    classes = asv_suites.classes(tmp_path)
    assert len(classes) == 2 * 10
    assert not any("-" in name for name in classes)
    assert {name.partition(".")[0] for name in classes} == {"toys", "more_toys"}
    assert classes["toys.five_us"].timeout == 33
    assert classes["toys.five_us"].params[0] == [0, 0.5]
    assert classes["toys.one_ms"].timeout == 600


def test_series_begin_with_the_name_that_a_suite_states(tmp_path: Path) -> None:
    named = edited(SUITE, {"[suite]": '[suite]\nname = "better-toys"'})
    (tmp_path / "toys.toml").write_text(named)
    (tmp_path / "other.toml").write_text(SUITE)
    names = set(asv_suites.classes(tmp_path))
    assert {"better_toys.are_equal", "other.are_equal", "better_toys.five_us"} <= names
    assert not any(name.startswith("toys.") for name in names)
    (tmp_path / "other.toml").write_text(named)
    with pytest.raises(ValueError, match=r"two suites are named better-toys, .*other\.toml and .*toys\.toml"):
        asv_suites.classes(tmp_path)


def test_a_claim_and_a_benchmark_of_one_name_are_refused_by_check(tmp_path: Path) -> None:
    path = tmp_path / "toys.toml"
    path.write_text(edited(SUITE, {"claims.beats": "claims.five-us"}))
    with pytest.raises(SuiteError, match="an id that no claim has"):
        load(path, imports=True)
    path.write_text(edited(SUITE, {"claims.beats": "claims.five_us"}))
    with pytest.raises(SuiteError, match="an id of a-z, 0-9 and -"):
        load(path, imports=True)


def test_a_suite_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[claims.x]\nsays = "no predicate"\n')
    with pytest.raises(ValueError, match=r"bad\.toml: expected a suite that `harness check` finds right"):
        asv_suites.classes(tmp_path)


def test_the_loader_knows_where_benchmarks_are_and_how_workers_compute() -> None:
    assert asv_suites.HOMES == BENCHMARKS
    assert asv_suites.ONE_THREAD.items() <= worker_environment(None).items()
    for name in benchmark_names():
        family, _, rest = name.partition(".")
        assert f"{asv_suites.HOMES[family]}.{rest.replace('-', '_')}" == module_of(name)


def test_importing_the_suites_without_asv_makes_nothing_and_needs_nothing() -> None:
    program = "import suites, sys; print([n for n in vars(suites) if '.' in n], sorted(sys.modules))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ")
    assert not any(name in done.stdout for name in ("'harness", "'asv", "'numpy"))


LOOKING = """
import importlib.util, sys
sys.modules["asv_runner"] = sys
sys.path.insert(0, {commit!r})
spec = importlib.util.spec_from_file_location("suites", {file!r})
suites = importlib.util.module_from_spec(spec)
spec.loader.exec_module(suites)
print(sorted(n for n in vars(suites) if "." in n), [n for n in sys.modules if n.startswith("harness.")])
"""


def seen_by_asv(project: Path, commit: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What asv finds in a project's suites: it imports their folder by its path, and a commit's packages."""
    program = LOOKING.format(file=str(project / "suites/__init__.py"), commit=str(commit))
    command = [sys.executable, *options, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("old", ["", "raise ImportError('an old harness that fails')"])
def test_asv_sees_todays_suites_at_a_commit_whose_harness_has_no_export(old: str, tmp_path: Path) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness/__init__.py").write_text(old)
    done = seen_by_asv(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "'speed.gram_solve'" in done.stdout
    assert done.stdout.endswith(" []\n")  # nothing of the commit's package was imported


def test_suites_of_another_project_are_seen_through_an_installed_harness(tmp_path: Path) -> None:
    project = project_in(tmp_path / "project")
    done = seen_by_asv(project, ROOT)
    assert done.returncode == 0, done.stderr
    assert "'toys.are_equal'" in done.stdout
    done = seen_by_asv(project, tmp_path, "-S", "-I")
    assert "FileNotFoundError" in done.stderr
    assert str(project / "harness/export/asv_suites.py") in done.stderr


def test_what_makes_the_classes_imports_only_what_a_commit_may_lack() -> None:
    """Each import is of the commit's own harness, and there is a way on without it."""
    graph = grimp.build_graph("harness", cache_dir=None)
    assert graph.find_modules_directly_imported_by("harness.export.asv_suites") == {
        "harness.predicates",
        "harness.suite.spellings",
    }


def test_the_table_of_predicates_has_all_that_suites_may_use() -> None:
    here = asv_suites.kinds()
    assert {kind: here[kind] for kind in asv_suites.OLDER} == asv_suites.OLDER


TOY = """\
import time
calls = []
def target(*, ms: float = 0.0, a_name: str = "", first: float = 0.0):
    calls.append(("prepared", a_name))
    time.sleep(first)
    def timed():
        if len(calls) == 1:
            time.sleep(first)
        calls.append("timed")
        time.sleep(ms / 1000)
    return timed
def absent():
    from harness.declare import NotCovered
    raise NotCovered("it is not installed")
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "asv_toy.py").write_text(TOY)
    (tmp_path / "asv_toy_broken.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JAX_ENABLE_X64"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # what the loader sets is undone
    yield importlib.import_module("asv_toy")
    sys.modules.pop("asv_toy")


def target_of(text: str) -> Any:
    table = asv_suites.tomllib.loads(text)
    return asv_suites.Target(table, asv_suites.swept_axes(table))


def test_a_point_is_prepared_and_called_once_when_asv_asks_whether_to_skip_it(toy: ModuleType) -> None:
    text = 'run = "asv_toy:target"\nwith = { ms = 0 }\nsweep = { k = { x = { a-name = "n", ms = 1.0 } } }'
    target = target_of(text)
    (point,) = target.sets[0]
    assert (point,) not in target
    assert (point,) not in target
    assert toy.calls == [("prepared", "n"), "timed"]
    target.call()
    assert toy.calls[2:] == ["timed"]


@pytest.mark.parametrize(
    ("run", "given", "why"),
    [
        ("asv_toy:nothing", "", "asv_toy:nothing: asv_toy has no such benchmark"),
        ("asv_no_such_toy:target", "", "asv_no_such_toy:target: there is no module asv_no_such_toy"),
        ("asv_toy.inner:target", "", "asv_toy.inner:target: there is no module asv_toy.inner"),
        ("ntk.no-such", "", "ntk.no-such: there is no module harness.ntk.benchmarks.no_such"),
        ("engine.no-such", "", "engine.no-such: there is no module harness.benchmarks.no_such"),
        ("asv_toy:absent", "", "asv_toy:absent: it is not installed"),
        ("asv_toy:target", "colour = 1", "asv_toy:target has no parameter colour"),
    ],
)
def test_what_the_project_lacks_is_skipped_with_the_reason(
    run: str, given: str, why: str, toy: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert () in target_of(f'run = "{run}"\nwith = {{ {given} }}')
    assert capsys.readouterr().out == f"asv: skipped: {why}\n"
    assert toy.calls == []


def test_what_is_broken_is_not_skipped(toy: ModuleType) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        assert () in target_of('run = "asv_toy_broken:target"')


def in_asv(folder: Path, name: str) -> Any:
    """asv_runner's benchmark of a method."""
    time_benchmarks = pytest.importorskip("asv_runner.benchmarks.time")
    path, _, method = name.rpartition(".")
    instance = asv_suites.classes(folder)[path]()
    function = getattr(instance, method)
    return time_benchmarks.TimeBenchmark(name, function, [function, instance])


def test_asv_calls_a_quick_target_many_times_a_sample_and_a_slow_one_once(
    toy: ModuleType, tmp_path: Path
) -> None:
    table = '[benchmarks.{id}]\nrun = "asv_toy:target"\nwith = {{ ms = {ms}, first = 0.3 }}\n'
    (tmp_path / "s.toml").write_text(table.format(id="quick", ms=0.0) + table.format(id="slow", ms=50))
    for id_, least, most in (("quick", 20, 100_000), ("slow", 1, 1)):
        toy.calls.clear()
        benchmark = in_asv(tmp_path, f"s.{id_}.time_call")
        assert benchmark.do_setup() is False
        assert len(toy.calls) == 2  # prepared, and called once: before the clock runs
        measured = benchmark.do_run()
        assert toy.calls.count(("prepared", "")) == 1
        assert least <= measured["number"] <= most
        assert len(measured["samples"]) >= 2
    assert 0.05 <= min(measured["samples"]) < 0.25  # neither 0.3 s of setting up nor 0.3 s of the first call


def test_claims_are_not_available_under_asv_run(tmp_path: Path) -> None:
    mark = pytest.importorskip("asv_runner.benchmarks.mark")
    (tmp_path / "toys.toml").write_text(SUITE)
    claim = asv_suites.classes(tmp_path)["toys.are_equal"]()
    for track in asv_suites.TRACKS:
        with pytest.raises(mark.SkipNotImplemented):
            getattr(claim, track)(1, "none", "")


def test_the_install_step_puts_a_commit_and_its_libraries_on_the_path(tmp_path: Path) -> None:
    json5 = pytest.importorskip("json5")  # asv's reader of its configuration
    conf = json5.loads((ROOT / "asv.conf.json").read_text())
    env, build = tmp_path / "env", tmp_path / "build"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    build.mkdir()
    (build / "only_here.py").write_text("")
    site = tmp_path / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "a_library.py").write_text("")
    (line,) = conf["install_command"]
    folder, *words = [
        word.format(env_dir=env, build_dir=build, conf_dir=tmp_path) for word in shlex.split(line)
    ]
    assert folder == f"in-dir={env}"
    path = {"PATH": f"{env}/bin:{os.environ['PATH']}"}
    subprocess.run(words, cwd=env, env={**os.environ, **path}, check=True)
    subprocess.run([env / "bin/python", "-c", "import only_here, a_library"], cwd=env, check=True)


@pytest.mark.slow
def test_asv_shows_timings_and_claims_of_three_commits_on_one_site(tmp_path: Path) -> None:
    """Real asv, in this interpreter (`existing`), one checkout for each commit."""
    pytest.importorskip("asv")
    project = project_in(tmp_path / "project")
    suite = project / "suites/toys.toml"
    keep = edited(SUITE[: SUITE.index("[claims.change-alike]")], {"noise = [0.0, 0.5]": "noise = [0.0]"})
    suite.write_text(keep)
    toys = (project / "toys.py").read_text()
    (project / "toys.py").write_text(edited(toys, {"def wait": "def later"}))
    conf = {
        "version": 1, "project": "toys", "repo": ".", "dvcs": "git", "branches": ["HEAD"],
        "benchmark_dir": "suites", "results_dir": ".asv/results", "html_dir": ".asv/html",
        "env_dir": ".asv/env", "environment_type": "existing", "plugins": [".harness.export.asv_plugin"],
    }  # fmt: skip
    (project / "asv.conf.json").write_text(json.dumps(conf))
    env = {**os.environ, "HOME": str(tmp_path)}

    def asv(*arguments: str, **more: str) -> str:
        command = [sys.executable, "-m", "asv", *arguments]
        done = subprocess.run(
            command, cwd=project, env={**env, **more}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    asv("machine", "--yes", "--machine", "here")
    commits = []
    for slower in (None, 1, 3):  # the first commit has no such benchmark
        if slower:
            (project / "toys.py").write_text(edited(toys, {"ms / 1000": f"{slower} * ms / 1000"}))
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", str(slower))
        commits.append(git(project, "rev-parse", "HEAD"))
    for commit in commits:
        checkout = tmp_path / commit
        git(project, "worktree", "add", "--quiet", str(checkout), commit)
        out = asv(
            "run", "--environment", "existing:same", "--set-commit-hash", commit, "--machine", "here",
            ASV_PYTHONPATH=str(checkout),
        )  # fmt: skip
        assert "track_" not in out
        assert ("n/a" in out) == (commit == commits[0])
        record = record_of(checkout / "suites/toys.toml", seeds=14)
        export(record, file="r", results=project / ".asv/results", machine_name="here")
    text = asv("compare", *commits[1:], "--machine", "here", "--only-changed", "--no-stats", "--factor=1.5")
    assert all(f"toys.{id_}.time_call" in text for id_ in ("one_ms", "three_ms"))  # 1 to 3, 3 to 9 ms
    asv("publish")
    index = json.loads((project / ".asv/html/index.json").read_text())
    assert {name.rpartition(".")[2] for name in index["benchmarks"]} == {
        "time_call", "peakmem_call", "track_distance", "track_seconds"
    }  # fmt: skip
    graphs = list((project / ".asv/html/graphs").rglob("toys.*.json"))
    points = {path.stem: json.loads(path.read_text()) for path in graphs if "summary" not in path.parts}
    assert len(points["toys.are_equal.track_distance"]) == 3
    assert len(points["toys.one_ms.time_call"]) == 2
