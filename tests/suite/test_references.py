"""Functions that parameters name are checked where a suite is loaded for a run, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from toy_data import SUITE

from harness.session import trials_of_experiment
from harness.suite import SelectionError, SuiteError, load
from harness.suite.references import named_functions


def mistakes(
    path: Path, *, calls: bool = False, overrides: Mapping[str, object] | None = None
) -> dict[int, str]:
    """What is wrong, by line."""
    try:
        load(path, imports=True, calls=calls, overrides=overrides)
    except SuiteError as error:
        found = error.mistakes
    else:
        return {}
    assert len({mistake.line for mistake in found}) == len(found)
    return {mistake.line: f"{mistake.expected} | {mistake.found}" for mistake in found}


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Path]:
    def write(parameters: str, sweep: str = "", more: str = "") -> Path:
        path = tmp_path / "data.toml"
        path.write_text(SUITE.format(parameters=parameters, sweep=sweep).lstrip() + more)
        return path

    return write


WITH, SWEEP = 6, 7  # lines of SUITE


def test_functions_that_are_there_are_no_mistake(suite: Any) -> None:
    path = suite('data = "toy_data:cosine", subject = "toy_data:kernel"')
    assert mistakes(path) == mistakes(path, calls=True) == {}
    assert named_functions(load(path, imports=True)) == ["toy_data:cosine", "toy_data:kernel"]


@pytest.mark.parametrize("calls", [False, True])
@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            'data = "toy_data:cosyne"',
            "a function cosyne in the module toy_data | nothing of that name; did you",
        ),
        ('data = "toy_data:NOT_A_FUNCTION"', "| a int"),
        ('data = "no_module_of_data:f"', "a module no_module_of_data that can be imported | No module named"),
        ('subject = "toy_data:kernal"', "did you mean kernel?"),
    ],
)
def test_what_is_not_there_is_a_mistake_before_anything_is_measured(
    suite: Any, calls: bool, parameters: str, said: str
) -> None:
    found = mistakes(suite(parameters), calls=calls)
    assert list(found) == [WITH]
    assert said in found[WITH]


def test_without_imports_nothing_is_looked_at(suite: Any) -> None:
    assert load(suite('data = "no_module_of_data:f"')).experiments


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            'data = "toy_data:flat"',
            "inputs [points, features] and targets [points] | the shapes [30] and [30]",
        ),
        ('data = "toy_data:infinite"', "finite inputs | [inf] in row 3"),
        ('data = "toy_data:constant"', "targets that differ | 64 that are all 7"),
        ('data = "toy_data:broken"', "that can be called | OSError: the disk with the data is not mounted ("),
        ('data = "toy_data:one_argument"', "that can be called | TypeError: one_argument() missing 1"),
        ('data = "toy_data:cosine", train = 60, test = 5', "at least 65 in all | only 64"),
        (
            'data = "toy_data:already_split", train = 21',
            "21 training and 4 test points | 20 training and 10 test points, already split",
        ),
        ('subject = "toy_data:one_argument"', "kernel(x1, x2, architecture) | toy_data:one_argument(x"),
    ],
)
def test_what_functions_give_is_checked_where_it_may_be_called(
    suite: Any, parameters: str, said: str
) -> None:
    path = suite(parameters)
    assert mistakes(path) == {}
    found = mistakes(path, calls=True)
    assert list(found) == [WITH]
    assert said in found[WITH]


def test_each_point_is_checked_and_the_swept_value_named(suite: Any) -> None:
    sweep = "sweep.train = [\n 8,\n 60,\n 61,\n 62 ]"
    found = mistakes(suite('data = "toy_data:cosine"', sweep), calls=True)
    assert list(found) == [SWEEP + 3, SWEEP + 4]
    assert "61 training and 4 test points, at least 65 in all" in found[SWEEP + 3]
    assert 'only 64 in data = "toy_data:cosine"' in found[SWEEP + 3]


def test_points_that_no_claim_uses_are_not(suite: Any) -> None:
    sweep = "sweep.train = [8, 62]"
    claim = "at = { train = 8 }\ncontrol = { at = { train = 62 } }\n"
    assert list(mistakes(suite('data = "toy_data:cosine"', sweep, "at = { train = 8 }\n"), calls=True)) == []
    assert list(mistakes(suite('data = "toy_data:cosine"', sweep, claim), calls=True)) == [SWEEP]
    unused = "\n[experiments.unused]\nrun = 'toy_data:on_data'\nwith = { data = 'no_module_of_data:f' }\n"
    assert mistakes(suite('data = "toy_data:cosine"', "", unused), calls=True) == {}


def test_swept_and_varied_references_have_their_lines(suite: Any) -> None:
    swept = 'sweep.data = [\n "toy_data:cosine",\n "toy_data:cosyne" ]'
    assert list(mistakes(suite("", swept))) == [SWEEP + 2]
    varied = 'sweep.set.a = { data = "toy_data:cosine" }\nsweep.set.b = { data = "toy_data:cosyne" }'
    assert list(mistakes(suite("", varied))) == [SWEEP + 1]


def test_a_module_that_cannot_be_imported_is_one_mistake(suite: Any) -> None:
    swept = 'sweep.data = [\n "no_module_of_data:f",\n "no_module_of_data:g",\n "toy_data:cosyne" ]'
    assert list(mistakes(suite("", swept))) == [SWEEP + 1, SWEEP + 3]


def test_given_values_are_checked_too(suite: Any) -> None:
    path = suite('data = "diabetes"')
    found = mistakes(path, overrides={"data": "toy_data:cosyne"})
    assert list(found) == [0]
    with pytest.raises(SuiteError, match=r"--override\.data: expected a function cosyne"):
        load(path, imports=True, overrides={"data": "toy_data:cosyne"})


def test_a_trial_that_is_asked_for_by_hand_is_checked() -> None:
    expected = r"^command line: with\.data: expected a function cosyne"
    with pytest.raises(SelectionError, match=expected):
        trials_of_experiment("toy_data:on_data", ["data=toy_data:cosyne"], 0)
    assert trials_of_experiment("toy_data:on_data", ["data=toy_data:cosine"], 0)


def test_references_in_benchmarks_are_checked(suite: Any, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "timed_on_data.py").write_text(
        "from harness.declare import benchmark\nfrom harness.ntk.preparation import Data\n"
        "@benchmark('timed-on-data', version=1)\n"
        "def timed(*, data: Data = 'sphere', train: int = 8): return lambda: None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    more = '\n[benchmarks.b]\nrun = "timed_on_data:timed"\nsweep = { data = ["sphere", "toy_data:cosyne"] }\n'
    path = suite('data = "toy_data:cosine"', "", more)
    found = mistakes(path)
    assert list(found) == [path.read_text().splitlines().index(more.splitlines()[3]) + 1]
