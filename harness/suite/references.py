"""Functions that a suite's parameters name (`data`, `subject`): whether each exists, and does what it should.

A parameter's type says that it may name one (`harness.declare.Reference`). Looked at is what the claims'
points use, and every point of a benchmark; in a process of its own (`harness.declare.inspection`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.declare import Problem, Reference, Signature, Value, is_reference, reference_of
from harness.suite.errors import KeyPath, Mistake
from harness.suite.models import OVERRIDE
from harness.suite.records import AxisValue, Benchmark, Experiment, Instance, Suite

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ReferenceUse:
    """A parameter of an experiment at a point that names a function; `sets` are the axes' values there."""

    experiment: Experiment
    sets: Mapping[str, AxisValue]
    parameter: str
    reference: Reference
    name: str

    def origin(self, parameter: str, overrides: Mapping[str, object]) -> KeyPath:
        """Where the parameter's value at this point is written."""
        table = "benchmarks" if isinstance(self.experiment, Benchmark) else "experiments"
        home: KeyPath = (table, self.experiment.id) if self.experiment.id else ()  # else of a command line
        for axis, value in self.sets.items():
            if parameter in value.sets:
                if value.value is None:
                    return (*home, "sweep", axis, value.label, parameter)
                return (*home, "sweep", axis, self.experiment.axes[axis].values.index(value))
        if parameter in overrides:
            return (OVERRIDE, parameter)
        return (*home, "with", parameter) if parameter in self.experiment.fixed else home

    def sweeps(self, parameter: str) -> bool:
        return any(parameter in value.sets for value in self.sets.values())

    def point(self) -> dict[str, Value]:
        """Every parameter at this point."""
        values, signature = _signature(self.experiment, self.sets.values())
        return signature.settled(values)


def named_functions(suite: Suite) -> list[str]:
    """Every function that parameters of the suite name, sorted."""
    return sorted({use.name for use in _uses(_points(suite))})


def check_suite(suite: Suite, *, call: bool) -> list[Mistake]:
    """What is wrong with the functions that the suite's points use, a mistake for each line.

    They must exist. With `call`, what their `Reference` asks of them is checked too, and it may call them.
    """
    return _check(_uses(_points(suite)), suite.overrides, call)


def check_experiment(experiment: Experiment) -> list[Mistake]:
    """`check_suite`, of an experiment without axes."""
    return _check(_uses([(experiment, ())]), {}, call=False)


def _check(uses: Sequence[ReferenceUse], overrides: Mapping[str, object], call: bool) -> list[Mistake]:
    uses = [use for use in uses if call or use.reference.kind != "model"]  # else inspected as it was read
    if not uses:
        return []
    from harness.declare.inspection import Asked, inspect_references

    groups: dict[tuple[str, str], list[ReferenceUse]] = {}
    for use in uses:
        groups.setdefault((use.name, use.reference.check if call else ""), []).append(use)
    asked = [
        Asked(name, check, tuple(use.point() for use in group) if check else ())
        for (name, check), group in groups.items()
    ]
    mistakes: list[Mistake] = []
    modules: set[str] = set()
    for answer, group in zip(inspect_references(asked), groups.values(), strict=True):
        problems = answer.points or (answer.problem,) * len(group)
        if answer.problem and answer.where == "module":  # one mistake, however often the module is named
            module = group[0].name.partition(":")[0]
            problems = () if module in modules else (answer.problem,)
            modules.add(module)
        found = zip(group, problems, strict=False)
        mistakes += [_mistake(use, problem, overrides) for use, problem in found if problem is not None]
    return list(dict.fromkeys(mistakes))


def _mistake(use: ReferenceUse, problem: Problem, overrides: Mapping[str, object]) -> Mistake:
    blamed = next((name for name in problem.parameters if use.sweeps(name)), use.parameter)
    where = "" if blamed == use.parameter else f' in {use.parameter} = "{use.name}"'
    return Mistake(use.origin(blamed, overrides), problem.expected, problem.found + where)


def _signature(experiment: Experiment, sets: Iterable[AxisValue]) -> tuple[dict[str, Value], Signature]:
    """What is set at a point of the experiment, and the parameters that exist there."""
    values = dict(experiment.fixed)
    for value in sets:
        values.update(value.sets)
    signature = experiment.signature(values)
    assert signature is not None  # else nothing is known of its parameters
    return values, signature


def _uses(points: Iterable[tuple[Experiment, Labels]]) -> list[ReferenceUse]:
    uses = []
    for experiment, labels in points:
        sets = {axis: experiment.axes[axis].by_label[label] for axis, label in labels}
        values, signature = _signature(experiment, sets.values())
        settled = signature.settled(values)
        for name, reference in _references(signature):
            value = settled[name]
            if is_reference(value):
                uses.append(ReferenceUse(experiment, sets, name, reference, str(value)))
    return uses


def _points(suite: Suite) -> Iterator[tuple[Experiment, Labels]]:
    """Every point that a claim or a benchmark uses, of experiments that name functions; each once."""
    seen: set[tuple[str, str, Labels]] = set()
    for instance in suite.instances:
        experiments = instance.claim.benchmarks or (instance.claim.experiment,)
        if not any(map(_names_functions, experiments)):
            continue
        for labels in _labels(instance):
            for experiment in experiments:
                key = ("benchmarks" if instance.claim.benchmarks else "experiments", experiment.id, labels)
                if key not in seen and _names_functions(experiment):
                    seen.add(key)
                    yield experiment, labels
    for benchmark in filter(_names_functions, suite.benchmarks.values()):
        for values in itertools.product(*(axis.values for axis in benchmark.axes.values())):
            labels = tuple(sorted(zip(benchmark.axes, (value.label for value in values), strict=True)))
            if ("benchmarks", benchmark.id, labels) not in seen:
                yield benchmark, labels


def _labels(instance: Instance) -> Iterator[Labels]:
    """The points that the instance and its control read."""
    steps: list[Mapping[str, str]] = [{}]
    if instance.span:
        axis, *ends = instance.span
        steps = [{axis: end} for end in ends]
    elif (over := instance.over) is not None:
        swept = instance.claim.experiment.axes.get(over.name)
        labels = [v.label for v in over.values if swept is not None and v.label in swept.by_label]
        steps = [{over.name: label} for label in labels] or [{}]
    moves: list[Mapping[str, str]] = [{}]
    if instance.control and instance.control.predicate is not None:
        moves.append(instance.control.at)
    for move, step in itertools.product(moves, steps):
        yield tuple(sorted({**dict(instance.point), **move, **step}.items()))


def _names_functions(experiment: Experiment) -> bool:
    """Whether any value of the experiment's parameters names a function."""
    sets = [v.sets for axis in experiment.axes.values() for v in axis.values]
    return any(
        is_reference(each.get(name, signature.parameters[name].default))
        for signature in experiment.signatures.values()
        for name, _ in _references(signature)
        for each in (experiment.fixed, *sets)
    )


def _references(signature: Signature) -> list[tuple[str, Reference]]:
    """The parameters that may name a function."""
    return [(p.name, reference) for p in signature.parameters.values() if (reference := reference_of(p.type))]
