"""Experiments that take a model: the parameters of each point are the experiment's and its model's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from edits import edited

from harness.declare import Value, inspection, model_names
from harness.declare.inspection import inspect_references
from harness.plan import case
from harness.session import trials_of_experiment
from harness.suite import Instance, SelectionError, Suite, SuiteError, load
from harness.suite.models import named_models
from harness.suite.references import named_functions

HEAD = """\
[suite]
format = 2
title = "Models"
[experiments.e]
run = "toy_study:study"
"""
CLAIM = """
[claims.c]
says = "It is small."
experiment = "e"
expect = "open"
at-most = { of = "output", bound = 2 }
"""
BEGIN = len(HEAD.splitlines())
MODELS = ", ".join(model_names())

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _inspected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model is inspected once for all tests: a process takes a quarter of a second."""

    def inspect(asked: Sequence[inspection.Asked]) -> list[inspection.Answer]:
        new = [one for one in asked if one.points or one not in _ANSWERS]
        answers = dict(zip(map(repr, new), inspect_references(new), strict=True)) if new else {}
        _ANSWERS.update({one: answers[repr(one)] for one in new if not one.points})
        return [answers.get(repr(one)) or _ANSWERS[one] for one in asked]

    monkeypatch.setattr(inspection, "inspect_references", inspect)


_ANSWERS: dict[inspection.Asked, inspection.Answer] = {}


def points(suite: Suite) -> dict[str, dict[str, Value]]:
    """The parameters of each instance's trials."""
    return {instance.local_id: dict(_params(instance)) for instance in suite.instances}


def _params(instance: Instance) -> tuple[tuple[str, Value], ...]:
    (reading,) = case(instance).questions[0].effect.readings
    return reading.params


@pytest.fixture
def parameters(write: Write) -> Callable[..., dict[str, dict[str, Value]]]:
    def read(table: str, **given: object) -> dict[str, dict[str, Value]]:
        return points(load(write(HEAD + table + CLAIM), imports=True, overrides=given))

    return read


@pytest.fixture
def mistakes(write: Write) -> Callable[..., list[str]]:
    """What is wrong with the table of an experiment: `line of the table: what is said`."""

    def read(
        table: str,
        *,
        imports: bool = True,
        calls: bool = False,
        overrides: Mapping[str, object] | None = None,
    ) -> list[str]:
        with pytest.raises(SuiteError) as error:
            load(write(HEAD + table + CLAIM), imports=imports, calls=calls, overrides=overrides)
        return [
            f"{max(m.line - BEGIN, 0)}: {m.describe('f').partition(': ')[2]}" for m in error.value.mistakes
        ]

    return read


LINE = {"model": "toy_models:line", "train": 4, "noise": 0.0, "width": 8, "hidden": 1, "act": "relu"}
SKIP = {"model": "toy_models:skip", "train": 4, "noise": 0.0, "width": 1.5, "blocks": 2, "b-std": 0.5}


def test_a_trial_has_the_parameters_of_its_experiment_and_of_its_model(parameters: Any) -> None:
    assert parameters("") == {"c": LINE}
    assert parameters("with = { hidden = 3, train = 5 }") == {"c": {**LINE, "hidden": 3, "train": 5}}
    assert parameters('with = { model = "toy_models:skip", b-std = 2 }') == {"c": {**SKIP, "b-std": 2.0}}


def test_values_are_converted_by_the_types_of_each_model(parameters: Any) -> None:
    found = parameters('sweep = { model = ["toy_models:line", "toy_models:skip"], width = [2, 3.0] }')
    assert {id_: repr(point["width"]) for id_, point in found.items()} == {
        "c[model=toy_models:line,width=2]": "2",
        "c[model=toy_models:line,width=3]": "3",
        "c[model=toy_models:skip,width=2]": "2.0",
        "c[model=toy_models:skip,width=3]": "3.0",
    }
    assert all(("blocks" in point) is ("skip" in id_) for id_, point in found.items())


def test_what_differs_between_models_goes_into_variants(parameters: Any) -> None:
    found = parameters(
        "[experiments.e.sweep.net]\n"
        'flat = { hidden = 2 }\nskipping = { model = "toy_models:skip", blocks = 7 }\n'
    )
    assert found == {"c[net=flat]": {**LINE, "hidden": 2}, "c[net=skipping]": {**SKIP, "blocks": 7}}


def test_with_names_the_model_before_its_parameters(parameters: Any) -> None:
    assert parameters("", model="toy_models:skip", blocks=3) == {"c": {**SKIP, "blocks": 3}}
    assert parameters("with = { train = 9 }", width=3) == {"c": {**LINE, "train": 9, "width": 3}}


FIXED_OF_SWEPT = 'with = { hidden = 2 }\nsweep = { model = ["toy_models:line", "toy_models:skip"] }\n'


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "with = { hiden = 2 }",
            "1: experiments.e.with.hiden: expected one of width, hidden, act, model, train, noise, found no"
            " parameter `hiden` of toy_models:line, nor of toy_study:study (did you mean hidden?)",
        ),
        (
            'with = { model = "toy_models:skip", hidden = 2 }',
            "1: experiments.e.with.hidden: expected one of width, blocks, b-std, model, train, noise, found"
            " no parameter `hidden` of toy_models:skip, nor of toy_study:study",
        ),
        (FIXED_OF_SWEPT, "1: experiments.e.with.hidden: expected one of width, blocks, b-std, model,"),
        (
            'sweep = { model = ["toy_models:line", "toy_models:skip"], blocks = [1, 2] }',
            "1: experiments.e.sweep.blocks: expected one of width, hidden, act, model, train, noise, found no"
            " parameter `blocks` of toy_models:line,",
        ),
        (
            '[experiments.e.sweep.net]\na = {}\nb = { model = "toy_models:skip", hidden = 1 }',
            "3: experiments.e.sweep.net.b.hidden: expected one of width, blocks, b-std,",
        ),
        (
            '[experiments.e.sweep.net]\na = { blocks = 1 }\nb = { model = "toy_models:skip" }',
            "2: experiments.e.sweep.net.a.blocks: expected one of width, hidden, act,",
        ),
        ("with = { width = 0 }", "1: experiments.e.with.width: expected an integer >= 1, found 0"),
        ("with = { width = 1.5 }", "1: experiments.e.with.width: expected an integer, found 1.5"),
        ('with = { act = "rleu" }', 'expected one of relu, erf, found "rleu" (did you mean relu?)'),
        (
            'sweep = { model = ["toy_models:skip", "toy_models:line"], width = [1.5] }',
            "1: experiments.e.sweep.width[0]: expected an integer, found 1.5",
        ),
        ("with = { model = 3 }", "1: experiments.e.with.model: expected a string, found 3"),
        (
            'with = { model = "fully-conected" }',
            f"1: experiments.e.with.model: expected one of {MODELS}, or package.module:function, found"
            ' "fully-conected" (did you mean fully-connected?)',
        ),
        (
            'sweep = { model = ["toy_models:line", "toy_models:lime"] }',
            "1: experiments.e.sweep.model[1]: expected a function lime in the module toy_models, found"
            " nothing of that name; did you mean line?",
        ),
        ('with = { model = "no_models:f" }', "a module no_models that can be imported, found No module"),
        (
            'with = { model = "toy_study:study" }',
            "expected a model, a function of keyword parameters, found 'toy_study:study': expected a model, a"
            " function of keyword parameters, found an experiment",
        ),
        ('with = { model = "toy_models:PARAMETERS" }', "found a tuple"),
        ('with = { model = "toy_models:without_default" }', "parameter width: expected a default, found"),
        ('with = { model = "ntk.kernel" }', f"expected one of {MODELS}, or package.module:function"),
        (
            "with = { model.width = 3 }",
            "1: experiments.e.with.model: expected a number, a string or a boolean, found a table (a"
            ' parameter of a model is `"model.NAME"`, in quotes)',
        ),
        ('with = { "model.width" = 3 }', "no parameter `model.width` of toy_models:line, nor of toy_study:"),
    ],
)
def test_a_mistake_is_said_once_with_its_line(mistakes: Any, table: str, said: str) -> None:
    (found,) = mistakes(table)
    assert said in found


def test_a_name_that_both_declare_is_one_mistake_until_it_is_told_apart(
    mistakes: Any, parameters: Any
) -> None:
    clash = 'model = "toy_models:clash"'
    said = (
        '1: experiments.e.with.model: expected `"model.train"` for the model\'s own `train`, beside it, found'
        " `train`, which both toy_study:study and toy_models:clash declare"
    )
    assert mistakes(f"with = {{ {clash} }}") == mistakes(f"with = {{ {clash}, train = 5 }}") == [said]
    both = {"model": "toy_models:clash", "train": 5, "model.train": True, "noise": 0.0, "width": 3}
    assert parameters(f'with = {{ {clash}, train = 5, "model.train" = true }}') == {"c": both}
    assert parameters(f"with = {{ {clash}, train = 5 }}", **{"model.train": True}) == {"c": both}
    found = parameters(f'with = {{ {clash} }}\nsweep = {{ "model.train" = [true, false] }}')
    assert [(point["train"], point["model.train"]) for point in found.values()] == [(4, True), (4, False)]
    assert list(found) == ["c[model.train=true]", "c[model.train=false]"]
    (wrong,) = mistakes(f'with = {{ {clash}, train = 5, "model.train" = 2 }}')
    assert wrong.startswith("1: experiments.e.with.model.train: expected true or false, found 2")
    (swept,) = mistakes('sweep = { model = ["toy_models:line", "toy_models:clash"] }')
    assert swept.startswith('1: experiments.e.sweep.model[1]: expected `"model.train"`')


def test_a_sentence_may_name_a_parameter_of_the_model(write: Write) -> None:
    table = 'with = { model = "toy_models:clash" }\nsweep = { "model.train" = [true] }'
    text = HEAD + table + edited(CLAIM, {"It is small.": "At {model.train}."})
    assert [i.says for i in load(write(text), imports=True).instances] == ["At true."]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hidden": 2, "model": "toy_models:skip"}, "0: --override.hidden: expected one of b-std, blocks,"),
        (
            {"model": "toy_models:nil"},
            "0: --override.model: expected a function nil in the module toy_models",
        ),
        ({"model": "toy_models:clash"}, '0: --override.model: expected `"model.train"`'),
        ({"width": 0}, "0: --override.width: expected an integer >= 1, found 0"),
    ],
)
def test_mistakes_of_with(mistakes: Any, given: Mapping[str, object], said: str) -> None:
    (found,) = mistakes("", overrides=given)
    assert found.startswith(said)


def test_without_imports_any_name_goes_beside_a_users_model(write: Write) -> None:
    table = 'with = { model = "nowhere:net", depth = "deep" }\nsweep = { size = [1, 2] }'
    head = edited(HEAD, {"toy_study:study": "ntk.regression"})
    text = head + table + edited(CLAIM, {'"output"': '"steps"'})
    suite = load(write(text), overrides={"heads": 3})
    assert named_functions(suite) == ["nowhere:net"]
    assert len(suite.instances) == 2
    assert dict(suite.experiments["e"].fixed) == {"model": "nowhere:net", "depth": "deep", "heads": 3}
    with pytest.raises(ValueError, match="nowhere:net has not been imported"):
        points(suite)
    with pytest.raises(SuiteError, match=r"experiments\.e\.with\.train: expected an integer >= 2, found 0"):
        load(write(text.replace('depth = "deep"', "train = 0")))


def test_parameters_of_models_that_name_functions_are_looked_at(mistakes: Any, parameters: Any) -> None:
    table = 'with = { model = "toy_models:named", activation = "toy_models:%s" }'
    assert parameters(table % "skip")["c"]["activation"] == "toy_models:skip"
    (found,) = mistakes(table % "skipp")
    assert found.startswith("1: experiments.e.with.activation: expected a function skipp in the module")


def test_check_import_builds_each_model(mistakes: Any, write: Write) -> None:
    table = 'sweep = { model = ["toy_models:line", "toy_models:skip"] }'
    load(write(HEAD + table + CLAIM), imports=True, calls=True)
    table = 'with = { model = "toy_models:clash", "model.train" = true }'
    load(write(HEAD + table + CLAIM), imports=True, calls=True)
    (found,) = mistakes('with = { model = "toy_models:nothing" }', calls=True)
    assert "expected toy_models:nothing to return (init, apply) or (init, apply, kernel), found a" in found
    (found,) = mistakes('with = { model = "toy_models:raises" }\nsweep = { width = [4] }', calls=True)
    assert found.startswith("2: experiments.e.sweep.width[0]: ")
    assert "ValueError: no network of width 4 (" in found
    assert 'in model = "toy_models:raises"' in found


def test_models_of_a_suite_are_inspected_together_and_not_imported_here(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(references: Any) -> Any:
        asked.append([one.reference for one in references])
        return inspect_references(references)

    monkeypatch.setattr(inspection, "inspect_references", counted)
    monkeypatch.delitem(sys.modules, "toy_models", raising=False)
    more = '[experiments.f]\nrun = "toy_study:study"\nwith = { model = "toy_models:named" }\n'
    table = 'sweep = { model = ["toy_models:line", "toy_models:skip"] }\n' + more
    load(write(HEAD + table + CLAIM), imports=True)
    assert [sorted(names) for names in asked] == [["toy_models:line", "toy_models:named", "toy_models:skip"]]
    assert "toy_models" not in sys.modules


def test_names_of_models_are_found_wherever_they_stand() -> None:
    document = {"experiments": {"a": {"with": {"model": "m:a"}, "sweep": {"model": ["m:b", 3]}},
                                "b": {"sweep": {"net": {"x": {"model": "m:c"}}}}}}  # fmt: skip
    assert sorted(named_models(document, {"model": "m:d"})) == ["m:a", "m:b", "m:c", "m:d"]
    assert list(named_models({"experiments": 3}, {})) == []


def test_an_experiment_of_the_package_takes_a_users_model(write: Write) -> None:
    table = 'with = { model = "toy_models:skip", blocks = 3, networks = 2 }'
    head = edited(HEAD, {"toy_study:study": "ntk.regression"})
    text = head + table + edited(CLAIM, {'"output"': '"steps"'})
    point = points(load(write(text), imports=True))["c"]
    assert {name: point[name] for name in ("model", "blocks", "networks", "b-std")} == {
        "model": "toy_models:skip", "blocks": 3, "networks": 2, "b-std": 0.5
    }  # fmt: skip
    assert "hidden" not in point
    (found,) = _said(write(text.replace("blocks", "hidden")))
    assert "no parameter `hidden` of toy_models:skip, nor of ntk.regression" in found


def _said(path: Path) -> list[str]:
    with pytest.raises(SuiteError) as error:
        load(path, imports=True)
    return [mistake.describe("f") for mistake in error.value.mistakes]


def test_a_trial_by_hand_takes_a_model() -> None:
    (trial,) = trials_of_experiment("toy_study:study", ["model=toy_models:skip", "blocks=4"], 3)
    assert dict(trial.params) == {**SKIP, "blocks": 4}
    with pytest.raises(SelectionError, match="no parameter `hidden` of toy_models:skip"):
        trials_of_experiment("toy_study:study", ["model=toy_models:skip", "hidden=4"], 3)


def test_reading_a_suite_with_models_of_the_package_imports_no_library(write: Write) -> None:
    text = edited(HEAD, {"toy_study:study": "ntk.regression"}) + edited(CLAIM, {'"output"': '"steps"'})
    program = f"""
import sys
from harness.suite import load
from harness.plan import case
suite = load({str(write(text))!r}, imports=True)
print(dict(case(suite.instances[0]).questions[0].effect.readings[0].params)["width"])
print([m for m in ("jax", "numpy", "scipy", "neural_tangents") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["512", "[]"]
