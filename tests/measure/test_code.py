"""Whose code a trial runs, and that a worker runs one project's only."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from edits import edited

from harness.measure import Laboratory
from harness.measure.code import code_of, modules_of
from harness.measure.identity import Identities
from harness.measure.modules import Finder, kind_of
from harness.questions import Trial

SHARED = """
import os
from harness.declare import Quantity, experiment

@experiment("NAME", version=1, quantities={"pid": Quantity("of the process")})
def run(*, seed: int, data: str = "") -> dict[str, float]:
    return {"pid": float(os.getpid())}
"""


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Two folders on the path, each with two modules."""
    folders = {}
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        for part in "ab":
            (folder / f"{name}_{part}.py").write_text(edited(SHARED, {"NAME": f"{name}-{part}"}))
        monkeypatch.syspath_prepend(str(folder))
        folders[name] = folder
    return folders


def install_editable(site: Path, name: str, source: Path) -> None:
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("")
    (metadata / "direct_url.json").write_text(
        json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}})
    )


def test_source_without_a_distribution_counts_as_its_folder(projects):
    assert code_of(("one_a",)) == code_of(("one_b",)) == (str(projects["one"].resolve()),)
    assert code_of(("one_a", "two_a")) == tuple(sorted(str(folder.resolve()) for folder in projects.values()))


def test_a_package_counts_as_the_folder_that_it_is_in(projects):
    (projects["one"] / "package" / "inner").mkdir(parents=True)
    (projects["one"] / "package" / "inner" / "__init__.py").write_text("")
    (projects["one"] / "package" / "inner" / "part.py").write_text("")
    for name in ("package.inner", "package.inner.part"):
        assert code_of((name,)) == code_of(("one_a",))


def test_editable_and_installed_distributions_count_by_name(projects, tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    install_editable(site, "first_project", projects["one"])
    monkeypatch.syspath_prepend(str(site))
    assert code_of(("one_a",)) == code_of(("one_a", "one_b")) == ("first_project",)
    assert code_of(("two_a",)) == (str(projects["two"].resolve()),)
    assert code_of(("pytest",)) == ("pytest",)


def test_the_package_s_own_experiments_are_one_code():
    own = modules_of("ntk.regression", ())
    assert code_of(own) == code_of(modules_of("ntk.kernel", ())) == ("harness",)
    named = ("harness.ntk.experiments.regression", "mine")
    assert modules_of("ntk.regression", ("mine",)) == named


def test_a_trial_is_of_a_code_and_names_its_modules(projects):
    trial = Trial("one_a:run", (("data", "two_a:load"),), 0)
    folders = tuple(sorted(str(folder.resolve()) for folder in projects.values()))
    assert Identities(lambda: "cpu").code(trial) == (folders, ("one_a", "two_a"))


def measured(laboratory: Laboratory, trials: list[Trial]) -> dict[Trial, int]:
    found = {}
    for trial in trials:
        laboratory.request(trial, 60.0)
    while laboratory.pending:
        for measurement in laboratory.collect(5.0):
            assert measurement.status == "ok", measurement
            found[measurement.trial] = int(measurement.value("pid"))
    return found


def test_a_worker_serves_one_code(projects):
    one = [Trial(f"one_{part}:run", (), seed) for part in "ab" for seed in range(3)]
    with_data = [Trial("one_a:run", (("data", "two_a:load"),), seed) for seed in range(3)]
    two = [Trial("two_a:run", (), seed) for seed in range(3)]
    with Laboratory(None, workers=1) as laboratory:
        found = measured(laboratory, [*one, *with_data, *two])
    of = [{found[trial] for trial in group} for group in (one, with_data, two)]
    assert [len(pids) for pids in of] == [1, 1, 1]
    assert len(set.union(*of)) == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_mixed_suites_do_not_cost_a_worker_for_each_trial(projects, workers):
    trials = [Trial(f"{name}_a:run", (), seed) for seed in range(30) for name in ("one", "two")]
    with Laboratory(None, workers=workers) as laboratory:
        found = measured(laboratory, trials)
    assert len(found) == 60
    assert len(set(found.values())) <= 3


def test_the_first_in_the_queue_does_not_wait_for_ever_for_a_worker_of_its_code(projects, monkeypatch):
    """A worker gets one order at a time here: a pass over the first is one trial."""
    monkeypatch.setattr("harness.measure.choice.AHEAD", 4)
    monkeypatch.setattr("harness.measure.turns.MOST", 1)
    first = Trial("two_a:run", (), 0)
    order = []
    with Laboratory(None, workers=1) as laboratory:
        measured(laboratory, [Trial("one_a:run", (), 0)])  # so the worker has run other code
        laboratory.request(first, 60.0, rank=(0.0,))
        for seed in range(1, 30):
            laboratory.request(Trial("one_a:run", (), seed), 60.0, rank=(1.0,))
        while laboratory.pending:
            order += [m.trial for m in laboratory.collect(5.0)]
    assert order.index(first) <= 4


def test_the_package_is_source_wherever_it_is_installed_and_others_are_not():
    """Its bytes count, as an editor may change them; of what else is installed, its distribution does."""
    installed = Path(pytest.__file__).parents[1]
    for name, expected in (("harness", "source"), ("harness.ntk.data", "source"), ("harnesses", "installed")):
        assert kind_of(name, str(installed / f"{name.replace('.', '/')}.py")) == expected
    assert kind_of("json", json.__file__) == "stdlib"
    assert kind_of("mine", str(Path(__file__))) == "source"


@pytest.mark.parametrize("as_a_type", [True, False])
def test_a_module_that_an_editable_finder_knows_is_found_and_one_that_another_knows_is_not(
    tmp_path, monkeypatch, as_a_type
):
    """As setuptools writes them: a class on `sys.meta_path`, of a module `__editable___NAME_finder`."""
    file = tmp_path / "elsewhere_alone.py"
    file.write_text("X = 1\n")

    class Known:
        @staticmethod
        def find_spec(name, path, target=None):
            return importlib.util.spec_from_file_location(name, file) if name == "elsewhere_alone" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Known if as_a_type else Known()])
    Known.__module__ = "somebodys_finder"
    assert Finder().find("elsewhere_alone") is None
    Known.__module__ = "__editable___x_finder"
    found = Finder().find("elsewhere_alone")
    assert found is not None
    assert (found.kind, found.file) == ("source", str(file))
