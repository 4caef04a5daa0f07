"""Models that experiments take: which parameters exist with a model, and how it is built and checked.

    experiment.parameters + model.parameters ──▶ Signature ──▶ a trial's parameters ──▶ build_model

A name that both declare belongs to the experiment; the model's parameter is then `model.NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.declare.blame import one_line
from harness.declare.declaration import Declaration, declare_model
from harness.declare.parameters import Parameter, Value
from harness.declare.references import Point, Problem
from harness.declare.registry import find, find_model, model_names

OF_MODEL = "model."
"""The prefix of a model's parameter whose name the experiment declares too."""


@dataclass(frozen=True, eq=False)
class Signature:
    """The parameters that exist at one point: the experiment's, and those of the model that it takes there.

    `model` is None if the experiment takes no model, or if the model has not been imported. In the latter
    case any parameter may exist (`is_open`).
    """

    experiment: Declaration
    model: Declaration | None = None

    @property
    def is_open(self) -> bool:
        """Whether parameters may exist about which nothing is known."""
        return self.experiment.takes_model and self.model is None

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The names that both declare."""
        own = self.experiment.parameters
        return tuple(name for name in (self.model.parameters if self.model else ()) if name in own)

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter by its name at the point."""
        of_model = self.model.parameters if self.model else {}
        named = [replace(p, name=f"{OF_MODEL}{p.name}" if p.name in self.shared else p.name)
                 for p in of_model.values()]  # fmt: skip
        return {**self.experiment.parameters, **{parameter.name: parameter for parameter in named}}

    def settled(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """`Declaration.settled` of the experiment, with the model's parameters."""
        of_model = {name: p.default for name, p in self.parameters.items()}
        return self.experiment.settled({**of_model, **given})


def signature_of(experiment: Declaration, params: Mapping[str, Value]) -> Signature:
    """The signature at a point, as far as it is known without importing anybody's module."""
    model = str(params.get("model", experiment.defaults().get("model", "")))
    known = experiment.takes_model and model in model_names()
    return Signature(experiment, find(model) if known else None)


def build_model(model: str, of_model: Mapping[str, Value]) -> Any:
    """What the model named `model` returns for the parameters that an experiment got in `**of_model`.

    Arguments:
        model: the name of a model of this package, or `package.module:function`; its module is imported.
        of_model: the model's parameters, as Python names them.

    Returns:
        What the model's function returns: `(init, apply)`, `(init, apply, kernel)`, or an object.

    Raises:
        UnknownExperimentError: there is no such model.

    >>> init, apply = harness.build_model("toy_models:line", {})
    """
    return find_model(model).function(**_arguments(of_model))


def check(reference: str, function: Callable[..., Any], points: Sequence[Point]) -> list[Problem | None]:
    """The problem with a user's model at each point, if it does not return a model there (a `Check`)."""
    declaration = getattr(function, "__harness_declaration__", None) or declare_model(reference, function)
    return [_problem(reference, declaration, point) for point in points]


def _problem(reference: str, declaration: Declaration, point: Point) -> Problem | None:
    own = {name: point.get(f"{OF_MODEL}{name}", point.get(name)) for name in declaration.parameters}
    arguments = {name.replace("-", "_"): value for name, value in own.items()}
    try:
        found = declaration.function(**arguments)
    except Exception as error:  # a user's model may raise anything
        return Problem(f"a function {reference} that returns a model", one_line(error), tuple(own))
    parts = found if isinstance(found, tuple) else [getattr(found, part, None) for part in ("init", "apply")]
    if len(parts) in (2, 3) and all(map(callable, parts[:2])):
        return None
    if callable(getattr(found, "named_parameters", None)):  # a PyTorch module, which ntk.network takes
        return None
    shown = f"a tuple of {len(found)}" if isinstance(found, tuple) else f"a {type(found).__name__}"
    return Problem(f"{reference} to return (init, apply) or (init, apply, kernel)", shown)


def _arguments(of_model: Mapping[str, Value]) -> dict[str, Value]:
    return {name.removeprefix(OF_MODEL): value for name, value in of_model.items()}
