"""From an instance of a claim to the questions that decide it, and to the trials that they read."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.declare import Declaration, Scale, Value, find, is_reference
from harness.errors import UserError
from harness.plan.slopes import bend_weights, slope_weights
from harness.questions import (
    LOOKS,
    Closeness,
    Linear,
    Params,
    Question,
    Reading,
    Region,
    Straightness,
    arguments,
)
from harness.suite.predicates import Bound, Comparison, Exact, Faster, Monotone, PowerLaw, Predicate
from harness.suite.reader import convert
from harness.suite.records import AxisValue, Experiment, Instance

PAIR = "harness.measure.pair:pair"
"""The experiment that times two benchmarks side by side; by its name, for this room knows nothing of it."""


class SeedsError(UserError, ValueError):
    """A budget that is given in place of the claims' own, and that one of them cannot be judged with."""


@dataclass(frozen=True)
class Case:
    """An instance with the questions whose conjunction it is, and those of its control (or none)."""

    instance: Instance
    questions: tuple[Question, ...]
    control: tuple[Question, ...]

    @property
    def first_seed(self) -> int:
        """Where its questions begin."""
        return self.questions[0].first_seed

    @property
    def seeds(self) -> range:
        """The seeds that it may read: those of its budget."""
        budget = max(question.budget for question in (*self.questions, *self.control))
        return self.questions[0].seeds(budget)


def case(instance: Instance, *, seeds: int | None = None, first_seed: int | None = None) -> Case:
    """The case of an instance; `seeds` replaces its budget, except for `exact`, `first_seed` its own.

    Raises `SeedsError` for a budget that is no look or below the least that `rare` allows, ValueError
    where the suite was loaded without importing the experiment that it names.
    """
    predicate = instance.claim.predicate
    budget = instance.seeds if seeds is None or isinstance(predicate, Exact) else seeds
    if budget != instance.seeds:
        _check_budget(budget, instance)
    first = instance.claim.first_seed if first_seed is None else first_seed
    questions = _Questions(instance, budget, first)
    control: tuple[Question, ...] = ()
    if instance.control is not None and instance.control.predicate is not None:
        control = questions.ask(instance.control.predicate, instance.control.at)
    return Case(instance, questions.ask(predicate, {}), control)


def _check_budget(seeds: int, instance: Instance) -> None:
    if seeds not in LOOKS:
        raise SeedsError(f"seeds: expected one of {', '.join(map(str, LOOKS))}, found {seeds}")
    if seeds < instance.least:
        expected = f"expected at least {instance.least} seeds, for its `rare`"
        raise SeedsError(f"{instance.id}: {expected}, found {seeds}")


def parameters(experiment: Experiment, values: Sequence[AxisValue]) -> Params:
    """Every parameter of the experiment at a point: defaults, then `with`, then what the axes set, and what
    the experiment makes of these (`Declaration.settled`)."""
    given = dict(experiment.fixed)
    for value in values:
        given.update(value.sets)
    signature = experiment.signature(given)
    if signature is None or signature.is_open:
        named = experiment.run if signature is None else given.get("model")
        raise ValueError(f"experiment {experiment.id}: {named} has not been imported")
    given = signature.settled(given)
    return tuple((name, convert(given[name], signature.parameters[name].type)) for name in sorted(given))


def fixed(experiment: Experiment) -> Params:
    """The parameters that no axis of the experiment sets: those that all its trials have in common."""
    swept = {name for axis in experiment.axes.values() for value in axis.values for name in value.sets}
    models = [{"model": name} for name in experiment.models] or [{}]
    common, *others = [parameters(experiment, [AxisValue("", None, model)]) for model in models]
    return tuple((n, v) for n, v in common if n not in swept and all((n, v) in other for other in others))


def declared(experiment: Experiment) -> Declaration:
    """The experiment's declaration; ValueError where its module has not been imported."""
    if experiment.declaration is None:
        raise ValueError(f"experiment {experiment.id}: {experiment.run} has not been imported")
    return experiment.declaration


class _Questions:
    """Builds the questions of one instance."""

    def __init__(self, instance: Instance, budget: int, first_seed: int) -> None:
        self.instance = instance
        self.experiment = instance.claim.experiment
        self.declaration = find(PAIR) if instance.claim.benchmarks else declared(self.experiment)
        self.budget = budget
        self.first_seed = first_seed

    def ask(self, predicate: Predicate, at: Mapping[str, str]) -> tuple[Question, ...]:
        """The questions of `predicate` at the instance's point, moved to `at`."""
        point = {**dict(self.instance.point), **at}
        match predicate:
            case Comparison():
                return (self._comparison(predicate, point),)
            case Bound():
                return (self._bound(predicate, point),)
            case PowerLaw():
                return (self._power_law(predicate, point),)
            case Monotone():
                return self._monotone(predicate, point)
            case Faster():
                return (self._faster(predicate, point),)
            case Exact():
                readings = tuple(self._reading(q, point) for q in predicate.of)
                closeness = Closeness(readings, predicate.rtol, predicate.atol)
                return (self._question(closeness, Region(high=1.0)),)

    def _comparison(self, predicate: Comparison, point: Mapping[str, str]) -> Question:
        a, b = predicate.of
        scale: Scale = "log"
        if predicate.margin is not None:
            scale = "log" if predicate.margin.relative else "linear"
        elif any(self.declaration.quantities[q].scale == "linear" for q in predicate.of):
            scale = "linear"
        if self.instance.span is not None and predicate.along is not None:
            axis, start, end = self.instance.span
            before, after = {**point, axis: start}, {**point, axis: end}
            readings = tuple(self._reading(q, p) for q in (a, b) for p in (after, before))
            weights: tuple[float, ...] = (1.0, -1.0, -1.0, 1.0)
        else:
            readings, weights = (self._reading(a, point), self._reading(b, point)), (1.0, -1.0)
        margin = predicate.margin.size if predicate.margin else 0.0
        region = {
            "equal": Region(-margin, margin),
            "differ": Region(-margin, margin),
            "less": Region(high=0.0 - margin),  # not −0.0
            "greater": Region(low=margin),
        }[predicate.kind]
        question = self._question(self._linear(readings, weights, scale), region)
        return replace(question, exchanged=predicate.kind == "differ")

    def _bound(self, predicate: Bound, point: Mapping[str, str]) -> Question:
        scale = self.declaration.quantities[predicate.of].scale
        edge = math.log(predicate.bound) if scale == "log" else predicate.bound
        region = Region(high=edge) if predicate.kind == "at-most" else Region(low=edge)
        return self._question(self._linear((self._reading(predicate.of, point),), (1.0,), scale), region)

    def _power_law(self, predicate: PowerLaw, point: Mapping[str, str]) -> Question:
        axis, labels = self._over()
        values = self.experiment.axes[axis].by_label
        logs = [math.log(float(values[label].value or 0)) for label in labels]
        readings = tuple(self._reading(predicate.of, {**point, axis: label}) for label in labels)
        law = self._linear(readings, slope_weights(logs), "log")
        question = self._question(law, Region(predicate.low, predicate.high))
        if predicate.bend is None:
            return question
        bend = self._linear(readings, bend_weights(logs), "log")
        return replace(question, straight=Straightness(bend, predicate.bend, predicate.straight))

    def _monotone(self, predicate: Monotone, point: Mapping[str, str]) -> tuple[Question, ...]:
        axis, labels = self._over()
        pairs = list(itertools.pairwise(labels))
        scale = self.declaration.quantities[predicate.of].scale
        region = Region(low=0.0) if predicate.direction == "increasing" else Region(high=0.0)
        questions = []
        for before, after in pairs:
            readings = tuple(self._reading(predicate.of, {**point, axis: x}) for x in (after, before))
            question = self._question(self._linear(readings, (1.0, -1.0), scale), region)
            alpha = self.instance.claim.alpha / len(pairs)
            questions.append(replace(question, name=f"{axis}={before}..{after}", alpha_refute=alpha))
        return tuple(questions)

    def _faster(self, predicate: Faster, point: Mapping[str, str]) -> Question:
        """x_s = ln(seconds of y / seconds of x), of one pair of timings."""
        assert self.instance.claim.benchmarks is not None
        params: dict[str, Value] = {}
        for name, benchmark in zip("xy", self.instance.claim.benchmarks, strict=True):
            values = [benchmark.axes[axis].by_label[label] for axis, label in sorted(point.items())]
            function = declared(benchmark).function
            home = f"{function.__module__}:{function.__qualname__}"
            params[name] = benchmark.run if is_reference(benchmark.run) else home
            given = arguments(parameters(benchmark, values))
            params[f"{name}-with"] = json.dumps(given, sort_keys=True)
        key = tuple(sorted(params.items()))
        readings = tuple(Reading(PAIR, key, f"{name}.seconds") for name in "xy")
        return self._question(
            self._linear(readings, (-1.0, 1.0), "log"), Region(low=math.log(predicate.factor))
        )

    def _over(self) -> tuple[str, tuple[str, ...]]:
        if self.instance.over is None:
            raise AssertionError(f"{self.instance.id}: no axis to run over")
        return self.instance.over

    def _reading(self, quantity: str, point: Mapping[str, str]) -> Reading:
        values = [self.experiment.axes[axis].by_label[label] for axis, label in sorted(point.items())]
        params = parameters(self.experiment, values)
        return Reading(self.experiment.run, params, quantity, self.experiment.inputs)

    def _linear(self, readings: tuple[Reading, ...], weights: tuple[float, ...], scale: Scale) -> Linear:
        """The effect, with the floor of its rounding.

        A log quantity's resolution is relative; in a difference it stands for a quantity of size one.
        """
        resolutions = [self.declaration.quantities[reading.quantity].resolution for reading in readings]
        floor = math.hypot(*(w * r for w, r in zip(weights, resolutions, strict=True)))
        return Linear(readings, weights, scale, floor)

    def _question(self, effect: Linear | Closeness, region: Region) -> Question:
        claim, first = self.instance.claim, self.first_seed
        return Question(
            "", effect, region, claim.center, claim.alpha, claim.alpha, self.budget,
            least=self.instance.least, first_seed=first,
        )  # fmt: skip
