"""Declarations: what the decorator reads from a signature, stages, and finding experiments by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta

from harness.declare import (
    DeclarationError,
    Inputs,
    NotCovered,
    Quantity,
    Repeatable,
    StageError,
    Timed,
    UnknownExperimentError,
    benchmark,
    benchmark_names,
    collect_stages,
    experiment,
    experiment_names,
    find,
    is_reference,
    stage,
)

X = {"x": Quantity("a number")}


def test_a_signature_becomes_parameters_with_dashes() -> None:
    @experiment("t", version=2, quantities=X, about={"some_size": "how many"}, precision="float64")
    def function(*, seed: int, some_size: int = 3, kind: str = "a") -> dict[str, float]:
        """What it does."""
        return {"x": float(seed + some_size)}

    declaration = function.__harness_declaration__  # type: ignore[attr-defined]
    assert (declaration.name, declaration.version, declaration.about) == ("t", 2, "What it does.")
    assert declaration.defaults() == {"some-size": 3, "kind": "a"}
    assert declaration.parameters["some-size"].about == "how many"
    assert declaration.precision == "float64"
    assert function(seed=1) == {"x": 4.0}


def no_seed(*, size: int = 1) -> dict[str, float]:
    return {}


def positional(seed: int, size: int = 1) -> dict[str, float]:
    return {}


def untyped(*, seed: int, size=1) -> dict[str, float]:  # type: ignore[no-untyped-def]
    return {}


def without_default(*, seed: int, size: int) -> dict[str, float]:
    return {}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (no_seed, "expected a keyword-only `seed: int`, found none"),
        (positional, "parameter seed: expected keyword-only, found positional"),
        (untyped, "parameter size: expected a type annotation, found none"),
        (without_default, "parameter size: expected a default, found none"),
    ],
)
def test_a_signature_that_says_too_little_is_refused(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        experiment("t", version=1, quantities=X)(function)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1e-6", Repeatable(1e-6)),
        ("0", Repeatable()),
        ("no:  threads\n finish in any order", Repeatable(because="threads finish in any order")),
        ("", Repeatable()),
    ],
)
def test_an_experiment_says_how_exactly_it_repeats(text: str, found: Repeatable) -> None:
    def function(*, seed: int) -> dict[str, float]:
        return {}

    experiment("t", version=1, quantities=X, repeatable=text)(function)
    assert function.__harness_declaration__.repeatable == found  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["no", "no:", "1", "-0.1", "1e3", "nearly"])
def test_what_does_not_say_how_exactly_an_experiment_repeats(text: str) -> None:
    with pytest.raises(DeclarationError, match="repeatable: expected a relative tolerance below 1"):
        experiment("t", version=1, quantities=X, repeatable=text)


def test_inputs_are_relative_to_the_functions_module() -> None:
    def function(*, seed: int) -> dict[str, float]: ...

    experiment("t", version=1, quantities=X, inputs=["data/*.csv"])(function)
    declaration = function.__harness_declaration__  # type: ignore[attr-defined]
    assert declaration.inputs == Inputs(str(Path(__file__).parent), ("data/*.csv",))
    experiment("t", version=1, quantities=X)(function)
    assert function.__harness_declaration__.inputs is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("inputs", ["data/*.csv", [""], [1]])
def test_inputs_that_are_no_patterns_are_refused(inputs: Any) -> None:
    with pytest.raises(DeclarationError, match="inputs: expected a list of patterns"):
        experiment("t", version=1, quantities=X, inputs=inputs)


def test_about_must_describe_parameters() -> None:
    def function(*, seed: int, size: int = 1) -> dict[str, float]:
        return {}

    with pytest.raises(DeclarationError, match=r"describes no parameters: \['siz'\]"):
        experiment("t", version=1, quantities=X, about={"siz": "typo"})(function)


def test_a_stage_error_ends_its_stage_and_is_recorded() -> None:
    with collect_stages() as stages:
        with stage("one") as one:
            pass
        with stage("two") as two:
            raise StageError("too hard")
        with stage("three"):
            pass
    assert [(s.name, s.failure) for s in stages] == [("one", ""), ("two", "too hard"), ("three", "")]
    assert one.ok
    assert not two.ok


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (StageError("it broke"), "failed", "kernels: it broke"),
        (StageError("not covered: it broke"), "failed", "kernels: not covered: it broke"),
        (NotCovered("it knows no gaps"), "not-covered", "not covered: it knows no gaps"),
        (NotCovered(), "not-covered", "not covered: failed without a message"),
    ],
)
def test_why_a_stage_gives_nothing_is_a_type_and_its_sentence_is_made_from_it(
    error: StageError, kind: str, said: str
) -> None:
    with collect_stages() as stages, stage("kernels"):
        raise error
    (report,) = stages
    assert report.missing is not None
    assert (report.missing.kind, report.missing.stage, str(report.missing)) == (kind, "kernels", said)


def test_other_exceptions_go_on_and_so_does_a_stage_error_outside_a_trial() -> None:
    with pytest.raises(ZeroDivisionError), collect_stages(), stage("one"):
        raise ZeroDivisionError
    with pytest.raises(StageError, match="too hard"), stage("one"):
        raise StageError("too hard")


def test_experiments_of_this_package_are_known_by_name() -> None:
    assert "ntk.regression" in experiment_names()
    assert [find(name).name for name in experiment_names()] == experiment_names()
    assert {find(name).kind for name in experiment_names()} == {"experiment"}


def test_benchmarks_of_this_package_are_known_by_name_and_none_is_an_experiments() -> None:
    assert "ntk.gram-solve" in benchmark_names()
    assert [find(name).name for name in benchmark_names()] == benchmark_names()
    assert {find(name).kind for name in benchmark_names()} == {"benchmark"}
    assert not set(benchmark_names()) & set(experiment_names())


def test_a_benchmark_is_declared_without_a_seed() -> None:
    @benchmark("t", version=3, about={"some_size": "how many"})
    def function(*, some_size: int = 3) -> Timed:
        """Times nothing."""
        return lambda: None

    declaration = function.__harness_declaration__  # type: ignore[attr-defined]
    assert (declaration.kind, declaration.timed, declaration.version) == ("benchmark", True, 3)
    assert {p.name: (p.default, p.about) for p in declaration.parameters.values()} == {
        "some-size": (3, "how many")
    }
    with pytest.raises(DeclarationError, match="benchmark t, parameter size: expected a default"):

        @benchmark("t", version=1)
        def other(*, size: int) -> Timed:
            return lambda: size


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ntk.nothing", "no experiment or benchmark is called 'ntk.nothing'"),
        ("os", "no experiment or benchmark is called 'os'"),
        ("no_such_module:f", "importing no_such_module failed"),
        ("toys:nothing", "found nothing of that name"),
        ("toys:PAIR", "found a dict without it in .*toys.py"),
        ("__main__:f", "expected a module that worker processes can import, found __main__"),
        ("__main__.inner:f", "expected a module that worker processes can import, found __main__"),
    ],
)
def test_names_that_lead_nowhere(name: str, said: str) -> None:
    with pytest.raises(UnknownExperimentError, match=said):
        find(name)


CHECKED_ONLY = """\
from __future__ import annotations
from typing import TYPE_CHECKING
from harness import experiment
if TYPE_CHECKING:
    from nowhere import Size
@experiment('e', version=1, quantities={})
"""
"""The beginning of a module that knows a name only while types are checked."""


def test_what_a_function_returns_is_not_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"{CHECKED_ONLY}def f(*, seed: int, size: int = 1) -> dict[str, Size]: ..."
    (tmp_path / "returns.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert find("returns:f").parameters["size"].type is int


def test_annotations_that_python_evaluates_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the import from `__future__`: Python 3.14 evaluates annotations when they are asked for."""
    code = CHECKED_ONLY.partition("\n")[2]
    bounded = "Annotated[int, Meta(ge=1)]"
    imports = "from typing import Annotated\nfrom msgspec import Meta\n"
    source = f"{imports}{code}def f(*, seed: int, size: {bounded} = 1) -> dict[str, Size]: ..."
    (tmp_path / "late.py").write_text(source)
    (tmp_path / "unknown.py").write_text(f"{code}def f(*, seed: int, size: Size | None = 1): ...")
    monkeypatch.syspath_prepend(tmp_path)
    if sys.version_info < (3, 14):
        with pytest.raises(UnknownExperimentError, match="name 'Size' is not defined"):
            find("late:f")
    else:
        assert find("late:f").parameters["size"].type == Annotated[int, Meta(ge=1)]
    with pytest.raises(UnknownExperimentError, match="name 'Size' is not defined"):
        find("unknown:f")


def test_a_module_that_hides_another_of_its_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder comes last on the path: a file in it may be another than the one imported."""
    for folder in ("installed", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "twice.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    monkeypatch.chdir(tmp_path / "here")
    found = f"in {tmp_path}/installed/twice.py, which hides {tmp_path}/here/twice.py: rename one of them"
    with pytest.raises(UnknownExperimentError, match=found):
        find("twice:f")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = {", "SyntaxError: '{' was never closed \\(own.py, line 1\\)"),
        ("import math\nraise ValueError(math.pi)", "ValueError: 3.14159\\d+ \\(.*own.py, line 2\\)"),
        ("import missing_here", "No module named 'missing_here' \\(looked for in /"),
        (
            "from harness import experiment\n@experiment('e', version=1, quantities={})\n"
            "def f(*, seed: int, size): ...",
            "parameter size: expected a type annotation, found none \\(.*own.py, line 2\\)",
        ),
        (
            f"{CHECKED_ONLY}def f(*, seed: int, size: Size = 1) -> dict[str, float]: ...",
            "parameter size: expected a type that is known when the module runs, found 'Size': name 'Size' is"
            " not defined \\(.*own.py, line 6; a name that is imported under `if TYPE_CHECKING:`",
        ),
    ],
)
def test_a_module_with_a_mistake_says_which_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (tmp_path / "own.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownExperimentError, match=said):
        find("own:f")


@pytest.mark.parametrize(
    ("text", "holds"),
    [("a:b", True), ("a.b_c:d1", True), *((t, False) for t in ("a", "a:b:c", "a b:c", ":b", 3))],
)
def test_references(text: object, holds: bool) -> None:
    assert is_reference(text) is holds


def test_declarations_import_nothing_heavy() -> None:
    program = """
import sys
from harness.declare import experiment_names, find
for name in experiment_names():
    find(name)
print([m for m in ("jax", "numpy", "scipy", "sklearn", "neural_tangents") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
