"""From an instance of a claim to the questions that decide it, and to the trials that they read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.declare import Better, Declaration, Scale, Value, find, is_reference
from harness.questions import (
    COMPUTED_SEED,
    MOST_POINTS,
    Baseline,
    BoundarySearch,
    Closeness,
    Linear,
    Question,
    Reading,
    Region,
    SeedsError,
    Straightness,
    TrialParams,
    Unit,
    arguments,
    check_look,
)
from harness.suite.reader import convert
from harness.suite.records import AxisValue, Experiment, Instance
from harness.timing import PAIR


@dataclass(frozen=True)
class Case:
    """An instance with the questions of which it is the conjunction, and those of its control (if any).

    With a `search` its questions are those of the points among which a boundary is searched for, of which
    only some are asked; with a `control_search`, so are its control's.
    """

    instance: Instance
    questions: tuple[Question, ...]
    control: tuple[Question, ...]
    search: BoundarySearch | None = None
    control_search: BoundarySearch | None = None

    @property
    def computed(self) -> bool:
        """Whether everything that its questions read is the same for every seed."""
        return all(question.deterministic for question in self.questions)

    @property
    def sampled(self) -> tuple[Question, ...]:
        """Its questions and its control's, as far as seeds decide them."""
        return tuple(q for q in (*self.questions, *self.control) if not q.deterministic)

    @property
    def first_seed(self) -> int:
        """The first seed of the questions that seeds decide; without such questions, `COMPUTED_SEED`."""
        return self.sampled[0].first_seed if self.sampled else COMPUTED_SEED

    @property
    def seeds(self) -> range:
        """The seeds of its budget, which it may read; empty if no seed decides anything."""
        if not self.sampled:
            return range(0)
        return self.sampled[0].seeds(max(question.budget for question in self.sampled))

    @property
    def share_of_points(self) -> float:
        """The largest share of the points of its axis that it visits; 1 if it is not a search."""
        return 1.0 if self.search is None else min(1.0, MOST_POINTS / len(self.search.at))

    @property
    def first_asked(self) -> tuple[Question, ...]:
        """The questions that are asked whatever the others say."""
        return (*_first(self.questions, self.search), *_first(self.control, self.control_search))

    @property
    def dearest(self) -> tuple[Question, ...]:
        """The questions that it may ask; if not all can be asked, those at the far end of the axis."""
        return (*_dearest(self.questions, self.search), *_dearest(self.control, self.control_search))

    @property
    def alpha(self) -> float:
        """Its share of the bound on wrong verdicts."""
        return 0.0 if self.computed else self.instance.claim.alpha


def _first(questions: Sequence[Question], search: BoundarySearch | None) -> Sequence[Question]:
    return questions if search is None else questions[:1]


def _dearest(questions: Sequence[Question], search: BoundarySearch | None) -> Sequence[Question]:
    if search is None or len(questions) <= MOST_POINTS:
        return questions
    return (questions[0], *questions[1 - MOST_POINTS :])


def case(instance: Instance, *, seeds: int | None = None, first_seed: int | None = None) -> Case:
    """The case of an instance; `seeds` replaces its budget if it has looks, `first_seed` its own first seed.

    Raises `SeedsError` for a budget that is not a look or is below the least that `rare` allows, and
    ValueError if the suite was loaded without importing the experiment that it names.
    """
    predicate = instance.claim.predicate
    budget = instance.seeds if seeds is None or not predicate.STATISTICS else seeds
    first = instance.claim.first_seed if first_seed is None else first_seed
    point = dict(instance.point)
    asking = _AskingInstance(instance, point, budget, first)
    questions = tuple(predicate.questions(asking))
    control: tuple[Question, ...] = ()
    search, control_search = predicate.search(asking), None
    if instance.control is not None and instance.control.predicate is not None:
        asking = _AskingInstance(instance, {**point, **instance.control.at}, budget, first)
        control = tuple(instance.control.predicate.questions(asking))
        control_search = instance.control.predicate.search(asking)
    found = Case(instance, questions, control, search, control_search)
    if budget != instance.seeds and found.sampled:
        _check_budget(budget, instance)
    return found


def _check_budget(seeds: int, instance: Instance) -> None:
    check_look(seeds)
    if seeds < instance.least:
        expected = f"expected at least {instance.least} seeds, for its `rare`"
        raise SeedsError(f"{instance.id}: {expected}, found {seeds}")


def parameters(experiment: Experiment, values: Sequence[AxisValue]) -> TrialParams:
    """Every parameter of the experiment at a point.

    These are defaults, then `with`, then the values of the axes, as the experiment settles them
    (`Declaration.settled`).
    """
    given = dict(experiment.fixed)
    for value in values:
        given.update(value.sets)
    signature = experiment.signature(given)
    if signature is None or signature.is_open:
        named = experiment.run if signature is None else given.get("model")
        raise ValueError(f"experiment {experiment.id}: {named} has not been imported")
    given = signature.settled(given)
    return tuple((name, convert(given[name], signature.parameters[name].type)) for name in sorted(given))


def fixed(experiment: Experiment) -> TrialParams:
    """The parameters that no axis of the experiment sets, which all its trials share."""
    swept = {name for axis in experiment.axes.values() for value in axis.values for name in value.sets}
    models = [{"model": name} for name in experiment.models] or [{}]
    common, *others = [parameters(experiment, [AxisValue("", None, model)]) for model in models]
    return tuple((n, v) for n, v in common if n not in swept and all((n, v) in other for other in others))


def declared(experiment: Experiment) -> Declaration:
    """The experiment's declaration. Raises ValueError if its module has not been imported."""
    if experiment.declaration is None:
        raise ValueError(f"experiment {experiment.id}: {experiment.run} has not been imported")
    return experiment.declaration


@dataclass(frozen=True)
class _AskingInstance:
    """An instance in the form that its predicate needs (`harness.predicates.Asking`), at one point."""

    instance: Instance
    point: Mapping[str, str]
    budget: int
    first_seed: int

    @property
    def span(self) -> tuple[str, str] | None:
        return None if self.instance.span is None else self.instance.span[1:]

    @property
    def over(self) -> Mapping[str, Value | None]:
        if self.instance.over is None:
            raise AssertionError(f"{self.instance.id}: no axis to run over")
        return {each.label: each.value for each in self.instance.over.values}

    def scale(self, quantity: str) -> Scale:
        return self._declaration.quantities[quantity].scale

    def better(self, quantity: str) -> Better:
        return self._declaration.quantities[quantity].better

    def reading(self, quantity: str, label: str | None = None, baseline: Baseline | None = None) -> Reading:
        experiment = self.instance.claim.experiment
        values = _values(experiment, self.point)
        params = parameters(experiment, values if label is None else [*values, self._at(label)])
        return Reading(experiment.run, params, quantity, experiment.inputs, baseline)

    def timings(self, benchmarks: Sequence[str]) -> tuple[Reading, ...]:
        known = {benchmark.id: benchmark for benchmark in self.instance.claim.benchmarks or ()}
        params: dict[str, Value] = {}
        for name, benchmark in zip("xy", map(known.__getitem__, benchmarks), strict=True):
            function = declared(benchmark).function
            home = f"{function.__module__}:{function.__qualname__}"
            params[name] = benchmark.run if is_reference(benchmark.run) else home
            given = arguments(parameters(benchmark, _values(benchmark, self.point)))
            params[f"{name}-with"] = json.dumps(given, sort_keys=True)
        key = tuple(sorted(params.items()))
        return tuple(Reading(PAIR, key, f"{name}.seconds") for name in "xy")

    def linear(self, readings: tuple[Reading, ...], weights: tuple[float, ...], scale: Scale) -> Linear:
        """The effect, with the floor of its rounding.

        A log quantity's resolution is relative. In a difference it stands for a quantity of size one.
        """
        resolutions = [self._declaration.quantities[reading.quantity].resolution for reading in readings]
        floor = math.hypot(*(w * r for w, r in zip(weights, resolutions, strict=True)))
        return Linear(readings, weights, scale, floor)

    def question(
        self,
        effect: Linear | Closeness,
        region: Region,
        unit: Unit,
        *,
        name: str = "",
        parts: int = 1,
        exchanged: bool = False,
        straight: Straightness | None = None,
    ) -> Question:
        claim = self.instance.claim
        alpha = claim.alpha / claim.predicate.SHARES
        known = self._declaration.quantities
        if all(known[reading.quantity].deterministic for reading in effect.readings):
            return Question(
                name, effect, region, claim.centre, 0.0, 0.0, 1, exchanged, 0, straight, COMPUTED_SEED, unit,
                deterministic=True,
            )  # fmt: skip
        return Question(
            name, effect, region, claim.centre, alpha, alpha / parts, self.budget, exchanged,
            self.instance.least, straight, self.first_seed, unit,
        )  # fmt: skip

    def _at(self, label: str) -> AxisValue:
        """The value of the axis that the predicate uses."""
        over, span = self.instance.over, self.instance.span
        if over is None:
            assert span is not None
            over = self.instance.claim.experiment.axes[span[0]]
        return over.by_label[label]

    @property
    def _declaration(self) -> Declaration:
        """The experiment that is read, or the one that times two benchmarks."""
        claim = self.instance.claim
        return find(PAIR) if claim.benchmarks else declared(claim.experiment)


def _values(experiment: Experiment, point: Mapping[str, str]) -> list[AxisValue]:
    return [experiment.axes[axis].by_label[label] for axis, label in sorted(point.items())]
