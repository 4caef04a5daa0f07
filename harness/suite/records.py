"""The records that a suite file becomes; `load` makes them all.

A *suite* has sources, experiments, benchmarks and claims. An *experiment* is a registered function with fixed
parameters and *axes*, whose grid it is measured on. A *claim* is one sentence about quantities with
exactly one *predicate*; it has an *instance* for each point of the axes that the predicate does not use. A
*map* measures the boundaries of such instances in an order of its own, for a stated time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from harness.declare import EXACTLY, Declaration, Inputs, Parameter, Repeatable, Signature, Value, noted_of
from harness.predicates import Predicate
from harness.questions import Centre
from harness.shipped import located
from harness.suite.explored import Ranges, first_beyond
from harness.suite.spellings import OldSpelling
from harness.text import printable

SourceStance = Literal["asserts", "disputes", "asks"]
Stance = Literal["asserts", "disputes", "asks", "none"]
"""What a source says of an instance; `none`: nothing, as where there is no source."""
Scope = Literal["every", "some", "most"]
"""Of which instances a source says that the claim holds, or disputes that it does."""
Expectation = Literal["supported", "refuted", "open"]
Point = tuple[tuple[str, str], ...]
"""Axis names with labels of their values, sorted by name."""


def instance_id(id_: str, labels: Mapping[str, str]) -> str:
    """`id[axis=label,…]`, the axes sorted; the id alone without axes."""
    inside = ",".join(f"{axis}={label}" for axis, label in sorted(labels.items()))
    return f"{id_}[{inside}]" if inside else id_


@dataclass(frozen=True)
class Source:
    """A paper or book that claims cite (a `[sources.ID]` table)."""

    id: str
    title: str
    authors: tuple[str, ...]
    year: int | None = None
    arxiv: str | None = None
    doi: str | None = None
    url: str | None = None
    venue: str | None = None


@dataclass(frozen=True)
class Citation:
    """What a source says of a claim: it asserts it, disputes it, or asks.

    `scope` is of which instances; `our_margin` says that the margin is not the source's.
    """

    cite: str
    stance: SourceStance
    where: str = ""
    scope: Scope = "every"
    our_margin: bool = False


@dataclass(frozen=True)
class AxisValue:
    """One value of an axis: how ids name it, its number or text, and the parameters that it sets.

    A named variant has no value of its own, only parameters.
    """

    label: str
    value: Value | None
    sets: Mapping[str, Value]


@dataclass(frozen=True)
class Axis:
    """One swept axis of an experiment."""

    name: str
    values: tuple[AxisValue, ...]

    @cached_property
    def by_label(self) -> dict[str, AxisValue]:
        return {value.label: value for value in self.values}


@dataclass(frozen=True)
class Experiment:
    """An `[experiments.ID]` table: which function, fixed parameters, and a grid over the others.

    `declaration` is None for a `package.module:function` that has not been imported. `repeats` is what the
    table says of how exactly trials repeat (None: nothing), `inputs` what it says that trials read. `models`
    has the models that its points take, by name; None of one that has not been imported.
    """

    id: str
    run: str
    fixed: Mapping[str, Value]
    axes: Mapping[str, Axis]
    declaration: Declaration | None
    repeats: Repeatable | None = field(default=None, kw_only=True)
    inputs: Inputs | None = field(default=None, kw_only=True)
    models: Mapping[str, Declaration | None] = field(default_factory=dict, kw_only=True)

    def signature(self, given: Mapping[str, Value]) -> Signature | None:
        """The parameters at a point where `given` are set; None of a function that has not been imported."""
        if self.declaration is None:
            return None
        name = given.get("model", self.declaration.defaults().get("model"))
        key = name if self.declaration.takes_model else None
        return self.signatures.get(key, Signature(self.declaration))

    @cached_property
    def signatures(self) -> Mapping[object, Signature]:
        """The signature of each model, by its name; of an experiment that takes no model by None."""
        if self.declaration is None:
            return {}
        if not self.declaration.takes_model:
            return {None: Signature(self.declaration)}
        return {name: Signature(self.declaration, model) for name, model in self.models.items()}

    @property
    def parameters(self) -> tuple[Mapping[str, Parameter], ...]:
        """The parameters of its points, once for each model."""
        return tuple(signature.parameters for signature in self.signatures.values())

    def value(self, axis: str, label: str) -> Value:
        """What a label of an axis stands for, a number or a text; of a variant and of `1..2` the label."""
        known = self.axes[axis].by_label.get(label) if axis in self.axes else None
        return label if known is None or known.value is None else known.value

    @property
    def repeatable(self) -> Repeatable:
        """How exactly its trials repeat: as the table says, else as the function declares."""
        if self.repeats is not None:
            return self.repeats
        return EXACTLY if self.declaration is None else self.declaration.repeatable

    @property
    def noted(self) -> tuple[str, ...]:
        """What its fixed parameters make of a verdict, where they are not the usual ones (`Noted`)."""
        signature = self.signature(self.fixed)
        declared = {} if signature is None else signature.parameters
        return tuple(
            noted.of(value)
            for name, value in self.fixed.items()
            if name in declared and value != declared[name].default
            if (noted := noted_of(declared[name].type)) is not None
        )


@dataclass(frozen=True)
class Benchmark(Experiment):
    """A `[benchmarks.ID]` table: what is timed, with fixed parameters and a grid."""

    time_limit: float = 600.0
    """Seconds that a pair of timings of it may take, its preparation included."""


@dataclass(frozen=True)
class Control:
    """Other quantities, or another point, for which the predicate must fail; or why there is no control."""

    predicate: Predicate | None
    at: Mapping[str, str] = field(default_factory=dict)
    none_because: str = ""

    def stands_at(self, point: Point) -> bool:
        """Whether the control is judged at this point itself."""
        labels = dict(point)
        return all(labels.get(axis) == label for axis, label in self.at.items())


@dataclass(frozen=True)
class Claim:
    """A `[claims.ID]` table. What `where` may override is in the instances."""

    id: str
    says: str
    source: Citation | None
    experiment: Experiment
    """Of `faster`: the grid that its two benchmarks have in common."""
    predicate: Predicate
    centre: Centre
    alpha: float
    time_limit: float
    toml: Mapping[str, object] = field(repr=False)
    """The table as it was read, for reports."""
    benchmarks: tuple[Benchmark, Benchmark] | None = None
    """Of `faster`: the two that it compares."""
    memory_limit: int | None = None
    """Bytes that the worker of a trial may hold."""
    explored: Ranges = ()
    """Seeds on which its expectations were formed: the suite's, and its own. None of `faster`."""

    @property
    def first_seed(self) -> int:
        """Where it begins, unless asked otherwise: the first seed beyond those that are explored."""
        return first_beyond(self.explored)

    @property
    def computed(self) -> bool:
        """Whether all that its predicate reads is declared to be the same on every seed; False of an
        experiment that has not been imported."""
        declaration = self.experiment.declaration
        if declaration is None or self.benchmarks is not None:
            return False
        return all(declaration.quantities[name].deterministic for name in self.predicate.quantities)


@dataclass(frozen=True)
class Instance:
    """A claim at one point: what is judged, has an id, and gets a verdict.

    `point` names the labels of the axes that are fixed; for a predicate with `along`, `span` holds the
    axis and the labels between which changes are compared; `over` the axis that a power law or an ordering
    uses up, or along which a boundary is searched for, with the values that count.
    """

    suite: str
    claim: Claim
    point: Point
    says: str
    expect: Expectation
    because: str
    marks: tuple[str, ...]
    control: Control | None
    seeds: int
    span: tuple[str, str, str] | None = None
    over: Axis | None = None
    least: int = 0
    """The first look that the claim's `rare` allows, for its control too; 0 if it has none."""
    stance: Stance = "none"
    """Of the claim's source, or what `where` says of this instance."""
    alike: int = 1
    """How many instances of the claim have this stance."""
    of: int = 1
    """How many instances the claim has."""

    @property
    def labels(self) -> dict[str, str]:
        """The label of each axis that ids name: of the point, and `1..2` of a change along one."""
        labels = dict(self.point)
        if self.span:
            axis, start, end = self.span
            labels[axis] = f"{start}..{end}"
        return labels

    @property
    def values(self) -> dict[str, Value]:
        """What the labels stand for."""
        return {axis: self.claim.experiment.value(axis, label) for axis, label in self.labels.items()}

    @cached_property
    def local_id(self) -> str:
        """`claim[axis=label,…]`, naming every swept axis that is not used up by the predicate."""
        return instance_id(self.claim.id, self.labels)

    @property
    def id(self) -> str:
        """`suite/claim[axis=label,…]`: unique over suites."""
        return f"{self.suite}/{self.local_id}"


@dataclass(frozen=True)
class BoundaryMap:
    """A `[maps.ID]` table: claims with `boundary`, whose boundaries are searched for together.

    `axes` are the axis along which they lie, and then one or two that the claims sweep. `seconds` is the time
    that measuring them may take.
    """

    id: str
    title: str
    claims: tuple[str, ...]
    axes: tuple[str, ...]
    seconds: float = math.inf


@dataclass(frozen=True)
class Suite:
    """One TOML file: its sources, experiments and claims; made by `load`.

    >>> suite.instances[0].id, suite.instances[0].expect
    ('toys/same[shift=0,size=1]', 'supported')
    """

    name: str
    """`name` under [suite], else the file's name without `.toml`: the first part of every id."""
    path: str
    """As it was named: a file's path, or @NAME of a suite that comes with this package."""
    title: str
    about: str
    sources: Mapping[str, Source]
    experiments: Mapping[str, Experiment]
    claims: Mapping[str, Claim]
    instances: tuple[Instance, ...]
    benchmarks: Mapping[str, Benchmark] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Values of parameters that stand for those of the file's `with` tables."""
    sha256: str = ""
    """Of the bytes that were parsed; the file may have changed since."""
    format: int = 2
    """That the file says; see `harness.suite.formats`."""
    family: float | None = None
    """The chance that any of the claims is wrong that are said to hold jointly; None: nothing is said so."""
    maps: Mapping[str, BoundaryMap] = field(default_factory=dict)
    old_spellings: tuple[OldSpelling, ...] = ()
    """Names that the file spells as they were spelled once; the suite has today's."""

    def __repr__(self) -> str:
        """`<Suite toys: Toys, 1 claims, 3 instances>`."""
        counts = f"{len(self.claims)} claims, {len(self.instances)} instances"
        return printable(f"<Suite {self.name}: {self.title}, {counts}>")

    @property
    def file(self) -> Path:
        """The file itself."""
        return located(self.path)

    @cached_property
    def stances(self) -> Mapping[str, Mapping[Stance, int]]:
        """Of each claim, by its id, how many instances there are of each stance."""
        found: dict[str, Counter[Stance]] = {}
        for instance in self.instances:
            found.setdefault(instance.claim.id, Counter())[instance.stance] += 1
        return found
