"""`inputs` of an experiment's table: patterns relative to the suite, each of which must match a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from edits import edited

from harness.declare import Inputs, TooManyFilesError
from harness.declare import inputs as inputs_module
from harness.plan import case
from harness.suite import SuiteError, load

SUITE = """\
[suite]
format = 2
title = "Toys with data"
[experiments.pairs]
run = "toys:pair"
inputs = {inputs}
[claims.same]
says = "a is small."
experiment = "pairs"
at-most = {{ of = "a.error", bound = 1 }}
control = "none: a test"
expect = "open"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("data/a.csv", "data/b.csv", "data/.hidden.csv", "data/deep/er/c.csv", "data/deep/d.txt"):
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text("1")
    (tmp_path / "data" / "link.csv").symlink_to("deep/d.txt")
    (tmp_path / "data" / "around").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "data" / "pipe.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found", "folders"),
    [
        ("data/a.csv", ["data/a.csv"], []),
        ("./data/../data/a.csv", ["data/a.csv"], []),
        ("data/*.csv", ["data/a.csv", "data/b.csv", "data/link.csv"], ["data"]),
        ("data/[ab].csv", ["data/a.csv", "data/b.csv"], ["data"]),
        ("data/?.csv", ["data/a.csv", "data/b.csv"], ["data"]),
        ("data/.*.csv", ["data/.hidden.csv"], ["data"]),
        ("**/c.csv", ["data/deep/er/c.csv"], []),
        ("data/**/*.txt", ["data/deep/d.txt"], ["data/deep"]),
        ("data/deep", ["data/deep/d.txt", "data/deep/er/c.csv"], ["data/deep", "data/deep/er"]),
        ("data/deep/", ["data/deep/d.txt", "data/deep/er/c.csv"], ["data/deep", "data/deep/er"]),
        ("data/deep/**", ["data/deep/d.txt", "data/deep/er/c.csv"], ["data/deep", "data/deep/er"]),
        ("data/*/er/c.csv", ["data/deep/er/c.csv"], []),
        ("data/around/data/a.csv", ["data/around/data/a.csv"], []),
        ("data/c.csv", [], []),
        ("data/*.parquet", [], []),
        ("data/pipe.csv", [], []),
        ("nowhere/**", [], []),
    ],
)
def test_what_a_pattern_matches(folder: Path, pattern: str, found: list[str], folders: list[str]) -> None:
    inputs = Inputs(str(folder), (pattern,))
    assert sorted(inputs.files().values()) == found
    assert sorted(os.path.relpath(path, folder) for path in inputs.folders()) == folders
    assert inputs.unmatched() == ([] if found else [pattern])
    assert all(os.path.samefile(folder / name, path) for path, name in inputs.files().items())


def test_an_absolute_pattern_and_one_of_home(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    inputs = Inputs("/nowhere", (f"{folder}/data/a.csv", "~/data/b.csv"))
    assert list(inputs.files()) == [f"{folder}/data/a.csv", f"{folder}/data/b.csv"]


def test_looking_for_files_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs_module, "MOST_FILES", 2)
    with pytest.raises(TooManyFilesError, match="matches more than 2 files"):
        Inputs(str(folder), ("data/**",)).files()
    monkeypatch.setattr(inputs_module, "MOST_LOOKED_AT", 5)
    with pytest.raises(TooManyFilesError, match="more than 5 names"):
        Inputs(str(folder), ("**/nowhere",)).unmatched()


def test_a_suite_says_inputs_relative_to_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "toys.toml"
    path.write_text(SUITE.format(inputs='["data/*.csv", "data/deep"]'))
    monkeypatch.chdir("/")
    suite = load(os.path.relpath(path, "/"), imports=True)
    inputs = Inputs(str(folder), ("data/*.csv", "data/deep"))
    assert suite.experiments["pairs"].inputs == inputs
    (instance,) = suite.instances
    (trial,) = case(instance).questions[0].trials([3])
    assert trial.inputs == inputs


@pytest.mark.parametrize("imports", [False, True])
def test_a_pattern_without_a_match_is_a_mistake_with_its_line(folder: Path, imports: bool) -> None:
    path = folder / "toys.toml"
    path.write_text(SUITE.format(inputs='[\n  "data/*.csv",\n  "dta/*.csv",\n]'))
    with pytest.raises(SuiteError) as error:
        load(path, imports=imports)
    (mistake,) = error.value.mistakes
    assert str(error.value) == (
        f"{path}:8:3: experiments.pairs.inputs[1]: expected a pattern that matches files, found none for"
        f' "dta/*.csv" in {folder}'
    )
    assert mistake.line == 8


@pytest.mark.parametrize("text", ['"data/a.csv"', "[]", "[1]", '[""]', "{ a = 1 }", "true"])
def test_inputs_are_a_list_of_patterns(folder: Path, text: str) -> None:
    path = folder / "toys.toml"
    path.write_text(SUITE.format(inputs=text))
    with pytest.raises(SuiteError, match="expected a list of files"):
        load(path)


def test_a_benchmark_may_have_inputs(folder: Path) -> None:
    path = folder / "timed.toml"
    text = '[suite]\nformat = 2\ntitle = "t"\n[benchmarks.b]\nrun = "ntk.gram-solve"\ninputs = ["{}"]\n'
    path.write_text(text.format("data/a.csv"))
    assert load(path).benchmarks["b"].inputs == Inputs(str(folder), ("data/a.csv",))
    path.write_text(text.format("data/z.csv"))
    with pytest.raises(
        SuiteError, match=r"benchmarks\.b\.inputs\[0\]: expected a pattern that matches files"
    ):
        load(path)


def test_a_decorators_pattern_without_a_match_is_a_mistake_of_the_experiment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "with_inputs.py").write_text(
        "from harness.declare import Quantity, experiment\n"
        '@experiment("t", version=1, quantities={"a.error": Quantity("a")}, inputs=("data/*.parquet",))\n'
        "def pair(*, seed: int) -> dict[str, float]: ...\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    path = folder / "toys.toml"
    path.write_text(edited(SUITE.format(inputs='["data/a.csv"]'), {"toys:pair": "with_inputs:pair"}))
    load(path)
    with pytest.raises(SuiteError) as error:
        load(path, imports=True)
    assert str(error.value) == (
        f"{path}:5:1: experiments.pairs.run: expected a pattern that matches files, found none for"
        f' "data/*.parquet" in {folder}'
    )
