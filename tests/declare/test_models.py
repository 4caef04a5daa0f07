"""Declarations of models, of experiments that take one, and what passes between processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from harness.declare import (
    MODEL,
    DeclarationError,
    Noted,
    Quantity,
    Reference,
    Signature,
    UnknownExperimentError,
    Value,
    build_model,
    experiment,
    experiment_names,
    find,
    find_any,
    find_model,
    model,
    model_names,
    signature_of,
)
from harness.declare.inspection import Answer, Asked, inspect_references
from harness.declare.portable import Portable, portable, type_of
from harness.ntk.architecture import Architecture

X = {"x": Quantity("a number")}


def test_models_of_this_package_are_known_by_name() -> None:
    assert "fully-connected" in model_names()
    found = [find(name) for name in model_names()]
    assert [(each.name, each.kind) for each in found] == [(name, "model") for name in model_names()]
    assert all(parameter.about for each in found for parameter in each.parameters.values())
    assert not set(model_names()) & set(experiment_names())


def test_fully_connected_networks_have_the_parameters_that_regression_had() -> None:
    """The suites' ids and values hold on to these: names and defaults of the published records."""
    assert find("fully-connected").defaults() == {
        "hidden": 1, "width": 512, "activation": "relu", "negative-slope": 0.01, "w-std": 1.5, "b-std": 0.1,
        "parameterization": "ntk", "initialisation": "gaussian", "last-layer": 1.0, "biases": "all",
        "bias-init": "random",
    }  # fmt: skip
    assert build_model("fully-connected", {}).architecture == Architecture(1, 512)
    given: dict[str, Value] = {
        "hidden": 2, "width": 7, "activation": "leaky-relu", "negative_slope": 0.2, "w_std": 1.0,
        "b_std": 0.5, "parameterization": "standard", "initialisation": "uniform", "last_layer": 0.5,
        "biases": "first", "bias_init": "zeros",
    }  # fmt: skip
    built = build_model("fully-connected", given).architecture
    assert {name: getattr(built, name) for name in given} == given


@model("t", about={"b_std": "bias scale"})
def net(width: Annotated[int, Meta(ge=1)] = 64, depth=2, *, b_std: float = 0, on=True):  # type: ignore[no-untyped-def]
    """A net."""
    return width, depth, b_std, on


def test_a_models_parameters_may_be_positional_and_have_the_types_of_their_defaults() -> None:
    declaration = net.__harness_declaration__  # type: ignore[attr-defined]
    assert (declaration.name, declaration.kind, declaration.about) == ("t", "model", "A net.")
    assert declaration.defaults() == {"width": 64, "depth": 2, "b-std": 0, "on": True}
    types = {name: parameter.type for name, parameter in declaration.parameters.items()}
    assert types == {"width": Annotated[int, Meta(ge=1)], "depth": int, "b-std": float, "on": bool}
    assert declaration.parameters["b-std"].about == "bias scale"
    assert net() == (64, 2, 0, True)


def without_default(width: int) -> object: ...
def only_positional(width: int = 1, /) -> object: ...
def any_number(*widths: int) -> object: ...
def any_names(**widths: int) -> object: ...
def none(b_std: float | None = None) -> object: ...
def listed(widths: list[int] = []) -> object: ...  # noqa: B006
def of_lists(width: list[int] = 3) -> object: ...  # type: ignore[assignment]
def misfit(width: int = 0.5) -> object: ...  # type: ignore[assignment]
def seeded(seed: int = 0) -> object: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (without_default, "model t, parameter width: expected a default, found none"),
        (only_positional, "parameter width: expected a keyword, found positional-only"),
        (any_number, "parameter widths: expected a keyword, found variadic positional"),
        (any_names, "parameter widths: expected a keyword, found variadic keyword"),
        (none, "parameter b_std: expected a default that a suite can state, a number, a string or a boolean"),
        (listed, r"parameter widths: expected a default that a suite can state, .*, found \[\]"),
        (of_lists, "parameter width: expected int, float, str, bool or a Literal, found the type list"),
        (misfit, "parameter width: Expected `int`, got `float`"),
        (seeded, "parameter seed: expected another name, for experiments have their seed by this one"),
    ],
)
def test_a_model_that_says_too_little_is_refused(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        model("t")(function)


def test_an_experiment_with_two_stars_takes_a_model() -> None:
    @experiment("t", version=1, quantities=X, about={"model": "the net"})
    def function(*, seed: int, model: str = "m:net", train: int = 1, **of_model: Value) -> dict[str, float]:
        return {"x": float(len(of_model))}

    declaration = function.__harness_declaration__  # type: ignore[attr-defined]
    assert declaration.takes_model
    assert declaration.defaults() == {"model": "m:net", "train": 1}
    assert declaration.parameters["model"].type == MODEL
    assert not find("toys:pair").takes_model


def without_model(*, seed: int, **of_model: Value) -> dict[str, float]: ...  # type: ignore[empty-body]
def numbered(*, seed: int, model: int = 1, **of_model: Value) -> dict[str, float]: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (without_model, r"experiment t: expected a parameter `model: str` beside `\*\*`, found none"),
        (numbered, "experiment t, parameter model: expected the type str, found int"),
    ],
)
def test_an_experiment_that_takes_a_model_names_it(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        experiment("t", version=1, quantities=X)(function)


def test_a_name_that_both_declare_is_the_experiments_and_has_two_names() -> None:
    signature = Signature(find("toy_study:study"), find_model("toy_models:clash"))
    assert signature.shared == ("train",)
    assert list(signature.parameters) == ["model", "train", "noise", "model.train", "width"]
    assert signature.settled({"train": 7, "model.train": True}) == {
        "model": "toy_models:line", "train": 7, "noise": 0.0, "model.train": True, "width": 3
    }  # fmt: skip
    made = build_model("toy_models:clash", {"model.train": True, "width": 5})
    assert made.apply(0.0, 1.0) == 1005


def test_nobodys_module_is_imported_for_a_signature() -> None:
    study, regression = find("toy_study:study"), find("ntk.regression")
    assert signature_of(study, {"model": "nowhere:net"}).is_open
    assert signature_of(regression, {"model": "of-a-later-version"}).is_open
    assert "width" in signature_of(regression, {}).parameters
    assert not signature_of(find("toys:pair"), {}).is_open


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("toy_models:nothing_here", "a model, a function of keyword parameters, found nothing of that"),
        ("toy_models:PARAMETERS", "found a tuple in .*toy_models.py"),
        ("toy_models:Made", "found a type"),
        ("toy_study:study", "found an experiment"),
        ("toys:wait", "found a benchmark"),
        ("ntk.regression", "found an experiment"),
        ("toy_models:without_default", "parameter width: expected a default, found none"),
        ("no_such_models:f", "importing no_such_models failed"),
        ("fuly-connected", "no experiment or benchmark is called 'fuly-connected', nor is a model"),
    ],
)
def test_names_that_lead_to_no_model(name: str, said: str) -> None:
    with pytest.raises(UnknownExperimentError, match=said):
        find_model(name)


def test_any_name_is_described() -> None:
    names = ("ntk.regression", "fully-connected", "toy_models:line", "toy_models:skip", "toy_study:study")
    assert [find_any(name).kind for name in names] == ["experiment", "model", "model", "model", "experiment"]
    with pytest.raises(UnknownExperimentError, match="expected a function decorated with @experiment"):
        find_any("toy_models:without_default")


@pytest.mark.parametrize(
    "type_",
    [
        int, float, str, bool, int | str, Literal["a", "b"], Literal[1, 2], Annotated[int, Meta(ge=1, lt=9)],
        Annotated[float, Meta(gt=0, description="so")], Annotated[str, Meta(pattern="^a$", examples=["a"])],
        Annotated[str, Meta(min_length=1), Reference("data", "m:check", ("a", "b")), Noted("at {value}")],
        Annotated[Literal["a"], Noted("{value}")],
    ],
)  # fmt: skip
def test_a_type_is_the_same_after_it_passed_between_processes(type_: Any) -> None:
    data = msgspec.json.decode(msgspec.json.encode(portable(type_)), type=Portable)
    assert type_of(data) == type_


@pytest.mark.parametrize("type_", [list, list[int], dict, None, int | None, Callable[[], int], "int"])
def test_what_is_no_type_of_a_parameter(type_: Any) -> None:
    with pytest.raises(TypeError, match="expected int, float, str, bool or a Literal, found the type"):
        portable(type_)


def test_another_process_says_what_a_model_declares() -> None:
    names = ("line", "skip", "named", "without_default", "PARAMETERS", "lien")
    answers = inspect_references([Asked(f"toy_models:{name}", model=True) for name in names])
    for name, answer in zip(names[:3], answers, strict=False):
        here = find_model(f"toy_models:{name}")
        assert answer.model is not None
        there = answer.model.declaration("r:f")
        assert (there.name, there.kind, there.about) == ("r:f", "model", here.about)
        assert there.parameters == here.parameters
    assert [_found(answer) for answer in answers[3:]] == [
        "model toy_models:without_default, parameter width: expected a default, found none",
        "a tuple",
        "nothing of that name; did you mean line?",
    ]


def _found(answer: Answer) -> str:
    assert answer.problem is not None
    return answer.problem.found


def test_models_of_this_package_are_declared_without_their_libraries() -> None:
    program = """
import sys
from harness.declare import find, model_names
for name in model_names():
    find(name)
print([m for m in ("jax", "numpy", "scipy", "neural_tangents") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_in_a_module_that_is_not_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_nets.py").write_text("x = {")
    monkeypatch.syspath_prepend(tmp_path)
    (answer,) = inspect_references([Asked("broken_nets:net", model=True)])
    assert answer.where == "module"
    assert _found(answer).startswith("SyntaxError")
